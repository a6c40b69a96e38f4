"""Training and measuring emotion models."""
