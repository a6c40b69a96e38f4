"""Audio files: the list of formats, and readers that import their library when it is needed."""
