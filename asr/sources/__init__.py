"""Sources of clips: folders, tables and buckets, listed once or watched."""
