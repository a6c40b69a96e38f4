"""Clip records into an index: files that are merged, logs that are followed, and reloading."""
