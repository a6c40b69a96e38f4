"""Remembers: clip rows in, a searchable index out."""
