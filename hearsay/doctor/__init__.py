"""``hearsay doctor``: what is wrong with this installation, and what to type."""
