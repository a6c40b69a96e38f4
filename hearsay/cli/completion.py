"""``hearsay completion``: a script with which the Tab key completes commands, options and their values."""

import argparse
import os
from argparse import ArgumentParser
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from argcomplete import autocomplete
from argcomplete.shell_integration import shellcode

from hearsay.terminal.commands import COMMANDS, HEARSAY, Command, Program
from hearsay.terminal.process import ALL_WELL, exit_status_of

SHELLS: Final = ("bash", "zsh", "fish")

_HOW: Final = """\
to install it, add to the file that your shell reads at its start:
  bash, ~/.bashrc:  eval "$({call} bash)"
  zsh, ~/.zshrc:    eval "$({call} zsh)"        (after compinit)
  fish, ~/.config/fish/config.fish:  {call} fish | source

example: {call} bash"""


def main(arguments: Sequence[str] | None, program: Program) -> int:
    return exit_status_of(lambda: _run(parser(program).parse_args(arguments)))


def parser(program: Program) -> ArgumentParser:
    """The options of ``hearsay completion``."""
    words = ArgumentParser(
        prog=program.call(),
        description="Print a script that completes commands, options and their values with the Tab key.",
        epilog=_HOW.format(call=program.call()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words.add_argument("shell", choices=SHELLS, help="the shell to print the script for")
    return words


def _run(parsed: argparse.Namespace) -> int:
    print(shellcode([HEARSAY], shell=parsed.shell))
    return ALL_WELL


def complete() -> None:
    """Print completions for the shell, which passes the current command line in ``COMP_LINE``, and end the program.

    Only the package of the command that was typed is imported, because the user is waiting.
    """
    typed = os.environ.get("COMP_LINE", "").split()[1:2]
    top = ArgumentParser(prog=HEARSAY)
    top.add_argument("--version", action="store_true")
    commands = top.add_subparsers()
    for command in COMMANDS:
        own = [_parser_of(command)] if [command.name] == typed else [ArgumentParser()]
        commands.add_parser(command.name, help=command.summary, parents=own, add_help=False)
    autocomplete(top)


def _parser_of(command: Command) -> ArgumentParser:
    """The parser of one command; an empty one if its extra is missing."""
    try:
        whole: ArgumentParser = import_module(command.module).parser(Program(command.package, is_hearsay=True))
    except ModuleNotFoundError:
        return ArgumentParser()
    if not command.word:
        return whole
    (words,) = (action for action in whole._actions if isinstance(action, argparse._SubParsersAction))
    chosen: ArgumentParser = words.choices[command.word]
    return chosen
