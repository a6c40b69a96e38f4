"""Models by name: which model a name selects, the source of its weights, and its identity."""
