"""Ports for servers that get theirs before they start, which may take a while."""

import os
import socket
from random import SystemRandom
from typing import Final

FIRST: Final = 15_000
END: Final = 31_000
"""Ports from ``FIRST`` on lie below those that a system gives to whoever asks for any, which every connection does."""

WORKERS: Final = 16
"""Processes of one test run, each of which draws from a share of its own: tests that run side by side never draw the
same port between its choice and its first use."""

_drawn: Final[set[int]] = set()


def free_port(*beside: int) -> int:
    """A port that is free, as are those so far above it; none of them is drawn again by this test run."""
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
