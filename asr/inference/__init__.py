"""Batch-invariant forward passes of transformers models."""
