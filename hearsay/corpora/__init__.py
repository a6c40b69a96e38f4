"""Corpora as they are released: layouts of their folders and tables, and the spellings of their values."""
