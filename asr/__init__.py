"""Hears: audio in, transcript and emotion out."""
