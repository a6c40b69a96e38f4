"""From typed text to a query tree, and from a hit to its explanation."""
