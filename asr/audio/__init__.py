"""Decoding of audio files to waveforms, and voice activity detection."""
