"""Speech and emotion recognition: audio in, transcript and emotion out."""
