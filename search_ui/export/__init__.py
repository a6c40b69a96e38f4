"""Search results as files."""
