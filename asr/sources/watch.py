"""A watched folder: its clips, then those that arrive, each when its file is complete."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from watchfiles import watch

from asr.errors import BadSource
from asr.sources.listing import FolderSource, Listing, is_hidden, remarks_of, sorted_files
from asr.types import Notify
from hearsay.text.format import counted

CALM_SECONDS: Final = 1.0
"""Seconds without a write after which a file counts as complete."""

LOOK_MILLISECONDS: Final = 250
"""Interval of checks of files that are not complete yet."""

SECONDS_BETWEEN_ROUNDS: Final = 60.0
"""Interval of scans of the whole folder, for changes that the system does not report, such as on network shares."""

EXAMPLES: Final = 3
"""Arrivals that a message names."""


def arrivals(source: FolderSource, notify: Notify) -> Iterator[Listing]:
    """A listing of the folder, then one per group of files that arrive or change, without end.

    A file arrives when nothing was written to it for `CALM_SECONDS`, so a complete file that is renamed into the folder
    arrives immediately. If it is written to again, it arrives again. Raises `BadSource` if the folder cannot be watched
    or is removed.
    """
    waiting = PendingFiles()
    for paths in changed_paths(source.folder):
        waiting.add(path for path in paths if not is_hidden(path.relative_to(source.folder)))
        if whole := waiting.take_whole():
            listing = source.listing_of(whole)
            if listing.clips:
                names = [clip.row.id for clip in listing.clips[:EXAMPLES]]
                more = ["…"] if len(listing.clips) > EXAMPLES else []
                notify(f"arrived: {counted(len(listing.clips), 'clip')} ({', '.join(names + more)})")
            for sentence in remarks_of(listing):
                notify(sentence)
            if listing.clips:
                yield listing


def changed_paths(folder: Path) -> Iterator[Sequence[Path]]:
    """All files under the folder, then repeatedly those that changed, or none; periodically all files."""
    try:
        # The watch starts before the folder is read, so that no file is missed.
        changes = watch(folder, watch_filter=None, rust_timeout=LOOK_MILLISECONDS, yield_on_timeout=True)
        next_round = 0.0
        for change in changes:
            if (now := time.monotonic()) >= next_round:
                next_round = now + SECONDS_BETWEEN_ROUNDS
                yield files_under(folder)
            else:
                yield [file for _, name in change for file in files_under(Path(name))]
    except (OSError, RuntimeError) as problem:
        raise BadSource(f"{folder} cannot be watched: {problem}") from problem


def files_under(place: Path) -> list[Path]:
    """The file, or the files of a folder that arrived as a whole."""
    if place.is_dir():
        return sorted_files(place)
    return [place]


@dataclass(frozen=True, slots=True)
class ArrivingFile:
    """The state that changes when a file is written or replaced, and the time since which it was observed."""

    inode: int
    size: int
    written: float
    seen: float

    def is_calm(self) -> bool:
        quiet = max(time.monotonic() - self.seen, time.time() - self.written)  # the clock of a file server may be ahead
        return quiet >= CALM_SECONDS

    def is_as(self, other: "ArrivingFile | None") -> bool:
        return other is not None and (self.inode, self.size, self.written) == (other.inode, other.size, other.written)


class PendingFiles:
    """Files that were seen, and are not complete or not processed in their current state."""

    def __init__(self) -> None:
        self._waiting: dict[Path, ArrivingFile] = {}
        self._taken: dict[Path, ArrivingFile] = {}

    def add(self, paths: Iterable[Path]) -> None:
        """Add files, except those that are gone or were taken in their current state."""
        for path in paths:
            state = state_of(path)
            if state is not None and not state.is_as(self._taken.get(path)):
                self._waiting.setdefault(path, state)

    def take_whole(self) -> list[Path]:
        """Remove and return the complete files, by path."""
        whole = []
        for path, before in sorted(self._waiting.items()):
            state = state_of(path)
            if state is None:
                del self._waiting[path]
            elif not state.is_as(before):
                self._waiting[path] = state
            elif before.is_calm():
                self._taken[path] = self._waiting.pop(path)
                whole.append(path)
        return whole


def state_of(path: Path) -> ArrivingFile | None:
    """The current state of a file; None if there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return ArrivingFile(found.st_ino, found.st_size, found.st_mtime, time.monotonic()) if path.is_file() else None
