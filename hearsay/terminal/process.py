"""How a program starts, waits and ends: one policy for exit status, Ctrl-C, a closed pipe and a full disk."""

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from typing import Any, Final

from hearsay.errors import HearsayError

ALL_WELL, SOME_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
"""The exit statuses of all commands."""

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

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


def exit_status_of(
    run: Callable[[], int],
    in_words: Callable[[HearsayError], str] = str,
    wrong_use: type[HearsayError] | tuple[type[HearsayError], ...] = HearsayError,
) -> int:
    """Run a command, say on standard error why it ended early, and return its exit status.

    An error of kind ``wrong_use`` is status 2 and any other 1, said ``in_words``. Ctrl-C is 130 where it breaks off a
    command that would have ended by itself; one that watches or serves until it is told to end (``decode --watch``,
    ``put --watch``, the API) has then done all that was asked, and returns 0 itself, 1 after unmended trouble. A full
    disk, and a file that cannot be read or written, are a sentence and 1. If the reader of standard output has left, as
    ``head`` does, nothing more is wanted: 0. What ends the program on purpose, as ``--help`` does, still ends it.
    """
    sentence = ""
    try:
        return _with_all_written(run)
    except HearsayError as problem:
        status, sentence = WRONG_USE if isinstance(problem, wrong_use) else SOME_FAILED, in_words(problem)
    except BrokenPipeError:
        status = ALL_WELL
    except KeyboardInterrupt:
        status, sentence = INTERRUPTED, "stopped"
    except OSError as problem:
        status, sentence = SOME_FAILED, _fault_of_a_file(problem)
    _say(sentence)
    _drop_what_cannot_be_written()
    return status


def _with_all_written(run: Callable[[], int]) -> int:
    """The status of a command whose output has left the program; else that would fail after the last word of ours."""
    try:
        status = run()
    except SystemExit:
        _flush()
        raise
    _flush()
    return status


def _flush() -> None:
    if sys.stdout is not None:  # it is None where the program was started without one
        sys.stdout.flush()


def _fault_of_a_file(problem: OSError) -> str:
    if problem.errno in _FULL:
        return "the disk is full, so not all could be written; make room there, then do it again"
    if problem.filename is None:
        raise problem
    return f"{os.fsdecode(problem.filename)}: {problem.strerror or problem}"


def _say(sentence: str) -> None:
    if sentence:
        with suppress(OSError):  # there is nobody to read it
            print(sentence, file=sys.stderr, flush=True)


def _drop_what_cannot_be_written() -> None:
    """Let what is still to be printed, which Python does at its end, go nowhere if it cannot go where it should."""
    try:
        _flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
