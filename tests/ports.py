"""Ports for servers that are told theirs before they start, which may take them a while."""

import socket
from random import SystemRandom
from typing import Final

NOBODY_IS_GIVEN_THESE: Final = range(15_000, 31_000)
"""Ports below those that a system gives to whoever asks for any, which every connection does."""


def free_port(*beside: int) -> int:
    """A port that is free, as are those so far above it; nobody is given one of them by chance until it is taken."""
    while True:
        port = SystemRandom().choice(NOBODY_IS_GIVEN_THESE)
        if all(map(_is_free, (port, *(port + distance for distance in beside)))):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
