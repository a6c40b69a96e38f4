"""Statistics and word errors of the clips in an index."""
