"""The command ``python -m search_ui``."""

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
    """Serve the page until Ctrl-C or a termination signal; returns 2 if a setting is invalid or the port is in use."""
    return exit_status_of(lambda: _run(parser(program).parse_args(arguments)), f"{program.name()}: {{}}".format)


def _run(options: argparse.Namespace) -> int:
    settings = read_settings(PageSettings)
    check_port(settings.page_host, settings.page_port)
    if options.check:
        return ALL_WELL
    with quiet_ctrl_c():
        from search_ui.server import serve  # Streamlit takes seconds to import, and --check does not need it
    print(f"serving the page at http://{settings.page_host}:{settings.page_port} (Ctrl-C to stop)", file=sys.stderr)
    serve(settings)
    return ALL_WELL


def parser(program: Program = THIS) -> argparse.ArgumentParser:
    """The options of ``hearsay page``."""
    options = argparse.ArgumentParser(
        prog="python -m search_ui",
        description="Serve the search page until Ctrl-C. The settings name the index and the address. Clips that are "
        "added on the page are indexed by put --watch, which runs beside it.",
        epilog="example: INDEX_URL=var/index PAGE_PORT=8600 python -m search_ui",
    )
    options.add_argument("--check", action="store_true", help="check the settings and the port, then exit")
    options.add_argument("--version", action="version", version=f"hearsay {VERSION}")
    program.rename(options, {"": options})
    return options


def check_port(host: str, port: int) -> None:
    """Raise `PortTaken` if the page cannot listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise PortTaken(
                f"cannot listen on {host}:{port} ({problem.strerror}); stop the program that uses it, or set PAGE_PORT"
            ) from problem
