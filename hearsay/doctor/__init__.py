"""``hearsay doctor``: problems of this installation, and how to fix them."""
