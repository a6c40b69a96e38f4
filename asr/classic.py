"""The embedded emotion tagger. (Being written by a colleague of its own, who also writes asr/train_classic.py,
docs/emotion.md and tests/asr/test_classic.py: leave these four to them, and import asr.classic.ClassicTagger in models.)
"""
