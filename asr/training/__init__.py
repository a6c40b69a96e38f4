"""Training and evaluation of emotion models and of Whisper models for short windows."""
