"""The first second of a program, in which it imports what it needs."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_ctrl_c() -> Iterator[None]:
    """Inside, Ctrl-C ends the program at once, without a traceback: it has begun nothing that must be ended in order.

    For the main thread. Where Ctrl-C is ignored already, as in a shell's background, it stays so.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
