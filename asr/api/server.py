"""The API as a process: uvicorn on the address of the settings."""

import sys
from typing import Final

import uvicorn

from asr.api.app import create_app
from asr.settings import AsrSettings
from hearsay.http.listening import in_url, listen

GRACE_SECONDS: Final = 20
"""Seconds that requests in progress have to finish when the server shuts down; an hour of audio is abandoned."""


def serve(settings: AsrSettings) -> int:
    """Serve until Ctrl-C or a termination signal; raises `PortTaken`. Returns the exit status."""
    app = create_app(settings, notify)
    listening = listen(settings.api_host, settings.api_port, "API")
    address = f"http://{in_url(settings.api_host)}:{settings.api_port}"
    notify(f"API on {address}, documented on {address}/docs; Ctrl-C stops it. Loading the models")
    config = uvicorn.Config(app, log_config=None, access_log=True, timeout_graceful_shutdown=GRACE_SECONDS)
    uvicorn.Server(config).run([listening])
    return 0


def notify(sentence: str) -> None:
    """Print a message on standard error."""
    print(sentence, file=sys.stderr, flush=True)
