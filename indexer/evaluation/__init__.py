"""How well search finds what was said."""
