"""The API as a process: uvicorn on the address of the settings."""

import socket
import sys
from typing import Final

import uvicorn

from asr.api.app import create_app
from asr.settings import AsrSettings
from hearsay.errors import PortTaken

BACKLOG: Final = 2048
"""Connections that may wait to be accepted; the default of uvicorn."""

_ANY: Final = "::"
"""All addresses, IPv6 and IPv4."""

GRACE_SECONDS: Final = 20
"""Seconds that requests in progress have to finish when the server shuts down; an hour of audio is abandoned."""


def serve(settings: AsrSettings) -> int:
    """Serve until Ctrl-C or a termination signal; raises `PortTaken`. Returns the exit status."""
    app = create_app(settings, notify)
    listening = listen(settings.api_host, settings.api_port)
    address = f"http://{in_url(settings.api_host)}:{settings.api_port}"
    notify(f"API on {address}, documented on {address}/docs; Ctrl-C stops it. Loading the models")
    config = uvicorn.Config(app, log_config=None, access_log=True, timeout_graceful_shutdown=GRACE_SECONDS)
    uvicorn.Server(config).run([listening])
    return 0


def notify(sentence: str) -> None:
    """Print a message on standard error."""
    print(sentence, file=sys.stderr, flush=True)


def in_url(host: str) -> str:
    """The host as in a URL: IPv6 addresses in brackets."""
    return f"[{_bare(host)}]" if ":" in host else host


def _bare(host: str) -> str:
    return host.removeprefix("[").removesuffix("]")


def listen(host: str, port: int) -> socket.socket:
    """A socket at the address; raises `PortTaken`."""
    try:
        # asyncio sets TCP_NODELAY only on sockets that are declared as TCP; else small replies are delayed by 40 ms.
        family, kind, protocol, _, address = socket.getaddrinfo(
            _bare(host) or None, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as problem:
        advice = "set API_HOST to an address of this machine"
        raise PortTaken(f"cannot listen on {host} ({problem.strerror}); {advice}") from problem
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if family == socket.AF_INET6 and _bare(host) == _ANY:  # IPv4 clients are served as well
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.bind(address)
        listening.listen(BACKLOG)  # clients that connect before the server has started wait, and are not rejected
    except OSError as problem:
        listening.close()
        raise PortTaken(
            f"cannot listen on {in_url(host)}:{port} ({problem.strerror}); "
            "stop the program that uses it, or set API_PORT"
        ) from problem
    return listening
