"""Recordings as arguments of the Python API, and its results: transcripts and emotions, also in a notebook."""
