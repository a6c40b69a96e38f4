"""``python -m search_ui``: what is typed, and what keeps the page from being served."""

import argparse
import socket
import sys
from collections.abc import Sequence
from typing import Final

from hearsay.config import read_settings
from hearsay.errors import PortTaken
from hearsay.terminal.commands import Program
from hearsay.terminal.process import ALL_WELL, exit_status_of, quiet_ctrl_c
from hearsay.version import VERSION
from search_ui.settings import PageSettings

THIS: Final = Program("search_ui")


def main(arguments: Sequence[str] | None = None, program: Program = THIS) -> int:
    """Serve the page until Ctrl-C or a termination signal; 2 where a setting is wrong or the port is taken."""
    return exit_status_of(lambda: _run(parser(program).parse_args(arguments)), f"{program.name()}: {{}}".format)


def _run(options: argparse.Namespace) -> int:
    settings = read_settings(PageSettings)
    check_port(settings.page_host, settings.page_port)
    if options.check:
        return ALL_WELL
    with quiet_ctrl_c():
        from search_ui.server import serve  # Streamlit takes seconds, and --check needs none of it
    print(f"the page stands at http://{settings.page_host}:{settings.page_port} (Ctrl-C ends it)", file=sys.stderr)
    serve(settings)
    return ALL_WELL


def parser(program: Program = THIS) -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(
        prog="python -m search_ui",
        description="Serve the search page until Ctrl-C. The settings say which index it asks and where it listens. "
        "What is added on the page is indexed by put --watch, which runs beside it.",
        epilog="example: INDEX_URL=var/index PAGE_PORT=8600 python -m search_ui",
    )
    words.add_argument("--check", action="store_true", help="only tell whether the settings and the port are right")
    words.add_argument("--version", action="version", version=f"hearsay {VERSION}")
    program.rename(words, {"": words})
    return words


def check_port(host: str, port: int) -> None:
    """Raise `PortTaken` where the page could not listen."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise PortTaken(
                f"{host}:{port} cannot be listened on ({problem.strerror}); stop what is there, or set PAGE_PORT"
            ) from problem
