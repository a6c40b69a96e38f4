"""The ``hearsay`` command with one subcommand per part. A package is imported when its command runs."""

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final

from hearsay.extras import run_main
from hearsay.terminal.commands import BY_NAME, COMMANDS, HEARSAY, Command, Program
from hearsay.terminal.process import ALL_WELL, WRONG_USE, exit_status_of
from hearsay.version import VERSION

if TYPE_CHECKING:
    from hearsay.api.verification import LocalScorer

_HELP: Final = """\
usage: hearsay COMMAND [...]    (hearsay COMMAND --help shows its options)
{commands}
example: hearsay demo    (hearsay --version shows the version)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit status: 0 all well, 1 some items failed, 2 wrong use, 130 Ctrl-C."""
    if "_ARGCOMPLETE" in os.environ:  # a shell asks for completions
        from hearsay.cli.completion import complete

        complete()
    name, *rest = list(sys.argv[1:] if arguments is None else arguments) or [""]
    return exit_status_of(partial(_run, name, rest))


def _run(name: str, rest: Sequence[str]) -> int:
    if name in ("-h", "--help", "help"):
        print(help_text(), end="")
        return ALL_WELL
    if name in ("-V", "--version"):
        print(f"hearsay {VERSION}")
        return ALL_WELL
    if name in BY_NAME:
        return run(BY_NAME[name], rest)
    problem = "name a command; hearsay --help lists them"
    if name:
        close = get_close_matches(name, BY_NAME, 1)
        advice = f"did you mean {close[0]}?" if close else "hearsay --help lists them"
        problem = f"there is no command {name}; {advice}"
    print(f"{HEARSAY}: {problem}", file=sys.stderr)
    return WRONG_USE


def run(command: Command, rest: Sequence[str]) -> int:
    """Import the module of a command, and run it; raises `MissingExtra` if its extra is missing."""
    words = [command.word, *rest] if command.word else list(rest)
    program = Program(command.package, is_hearsay=True, open_scorer=_local_scorer)
    return run_main(command.module, command.extra, f"{HEARSAY} {command.name}", words, program)


def _local_scorer() -> "LocalScorer":
    from hearsay.api.verification import LocalScorer

    return LocalScorer()


def help_text() -> str:
    """All commands by group, on one screen."""
    width = max(map(len, BY_NAME))
    lines = []
    for group, commands in groupby(COMMANDS, lambda command: command.group):
        for title, command in zip([group, *[""] * len(COMMANDS)], commands, strict=False):
            lines.append(f"{title:12}{command.name:{width}}  {command.summary}")
    return _HELP.format(commands="\n".join(lines))
