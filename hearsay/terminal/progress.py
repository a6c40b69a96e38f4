"""Progress on standard error: a bar in a terminal, otherwise a line every few seconds for streams."""

import sys
import time
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hearsay.text.format import file_size

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES: Final = 10.0
"""The interval of progress lines if there is no bar."""


def followed(items: Iterator[Item], total: int | None) -> Iterator[Item]:
    """The items, which are counted on standard error as they come; ``total`` is None if it is not known."""
    console = error_console()
    columns = (TextColumn("recordings"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    last = time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("recordings", total=total)
        for done, item in enumerate(items, 1):
            bar.advance(task)
            if not console.is_terminal and (done == total or time.monotonic() - last >= SECONDS_BETWEEN_LINES):
                last = time.monotonic()
                print(f"{done}{'' if total is None else f' of {total}'} recordings", file=sys.stderr)
            yield item


@contextmanager
def load_progress(clips: int, *, is_shown: bool = True) -> Iterator[Callable[[], None]]:
    """A bar that counts clips of a load, and then reports the writing of the index; call the result for each clip.

    It is shown only in a terminal.
    """
    with progress_bar(is_shown=is_shown) as progress:
        task = progress.add_task("reading", total=clips)

        def step() -> None:
            progress.advance(task)
            if progress.finished:
                progress.update(task, description="writing", total=None)

        yield step


def progress_bar(*, is_shown: bool = True) -> Progress:
    """A progress bar for any number of tasks, shown only in a terminal."""
    console = error_console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not (is_shown and console.is_terminal))


@contextmanager
def bytes_followed(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show the progress of a download of ``total`` bytes: call the yielded function with the number of bytes so far."""
    console = error_console()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    last = time.monotonic()
    if not console.is_terminal:
        print(f"{what}: {file_size(total)}", file=sys.stderr, flush=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def show(done: int) -> None:
            nonlocal last
            bar.update(task, completed=done)
            if not console.is_terminal and time.monotonic() - last >= SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                print(f"{what}: {file_size(done)} of {file_size(total)}", file=sys.stderr, flush=True)

        yield show


def count_of(items: object) -> int | None:
    """The number of items, if it is known in advance."""
    return len(items) if isinstance(items, Sized) else None


def error_console(*, is_quiet: bool = False) -> Console:
    """Standard error, as a terminal only if it is one: a notebook would need further libraries for a live bar."""
    is_terminal = None if sys.stderr.isatty() and not is_quiet else False
    return Console(stderr=True, quiet=is_quiet, force_jupyter=False, force_terminal=is_terminal)
