"""Evaluation: how well search finds clips by what was said in them."""
