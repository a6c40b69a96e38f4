"""Audio and spectrograms for the player."""
