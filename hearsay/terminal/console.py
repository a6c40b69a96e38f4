"""The terminal, and what stands in its place: a file or a pipe, in which no line is folded and no colour is shown."""

from typing import Final, TextIO

from rich.console import Console

PIPE_WIDTH: Final = 100_000
"""Columns of what goes into a file or another program: a line there stays one, and a command in it whole."""


class _Console(Console):
    """Leaves it to `hearsay.terminal.process` what becomes of a program whose reader goes away."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console_of(stream: TextIO) -> Console:
    """As wide as the terminal; in a pipe as wide as need be, and plain even where FORCE_COLOR is set."""
    if stream.isatty():
        return _Console(file=stream, highlight=False)
    return _Console(file=stream, width=PIPE_WIDTH, highlight=False, force_terminal=False)
