"""The embedded engine: an index in a folder, based on tantivy."""
