"""The ``hearsay`` command: every part of Hearsay as one word, the demo, and completion in the shell."""

from hearsay.cli.command import main

__all__ = ["main"]
