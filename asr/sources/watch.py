"""A folder that is watched: its clips, then those that arrive, each when its file is whole."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from watchfiles import watch

from asr.errors import BadSource
from asr.sources.listing import FolderSource, Listing, is_hidden, remarks_of, sorted_files
from hearsay.text.format import counted

CALM_SECONDS: Final = 1.0
"""How long nothing must have been written to a file before it counts as whole."""

LOOK_MILLISECONDS: Final = 250
"""How often files that are not calm yet are looked at again."""

SECONDS_BETWEEN_ROUNDS: Final = 60.0
"""How often the whole folder is looked through, for what a watch cannot see: shares of other machines, a flood."""

EXAMPLES: Final = 3
"""How many arrivals are told by name."""

Notify = Callable[[str], None]


def arrivals(source: FolderSource, notify: Notify) -> Iterator[Listing]:
    """A listing of what is in the folder, then one of each group of files that arrive or change, without end.

    A file arrives when nothing was written to it for `CALM_SECONDS`, so one that was finished before it is renamed into
    the folder arrives at once. Where it is written to again later, it arrives again. Raises `BadSource` where the
    folder cannot be watched, or is taken away.
    """
    waiting = PendingFiles()
    for paths in changed_paths(source.folder):
        waiting.add(path for path in paths if not is_hidden(path.relative_to(source.folder)))
        if whole := waiting.take_whole():
            listing = source.listing_of(whole)
            _report(listing, notify)
            if listing.clips:
                yield listing


def changed_paths(folder: Path) -> Iterator[Sequence[Path]]:
    """Every file under the folder, then again and again those that changed, or none; now and then every file."""
    try:
        # The watch begins before the folder is read, so that nothing can come in between unseen.
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
    """The file, or those of a folder that came as a whole."""
    if place.is_dir():
        return sorted_files(place)
    return [place]


@dataclass(frozen=True, slots=True)
class FileState:
    """What shows that a file was written to, or that another took its name; and since when we have seen it so."""

    inode: int
    size: int
    written: float
    seen: float

    def is_calm(self) -> bool:
        quiet = max(time.monotonic() - self.seen, time.time() - self.written)  # clocks of other machines may be ahead
        return quiet >= CALM_SECONDS

    def is_as(self, other: "FileState | None") -> bool:
        return other is not None and (self.inode, self.size, self.written) == (other.inode, other.size, other.written)


class PendingFiles:
    """Files that were seen and are not taken yet as they are."""

    def __init__(self) -> None:
        self._waiting: dict[Path, FileState] = {}
        self._taken: dict[Path, FileState] = {}

    def add(self, paths: Iterable[Path]) -> None:
        """Wait for files; those that are gone, or were taken as they are, are not waited for."""
        for path in paths:
            state = state_of(path)
            if state is not None and not state.is_as(self._taken.get(path)):
                self._waiting.setdefault(path, state)

    def take_whole(self) -> list[Path]:
        """The files that are calm, by path."""
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


def state_of(path: Path) -> FileState | None:
    """How a file looks now; None where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileState(found.st_ino, found.st_size, found.st_mtime, time.monotonic()) if path.is_file() else None


def _report(listing: Listing, notify: Notify) -> None:
    if listing.clips:
        names = [clip.row.id for clip in listing.clips[:EXAMPLES]]
        more = ["…"] if len(listing.clips) > EXAMPLES else []
        notify(f"arrived: {counted(len(listing.clips), 'clip')} ({', '.join(names + more)})")
    for sentence in remarks_of(listing):
        notify(sentence)
