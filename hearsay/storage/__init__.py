"""Where audio files are kept, and how a clip id finds its file."""
