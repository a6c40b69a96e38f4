"""Audio in, waveform out, and where in it somebody speaks."""
