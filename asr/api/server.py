"""The API as a process: uvicorn on the address that the settings name."""

import socket
import sys
from typing import Final

import uvicorn

from asr.api.app import create_app
from asr.settings import AsrSettings
from hearsay.errors import PortTaken

BACKLOG: Final = 2048
"""Connections that may wait to be taken, as many as uvicorn's own default."""

GRACE_SECONDS: Final = 20
"""What is under way when the server is told to end has so long to be answered: an hour of sound is not waited for."""


def serve(settings: AsrSettings) -> int:
    """Serve until Ctrl-C or a termination signal; raises `PortTaken`. Returns the exit status."""
    app = create_app(settings, notify)
    listening = listen(settings.api_host, settings.api_port)
    address = f"http://{settings.api_host}:{settings.api_port}"
    notify(f"API on {address} ({address}/docs tells what it takes), Ctrl-C ends it; loading the models")
    config = uvicorn.Config(app, log_config=None, access_log=True, timeout_graceful_shutdown=GRACE_SECONDS)
    uvicorn.Server(config).run([listening])
    return 0


def notify(sentence: str) -> None:
    """Tell whoever started the server."""
    print(sentence, file=sys.stderr, flush=True)


def listen(host: str, port: int) -> socket.socket:
    """A socket at the address; raises `PortTaken`."""
    # asyncio lets small answers go at once only where the socket says that it is TCP; else each waits 40 ms.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)  # who comes before the server has begun waits, and is not turned away
    except OSError as problem:
        listening.close()
        raise PortTaken(
            f"{host}:{port} cannot be listened on ({problem.strerror}); stop what is there, or set API_PORT"
        ) from problem
    return listening
