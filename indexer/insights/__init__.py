"""Statistics and word errors of what an index holds."""
