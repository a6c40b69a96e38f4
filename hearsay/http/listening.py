"""Addresses that servers listen on: names, and addresses of IPv4 and IPv6."""

import socket
from typing import Final

from hearsay.errors import PortTaken

BACKLOG: Final = 2048
"""Connections that may wait to be accepted; the default of uvicorn."""

_ANY: Final = "::"
"""All addresses, IPv6 and IPv4."""


def in_url(host: str) -> str:
    """The host as in a URL: IPv6 addresses in brackets."""
    return f"[{bare(host)}]" if ":" in host else host


def bare(host: str) -> str:
    """The host without the brackets of an IPv6 address in a URL."""
    return host.removeprefix("[").removesuffix("]")


def reached(host: str) -> str:
    """The host under which a server that listens on this one is reached from its machine."""
    return "127.0.0.1" if bare(host) in ("0.0.0.0", _ANY) else bare(host)  # noqa: S104 - compared, not bound


def listen(host: str, port: int, settings: str) -> socket.socket:
    """A socket at the address, which is in the settings ``{settings}_HOST`` and ``{settings}_PORT``.

    Raises `PortTaken`, whose message names them.
    """
    try:
        # asyncio sets TCP_NODELAY only on sockets that are declared as TCP; else small replies are delayed by 40 ms.
        family, kind, protocol, _, address = socket.getaddrinfo(
            bare(host) or None, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as problem:
        advice = f"set {settings}_HOST to an address of this machine"
        raise PortTaken(f"cannot listen on {host} ({problem.strerror}); {advice}") from problem
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if family == socket.AF_INET6 and bare(host) == _ANY:  # IPv4 clients are served as well
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.bind(address)
        listening.listen(BACKLOG)  # clients that connect before the server has started wait, and are not rejected
    except OSError as problem:
        listening.close()
        raise PortTaken(
            f"cannot listen on {in_url(host)}:{port} ({problem.strerror}); "
            f"stop the program that uses it, or set {settings}_PORT"
        ) from problem
    return listening
