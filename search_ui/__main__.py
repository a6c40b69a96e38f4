"""``python -m search_ui``: the page as a process."""

import argparse
import socket
import sys
from pathlib import Path
from typing import Any, Final

import streamlit as st

from indexer.errors import BadSettings
from indexer.settings import read_settings
from search_ui.ask import request_of
from search_ui.connection import audio_bucket, audio_folders, the_finder, the_index, the_settings
from search_ui.errors import PortTaken
from search_ui.exports import Source, export_routes
from search_ui.picture_route import picture_route
from search_ui.player import audio_route
from search_ui.settings import PageSettings
from search_ui.typing_ahead import completions_route

ALL_WELL, WRONG_USE, INTERRUPTED = 0, 2, 130
SCRIPT: Final = Path(__file__).with_name("app.py")


def main(arguments: list[str] | None = None) -> int:
    """Serve the page until Ctrl-C or a termination signal; 2 where a setting is wrong or the port is taken."""
    asked = parser().parse_args(arguments)
    try:
        settings = read_settings(PageSettings)
        check_port(settings.page_host, settings.page_port)
    except (BadSettings, PortTaken) as problem:
        print(f"search_ui: {problem}", file=sys.stderr)
        return WRONG_USE
    if asked.check:
        return ALL_WELL
    print(f"the page stands at http://{settings.page_host}:{settings.page_port} (Ctrl-C ends it)", file=sys.stderr)
    try:
        sounds = (audio_folders, audio_bucket)
        routes = [audio_route(*sounds), picture_route(*sounds), completions_route(the_finder)]
        routes += export_routes(Source(the_settings, the_index, *sounds, request_of))
        st.App(SCRIPT, routes=routes).run(config=streamlit_options(settings))
    except KeyboardInterrupt:
        return INTERRUPTED
    return ALL_WELL


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(
        prog="python -m search_ui",
        description="Serve the search page until Ctrl-C. The settings say which index it asks and where it listens.",
        epilog="example: INDEX_URL=var/index PAGE_PORT=8600 python -m search_ui",
    )
    words.add_argument("--check", action="store_true", help="only tell whether the settings and the port are right")
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


def streamlit_options(settings: PageSettings) -> dict[str, Any]:
    return {
        "server.address": settings.page_host,
        "server.port": settings.page_port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": max(1, settings.max_upload_bytes // 1_000_000),  # megabytes
        "browser.gatherUsageStats": False,
    }


if __name__ == "__main__":
    sys.exit(main())
