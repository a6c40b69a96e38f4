"""The search index: clip records in, a searchable index out."""
