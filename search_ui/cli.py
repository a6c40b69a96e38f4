"""The command ``python -m search_ui``."""

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from hearsay.config import read_settings
from hearsay.http.listening import in_url, listen
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
    # Here, because the message of Streamlit names no setting.
    listen(settings.page_host, settings.page_port, "PAGE").close()
    if options.check:
        return ALL_WELL
    with quiet_ctrl_c():
        from search_ui.server import serve  # Streamlit takes seconds to import, and --check does not need it
    address = f"http://{in_url(settings.page_host)}:{settings.page_port}"
    print(f"serving the page at {address} (Ctrl-C to stop)", file=sys.stderr)
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
