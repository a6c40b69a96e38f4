"""Storage of audio files, and the resolution of clip ids to files."""
