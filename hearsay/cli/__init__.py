"""The ``hearsay`` command: its subcommands, the demo, and shell completion."""

from hearsay.cli.command import main

__all__ = ["main"]
