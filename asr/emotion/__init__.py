"""Emotion models: waveforms in, emotion labels with probabilities out."""
