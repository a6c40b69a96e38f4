"""Finds: the page on which people search, filter and listen."""
