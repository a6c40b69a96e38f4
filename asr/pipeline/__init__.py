"""From clips to clip records: scheduling, long-form transcription and batch decoding, here or over the API."""
