"""How a program starts, waits and ends: one policy for exit statuses, Ctrl-C, a closed pipe and a full disk."""

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
"""The longest delay of Ctrl-C: one that arrives just before a wait begins is noticed when the wait ends."""


@contextmanager
def quiet_ctrl_c() -> Iterator[None]:
    """Inside the block, Ctrl-C ends the program at once, without a traceback: nothing needs to be cleaned up yet.

    For the main thread during imports. If Ctrl-C is already ignored, as in a shell's background, it stays ignored.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def wait_in_turns(answer: "Future[Any]", meanwhile: Callable[[], None] = lambda: None) -> None:
    """Wait for a result or an error; Ctrl-C interrupts the wait.

    During the wait, ``meanwhile`` is called several times per second; its exceptions end the wait.
    """
    while not answer.done():
        meanwhile()
        with suppress(TimeoutError, CancelledError):
            answer.exception(_POLL_SECONDS)


def exit_status_of(
    run: Callable[[], int],
    in_words: Callable[[HearsayError], str] = str,
    wrong_use: type[HearsayError] | tuple[type[HearsayError], ...] = HearsayError,
) -> int:
    """Run a command, print on standard error why it ended early, and return its exit status.

    An error of kind ``wrong_use`` is status 2 and any other 1, with the text of ``in_words``. Ctrl-C is 130 if it
    interrupts a command that would have ended by itself; one that watches or serves until Ctrl-C (``decode --watch``,
    ``put --watch``, the API) is then complete and returns 0 itself, or 1 after an error that remains. A full disk,
    and a file that cannot be read or written, print one sentence and return 1. If the reader of standard output is
    closed, as by ``head``, no more output is needed: 0. `SystemExit`, as ``--help`` raises it, still ends the
    program.
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
    if sentence:
        with suppress(OSError):  # the reader has closed the pipe
            print(sentence, file=sys.stderr, flush=True)
    # Discard the output that Python would still write at its end if it cannot be written.
    try:
        _flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def _with_all_written(run: Callable[[], int]) -> int:
    """The status of a command after its output is flushed, so that a failure to write is still reported."""
    try:
        status = run()
    except SystemExit:
        _flush()
        raise
    _flush()
    return status


def _flush() -> None:
    if sys.stdout is not None:  # it is None if the program was started without one
        sys.stdout.flush()


def _fault_of_a_file(problem: OSError) -> str:
    if problem.errno in _FULL:
        return "the disk is full, so not all could be written; free some space, then run the command again"
    if problem.filename is None:
        raise problem
    return f"{os.fsdecode(problem.filename)}: {problem.strerror or problem}"
