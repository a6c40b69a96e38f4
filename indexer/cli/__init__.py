"""The command line of the index."""
