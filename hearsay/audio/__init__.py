"""Audio files: the one list of formats, and readers of them. Nothing is imported before it is needed."""
