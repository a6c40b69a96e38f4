"""Ports for servers whose port is chosen before they start."""

import os
import socket
from random import SystemRandom
from typing import Final

FIRST: Final = 15_000
END: Final = 31_000
"""Ports from ``FIRST`` on are below the ephemeral ports, which the system assigns to outgoing connections."""

WORKERS: Final = 16
"""Processes of one test run, each of which draws from its own share: parallel tests never draw the same port between
its choice and its first use."""

_drawn: Final[set[int]] = set()


def free_port(*beside: int) -> int:
    """A free port, with free ports at these distances above it; none is drawn again in this test run."""
    shares = (END - FIRST) // WORKERS
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    while True:
        start = FIRST + shares * worker + SystemRandom().randrange(shares - max((0, *beside)))
        ports = {start, *(start + distance for distance in beside)}
        if not ports & _drawn and all(map(_is_free, ports)):
            _drawn.update(ports)
            return start


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
