"""From clips to clip records: sources, scheduling, batch decoding, here or over the API."""
