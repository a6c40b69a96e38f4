"""Versions of an index in a folder: each in a folder of its own, one of them current, swapped by one atomic rename."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hearsay.records.files import replaced_whole
from indexer.errors import HOW_TO_LOAD, IndexInUse, IndexMissing, IndexUnavailable

_HALF: Final = "half-"
"""Begins the name of a version that is still being written, or that a killed load left behind."""


class Versions:
    """The versions in ``folder``, of which ``keep`` stay; one process writes at a time, any number reads."""

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder
        self._keep = keep
        self._versions = folder / "versions"
        self._current = folder / "current"

    def current(self) -> str:
        """The name of the version that is served; raises `IndexMissing` before the first load."""
        try:
            return self._current.read_text(encoding="utf-8").strip()
        except FileNotFoundError as problem:
            raise IndexMissing(f"there is no index in {self.folder} yet; {HOW_TO_LOAD}") from problem
        except NotADirectoryError as problem:
            raise self._no_folder() from problem
        except (OSError, UnicodeDecodeError) as problem:
            raise IndexUnavailable(f"the index in {self.folder} cannot be read: {problem}") from problem

    def path(self, version: str) -> Path:
        return self._versions / version

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the folder for writing; raises `IndexInUse` while another process does."""
        try:
            self._versions.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / "lock").open("ab")
        except NotADirectoryError as problem:
            raise self._no_folder() from problem
        except OSError as problem:
            raise IndexUnavailable(
                f"the index cannot be written to {self.folder}: {problem.strerror}; name another folder with --index"
            ) from problem
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as problem:
                raise IndexInUse(
                    f"another process is writing the index in {self.folder}; try again when it is done"
                ) from problem
            yield

    @contextmanager
    def new(self) -> Iterator[Path]:
        """A folder for a new version, which becomes the current one when the ``with`` block ends well, else goes.

        Call it while `writing`. What killed loads left is removed first, versions beyond those to keep at the end.
        """
        self._remove_leftovers()
        name = self._next_name()
        half = self.path(_HALF + name)
        half.mkdir()
        try:
            yield half
            half.rename(self.path(name))
        except BaseException:
            shutil.rmtree(half, ignore_errors=True)
            raise
        self._serve(name)
        for old in self._whole()[: -self._keep]:
            shutil.rmtree(self.path(old), ignore_errors=True)

    def before(self) -> str:
        """The version to roll back to; raises `IndexMissing` where there is none."""
        current = self.current()
        if not (before := [name for name in self._whole() if name < current]):
            raise IndexMissing(f"there is no version before {current} in {self.folder}; it is still served")
        return before[-1]

    def go_back_to(self, before: str) -> None:
        """Serve the version before and drop the current one, while `writing`."""
        current = self.current()
        self._serve(before)
        shutil.rmtree(self.path(current), ignore_errors=True)

    def _no_folder(self) -> IndexUnavailable:
        return IndexUnavailable(f"{self.folder} is a file, or lies in one; an index is a folder: mend INDEX_URL")

    def _serve(self, name: str) -> None:
        with replaced_whole(self._current) as temporary:
            temporary.write_text(name, encoding="utf-8")

    def _whole(self) -> list[str]:
        """The versions that were written to their end, oldest first."""
        return sorted(path.name for path in self._versions.iterdir() if path.name.isdigit())

    def _next_name(self) -> str:
        now = f"{datetime.now(UTC):%Y%m%d%H%M%S%f}"
        latest = max(self._whole(), default="")
        return now if now > latest else str(int(latest) + 1)  # clocks are put back at times

    def _remove_leftovers(self) -> None:
        try:
            current = self.current()
        except IndexMissing:
            current = ""
        unserved = [name for name in self._whole() if name > current]
        for path in [*map(self.path, unserved), *self._versions.glob(f"{_HALF}*")]:
            shutil.rmtree(path, ignore_errors=True)
        for path in self.folder.glob(f".{self._current.name}.*"):
            path.unlink(missing_ok=True)
