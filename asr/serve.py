"""The API as a process: uvicorn on the address that the settings name."""

import socket
import sys

import uvicorn

from asr.api import create_app
from asr.errors import PortTaken
from asr.settings import AsrSettings


def serve(settings: AsrSettings) -> int:
    """Serve until Ctrl-C or a termination signal; raises `PortTaken`. Returns the exit status."""
    listening = listen(settings.api_host, settings.api_port)
    address = f"http://{settings.api_host}:{settings.api_port}"
    say(f"API on {address} ({address}/docs tells what it takes), Ctrl-C ends it; loading the models")
    server = uvicorn.Server(uvicorn.Config(create_app(settings, say), log_config=None, access_log=True))
    server.run([listening])
    return 0


def say(sentence: str) -> None:
    """Tell whoever started the server."""
    print(sentence, file=sys.stderr, flush=True)


def listen(host: str, port: int) -> socket.socket:
    """A socket at the address; raises `PortTaken`."""
    # asyncio lets small answers go at once only where the socket says that it is TCP; else each waits 40 ms.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as problem:
        listening.close()
        raise PortTaken(
            f"{host}:{port} cannot be listened on ({problem.strerror}); stop what is there, or set API_PORT"
        ) from problem
    return listening
