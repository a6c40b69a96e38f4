"""Recordings as people pass them, and what they get back: transcripts and emotions, also in a notebook."""
