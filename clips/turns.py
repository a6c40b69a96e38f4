"""Waiting so that Ctrl-C is noticed."""

from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any, Final

_SECONDS_DEAF: Final = 0.2
"""How long Ctrl-C can go unnoticed: one that comes just before a wait begins is only seen when the wait ends."""


def wait_in_turns(answer: "Future[Any]") -> None:
    """Return when there is an answer, or a reason why there is none."""
    while not answer.done():
        with suppress(TimeoutError, CancelledError):
            answer.exception(_SECONDS_DEAF)
