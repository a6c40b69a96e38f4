"""How a program starts, waits and is interrupted: Ctrl-C is noticed at once and never ends in a traceback."""

import signal
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from typing import Any, Final

_POLL_SECONDS: Final = 0.2
"""How long Ctrl-C can go unnoticed: one that arrives just before a wait begins is seen only when the wait ends."""


@contextmanager
def quiet_ctrl_c() -> Iterator[None]:
    """Inside, Ctrl-C ends the program at once, without a traceback: it has begun nothing that must be ended in order.

    For the main thread, while a program imports what it needs. Where Ctrl-C is ignored already, as in a shell's
    background, it stays so.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def wait_in_turns(answer: "Future[Any]") -> None:
    """Return when there is a result, or a reason why there is none; Ctrl-C interrupts the wait."""
    while not answer.done():
        with suppress(TimeoutError, CancelledError):
            answer.exception(_POLL_SECONDS)
