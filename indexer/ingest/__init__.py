"""Clip records into an index: files merged, followed as they grow, and loaded again."""
