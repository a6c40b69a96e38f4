"""The transcription page: uploads and recordings, transcribed by the API and added to the inbox."""
