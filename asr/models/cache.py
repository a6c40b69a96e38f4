"""The folder of downloaded weights: one folder per model, which appears atomically; one process writes at a time."""

import errno
import fcntl
import glob
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from asr.errors import ModelUnavailable
from hearsay.config import cache_path
from hearsay.records.files import onto_disk

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_OTHER_FOLDER: Final = "set HEARSAY_HOME to a writable folder with enough space"


def models_folder() -> Path:
    """The folder of downloaded weights: ``HEARSAY_HOME/models``, or ``hearsay/models`` in the user's cache."""
    try:
        return cache_path("models")
    except RuntimeError as problem:
        raise ModelUnavailable(f"this user has no home folder for weights; {_OTHER_FOLDER}.") from problem


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a model's folder. If another process holds it, print a message and wait.

    On a file system without locks there is no mutual exclusion, but models still appear atomically.
    """
    with _errors_in_words(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = folder.with_name(f".{folder.name}.lock").open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another process is fetching {folder.name}; waiting for it", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:
            pass
        yield


@contextmanager
def placed_whole(folder: Path) -> Iterator[Path]:
    """A new work folder, whose subfolder ``files`` replaces ``folder`` when the ``with`` block ends without an error.

    Files that killed processes left behind are removed first. The caller holds the lock. Raises `ModelUnavailable` if
    the disk is full or not writable.
    """
    with _errors_in_words(folder):
        _remove_leftovers(folder)
        work = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        try:
            (work / "files").mkdir(parents=True)
            yield work
            for path in (work / "files").iterdir():
                with path.open("rb") as file:
                    onto_disk(file.fileno())
            if folder.exists():
                folder.rename(work / "replaced")
            (work / "files").rename(folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def remove_folder(folder: Path) -> None:
    """Remove a model's folder. It is renamed first, so that no process finds half of it."""
    with locked(folder), _errors_in_words(folder):
        _remove_leftovers(folder)
        aside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        folder.rename(aside)
        shutil.rmtree(aside)


def _remove_leftovers(folder: Path) -> None:
    for left in folder.parent.glob(f".{glob.escape(folder.name)}.{'[0-9a-f]' * 8}"):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _errors_in_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        if problem.errno in NO_ROOM:
            sentence = f"the disk of {folder.parent} is full; free space there, or {_OTHER_FOLDER}."
        elif problem.errno in _READ_ONLY:
            sentence = f"{folder.parent} cannot be written ({problem.strerror}); {_OTHER_FOLDER}."
        else:
            sentence = f"{problem.filename or folder}: {problem.strerror or problem}."
        raise ModelUnavailable(f"The weights of {folder.name} cannot be stored: {sentence}") from problem
