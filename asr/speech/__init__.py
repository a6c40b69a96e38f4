"""Speech models: waveforms in, transcripts out."""
