"""Progress of a stream on standard error: a bar in a terminal, else a line every few seconds."""

import sys
import time
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")

_SECONDS_BETWEEN_LINES: Final = 10.0


def followed(items: Iterator[Item], total: int | None) -> Iterator[Item]:
    """The items, which are counted on standard error as they come; ``total`` is None if it is not known."""
    console = error_console()
    columns = (TextColumn("recordings"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    lines = _Lines(total)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("recordings", total=total)
        for done, item in enumerate(items, 1):
            bar.advance(task)
            if not console.is_terminal:
                lines.show(done)
            yield item


@contextmanager
def bytes_followed(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how much of ``total`` bytes has arrived: what it yields is called with the number of bytes so far."""
    console = error_console()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    last = time.monotonic()
    if not console.is_terminal:
        print(f"{what}: {megabytes(total)}", file=sys.stderr, flush=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def show(done: int) -> None:
            nonlocal last
            bar.update(task, completed=done)
            if not console.is_terminal and time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                print(f"{what}: {megabytes(done)} of {megabytes(total)}", file=sys.stderr, flush=True)

        yield show


def megabytes(size: int) -> str:
    """A number of bytes as people read it, in decimal megabytes."""
    return f"{size / 1e6:.1f} MB"


def count_of(items: object) -> int | None:
    """The number of items, if it is known before they come."""
    return len(items) if isinstance(items, Sized) else None


def error_console(*, is_quiet: bool = False) -> Console:
    """Standard error, as a terminal only where it is one: a notebook would need further libraries for a live bar."""
    is_terminal = None if sys.stderr.isatty() and not is_quiet else False
    return Console(stderr=True, quiet=is_quiet, force_jupyter=False, force_terminal=is_terminal)


class _Lines:
    """A line at most every `_SECONDS_BETWEEN_LINES`, when an item comes, and one at the end."""

    def __init__(self, total: int | None) -> None:
        self._total = total
        self._last = time.monotonic()

    def show(self, done: int) -> None:
        if done != self._total and time.monotonic() - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = time.monotonic()
        of_all = "" if self._total is None else f" of {self._total}"
        print(f"{done}{of_all} recordings", file=sys.stderr)
