"""Search results as files: CSV, manifest, ZIP, subtitles, the query."""
