"""The transcription page: recordings of one's own, sent to the API and kept in the inbox."""
