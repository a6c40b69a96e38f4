"""The server of the page: Streamlit, with routes for audio, spectrograms, completions, exports and redirects."""

import sys
from pathlib import Path
from typing import Any, Final

import streamlit as st

from hearsay.http.listening import bare
from search_ui.connection import audio_store, the_index, the_planner, the_settings
from search_ui.export.routes import ExportSource, export_routes
from search_ui.media.player import audio_route
from search_ui.media.spectrogram_route import spectrogram_route
from search_ui.redirects import redirect_routes
from search_ui.search.request import request_of
from search_ui.search.suggestions import completions_route
from search_ui.settings import PageSettings

SCRIPT: Final = Path(__file__).with_name("app.py")


def serve(settings: PageSettings) -> None:
    """Serve the page until Ctrl-C or a termination signal."""
    routes = [audio_route(audio_store), spectrogram_route(audio_store), completions_route(the_planner)]
    routes += export_routes(ExportSource(the_settings, the_index, audio_store, request_of))
    routes += redirect_routes()
    sys.argv = [str(SCRIPT)]  # Streamlit reads .streamlit/config.toml beside this path, whatever the command was
    st.App(SCRIPT, routes=routes).run(config=streamlit_options(settings))


def streamlit_options(settings: PageSettings) -> dict[str, Any]:
    """Streamlit's options: the address, and the limits that the settings name."""
    return {
        "server.address": bare(settings.page_host),
        "server.port": settings.page_port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": max(1, settings.max_upload_bytes // 1_000_000),  # megabytes
        "browser.gatherUsageStats": False,
        "global.disableWidgetStateDuplicationWarning": True,  # the value of a range slider only says that it is a range
    }
