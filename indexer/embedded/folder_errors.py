"""Errors of the file system for an index in a folder, as sentences that say what to do."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from indexer.errors import IndexUnavailable

_TOO_MANY: Final = {errno.EMFILE, errno.ENFILE}
_REFUSED: Final = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, *_TOO_MANY}


def cannot_be_read(folder: Path, problem: OSError) -> IndexUnavailable:
    """The error of an index whose files cannot be read."""
    if problem.errno in _TOO_MANY:
        return _too_many(folder)
    where = f" ({problem.filename})" if problem.filename else ""
    return IndexUnavailable(
        f"the index in {folder} cannot be read: {_reason(problem)}{where}; this user needs access to its folders and "
        "read permission for its files"
    )


def cannot_be_written(folder: Path, problem: OSError) -> IndexUnavailable:
    """The error of an index whose folder does not allow a change."""
    if problem.errno in _TOO_MANY:
        return _too_many(folder)
    return IndexUnavailable(
        f"the index cannot be written to {folder}: {_reason(problem)}; name another folder in INDEX_URL, or run "
        "as a user with write permission"
    )


def os_error_in(text: str) -> OSError | None:
    """The error of the operating system that the engine quotes in its message; it has no special type for it."""
    number = re.search(r"\bcode: (\d+)", text)
    return OSError(int(number[1]), os.strerror(int(number[1]))) if number else None


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Raise `IndexUnavailable` for any error of the file system."""
    try:
        yield
    except OSError as problem:
        raise cannot_be_read(folder, problem) from problem


@contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Raise `IndexUnavailable` if the file system does not allow a change."""
    try:
        yield
    except OSError as problem:
        if problem.errno not in _REFUSED:
            raise
        raise cannot_be_written(folder, problem) from problem


def _too_many(folder: Path) -> IndexUnavailable:
    return IndexUnavailable(
        f"the index in {folder} cannot be opened: this program has too many open files; raise the limit (ulimit -n), "
        "or run fewer programs"
    )


def _reason(problem: OSError) -> str:
    return problem.strerror or str(problem)
