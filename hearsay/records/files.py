"""Files on any file system: also on one without locks, permissions, hard links, or a rename over an existing file."""

import errno
import glob
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_NO_SUCH_CALL: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})
"""Errors of file systems for a call that they do not support."""

_NO_REPLACING: Final = _NO_SUCH_CALL | {errno.EACCES, errno.EBUSY, errno.EEXIST}
"""Errors of a rename over an existing file if a rename to a new name would succeed."""

MODE: Final = 0o644
"""The mode of new files: the owner may write, everybody may read."""


@contextmanager
def replaced_whole(path: Path) -> Iterator[Path]:
    """A file beside ``path`` to write to, moved to ``path`` if the ``with`` block succeeds, else removed.

    If the file system does not support modes, the file keeps its default mode. If it does not support replacing a
    file, the file is overwritten, which is not atomic.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _new_file(path)
    try:
        yield temporary
        with temporary.open("rb") as file:
            onto_disk(file.fileno())
        with suppress(OSError):  # CIFS, gcsfuse and Mountpoint give all files one mode and refuse to change it
            temporary.chmod(MODE)
        try:
            temporary.replace(path)
        except OSError as problem:
            if problem.errno not in _NO_REPLACING or path.is_dir():
                raise
            shutil.copyfile(temporary, path)
    finally:
        with suppress(OSError):  # an earlier error is the one to report
            temporary.unlink(missing_ok=True)


def remove_leftovers(path: Path) -> None:
    """Remove temporary files that killed writers of a file left; for the only program that may write the file now."""
    for left in path.parent.glob(f"{glob.escape(_begins(path))}{'[0-9a-f]' * 8}"):
        with suppress(OSError):
            left.unlink(missing_ok=True)


def onto_disk(handle: int) -> None:
    """Flush a file to the disk, if its file system can."""
    try:
        os.fsync(handle)
    except OSError as problem:
        if problem.errno not in _NO_SUCH_CALL:
            raise


def add_new(path: Path, data: bytes) -> None:
    """Write a new file atomically; raises `FileExistsError` if the name exists."""
    temporary = _new_file(path)
    try:
        temporary.write_bytes(data)
        with suppress(OSError):
            temporary.chmod(MODE)
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            raise
        except OSError:  # FAT, CIFS and object storage have no hard links
            with path.open("xb", buffering=0) as file:
                try:
                    file.write(data)
                except OSError:
                    path.unlink(missing_ok=True)
                    raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _new_file(path: Path) -> Path:
    temporary = path.with_name(f"{_begins(path)}{secrets.token_hex(4)}")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE))
    return temporary


def _begins(path: Path) -> str:
    """The prefix of the names of a file's temporary files."""
    return f".{path.name[:200]}."
