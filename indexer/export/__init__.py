"""Search results as lines of files, and a search as the request that Elasticsearch answers."""
