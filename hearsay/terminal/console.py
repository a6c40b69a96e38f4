"""Output to a terminal, or to a file or pipe, where no line is wrapped and no colour is used."""

from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

CONTROLS: Final = dict.fromkeys((*range(32), *range(127, 160)), "�")
"""Names, transcripts and corpora are untrusted: control characters are replaced, so that no terminal executes them."""

PIPE_WIDTH: Final = 100_000
"""Columns of output to a file or another program, so that no line and no command in it is wrapped."""


class _Console(Console):
    """Lets `hearsay.terminal.process` handle a closed pipe."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def plain(text: str) -> Text:
    """Text from files, literally: brackets are not markup, and control characters are replaced."""
    return Text(text.translate(CONTROLS))


def console_of(stream: TextIO) -> Console:
    """A console as wide as the terminal; in a pipe as wide as necessary, without colour even if FORCE_COLOR is set."""
    if stream.isatty():
        return _Console(file=stream, highlight=False)
    return _Console(file=stream, width=PIPE_WIDTH, highlight=False, force_terminal=False)
