"""Versions of an index in a folder: each has its own folder, and an atomic rename makes one of them current."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hearsay.records.files import remove_leftovers, replaced_whole
from indexer.embedded.folder_errors import cannot_be_read, cannot_be_written, changing, reading
from indexer.embedded.foreign import contents_of, foreign_folder
from indexer.embedded.version_files import (
    HALF,
    META,
    NAME,
    begin,
    is_our_version,
    read_members,
    remove_half,
    remove_version,
)
from indexer.errors import HOW_TO_LOAD, IndexDamaged, IndexForeign, IndexInUse, IndexMissing, IndexUnavailable
from indexer.ownership import MARK, is_ours

_MARK: Final = "hearsay-index.json"
"""The file that marks a folder as an index of Hearsay."""


class Versions:
    """The versions in ``folder``; one process can write at a time, any number can read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._versions = folder / "versions"
        self._current = folder / "current"

    def current(self) -> str:
        """The name of the served version; raises `IndexMissing` before the first load.

        Raises `IndexForeign` if the folder belongs to something else, `IndexDamaged` if no version is named.
        """
        try:
            name = self._current.read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError as problem:
            with reading(self.folder):
                self.reject_foreign()
                broken_off = ", because its load was interrupted" if any(self._listed()) else ""
            raise IndexMissing(f"there is no index in {self.folder} yet{broken_off}; {HOW_TO_LOAD}") from problem
        except NotADirectoryError as problem:
            raise self._no_folder() from problem
        except IsADirectoryError:
            name = ""
        except OSError as problem:
            raise cannot_be_read(self.folder, problem) from problem
        if not NAME.fullmatch(name):
            with reading(self.folder):
                self.reject_foreign()
            raise IndexDamaged(
                f"{self._current} must name the version that is served, but does not; the index in {self.folder} "
                "is damaged; load your files again"
            )
        return name

    def path(self, version: str) -> Path:
        return self._versions / version

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Lock the folder for writing, and mark it as an index.

        Raises `IndexInUse` while another process has locked it, and `IndexForeign` if it belongs to something else.
        """
        try:
            self.reject_foreign()
            self._versions.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / "lock").open("ab")
        except NotADirectoryError as problem:
            raise self._no_folder() from problem
        except OSError as problem:
            raise cannot_be_written(self.folder, problem) from problem
        with lock, changing(self.folder):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as problem:
                raise IndexInUse(
                    f"another process is writing the index in {self.folder}; try again when it has finished"
                ) from problem
            if not (self.folder / _MARK).exists():
                with replaced_whole(self.folder / _MARK) as temporary:
                    temporary.write_text(json.dumps(dict(MARK)), encoding="utf-8")
            yield

    @contextmanager
    def new(self, keep: int) -> Iterator[Path]:
        """A folder for a new version, which becomes current when the block ends; after an error it is removed.

        Requires `writing`. What killed loads left is removed first, versions beyond ``keep`` at the end.
        """
        self._remove_leftovers()
        now = f"{datetime.now(UTC):%Y%m%d%H%M%S%f}"
        latest = max((path.name for path in self._listed() if NAME.fullmatch(path.name)), default="")
        name = now if now > latest else str(int(latest) + 1)  # clocks are sometimes set back
        half = self.path(HALF + name)
        begin(half)
        try:
            yield half
            half.rename(self.path(name))
        except BaseException:
            remove_half(half)
            raise
        self._serve(name)
        for old in self._whole()[:-keep]:
            remove_version(self.path(old))

    def before(self) -> str:
        """The version to roll back to; raises `IndexMissing` if there is none.

        Raises `IndexForeign` if the served version is not ours, because a rollback removes it.
        """
        current = self.current()
        if self.path(current).exists() and not is_our_version(self.path(current)):
            raise IndexForeign(
                f"{(foreign := self.path(current))}, which {self._current} names, was not created by Hearsay "
                f"({contents_of(foreign)}); nothing was changed; load your files again"
            )
        if not (before := [name for name in self._whole() if name < current]):
            raise IndexMissing(f"there is no version before {current} in {self.folder}; {current} is still served")
        return before[-1]

    def go_back_to(self, before: str) -> None:
        """Serve the version before and remove the current one; requires `writing`."""
        current = self.current()
        self._serve(before)
        remove_version(self.path(current))

    def reject_foreign(self) -> None:
        """Raises `IndexForeign` for a folder with content that an index would take for its own, without Hearsay's mark.

        Other files may be beside an index. An index from before the mark is recognised by one of its versions.
        """
        mark = self.folder / _MARK
        is_of_another = bool(members := read_members(mark)) and not is_ours(members)
        if (mark.exists() and not is_of_another) or any(map(is_our_version, self._listed())):
            return
        taken = [path for path in (self._current, self.folder / META) if path.exists() or path.is_symlink()]
        taken += [self._versions] if any(self._listed()) or self._versions.is_file() else []
        taken += [mark] if is_of_another else []
        if taken:
            raise foreign_folder(self.folder, taken)

    def _no_folder(self) -> IndexUnavailable:
        return IndexUnavailable(f"{self.folder} is a file, or is inside of one; set INDEX_URL to a folder")

    def _serve(self, name: str) -> None:
        with replaced_whole(self._current) as temporary:
            temporary.write_text(name, encoding="utf-8")

    def _listed(self) -> list[Path]:
        with suppress(FileNotFoundError, NotADirectoryError):
            return sorted(self._versions.iterdir())
        return []

    def _whole(self) -> list[str]:
        """Our complete versions, oldest first."""
        return [path.name for path in self._listed() if NAME.fullmatch(path.name) and is_our_version(path)]

    def _remove_leftovers(self) -> None:
        """Remove what killed loads left: incomplete versions, and complete ones that were never served."""
        with suppress(IndexMissing, IndexDamaged):
            for unserved in [name for name in self._whole() if name > self.current()]:
                remove_version(self.path(unserved))
        for half in self._listed():
            if half.name.startswith(HALF) and (is_our_version(half) or not any(half.iterdir())):
                remove_half(half)
        remove_leftovers(self._current)
