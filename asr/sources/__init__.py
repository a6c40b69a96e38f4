"""Where clips come from: folders, tables and buckets, listed once or watched."""
