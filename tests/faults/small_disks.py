"""Disks that are full after a number of bytes, and can be given space again."""

import os
import subprocess
from pathlib import Path
from typing import Final, Protocol, Self

from tests.conftest import leave_out

ROOM: Final = 256 * 1024 * 1024
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class SmallDisk(Protocol):
    """A folder with limited space inside a ``with`` block; ``complaint`` is the error of the operating system."""

    folder: Path
    complaint: str

    def __init__(self, folder: Path) -> None: ...

    def leave(self, room: int | None) -> int:
        """Leave this many bytes free, None for plenty; returns the file size limit for a command, 0 for none."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class MountedDisk:
    """A disk in memory, mounted for the test; its space is counted in pages."""

    complaint = "No space left on device"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def leave(self, room: int | None) -> int:
        used = os.statvfs(self.folder)
        size = ROOM if room is None else (used.f_blocks - used.f_bfree) * used.f_frsize + max(room, PAGE)
        self._mount("-o", f"remount,size={size}", self.folder)
        return 0

    def __enter__(self) -> Self:
        self.folder.mkdir()
        if problem := self._mount("-t", "tmpfs", "-o", f"size={ROOM}", "none", self.folder):
            leave_out("mount", f"no disk can be mounted: {problem}")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=True)

    def _mount(self, *words: object) -> str:
        try:
            done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
        except OSError as problem:
            return str(problem)
        return done.stderr.strip()


class LimitedFiles:
    """Files with a size limit, which needs no privileges."""

    complaint = "File too large"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def leave(self, room: int | None) -> int:
        return room or 0

    def __enter__(self) -> Self:
        self.folder.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        pass


small_disks: Final = (MountedDisk, LimitedFiles)
