"""From what a person typed to a query tree, and back to an explanation of each hit."""
