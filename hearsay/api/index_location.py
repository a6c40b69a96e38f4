"""The location of an index and of its files, and index errors with advice for Python."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from hearsay.errors import BadArgument, HearsayError
from hearsay.extras import needing

if TYPE_CHECKING:
    from indexer.settings import IndexSettings

Location: TypeAlias = str | os.PathLike[str]
"""A file or folder, or an address."""


def settings_of(place: Location | None, **given: object) -> "IndexSettings":
    """The index settings, where arguments override the environment and ``config.yml``; raises `BadSettings`."""
    from hearsay.config import read_settings
    from indexer.settings import IndexSettings

    return read_settings(IndexSettings, index_url=None if place is None else os.fspath(place), **given)


def paths(files: Location | Iterable[Location]) -> list[Path]:
    """One file or several, as paths."""
    named = [files] if isinstance(files, str | os.PathLike) else list(files)
    if not named:
        raise BadArgument("no file of records was given; give one or more, such as var/cv/clips.csv")
    return [Path(file) for file in named]


def shown(address: str) -> str:
    """The address without a password."""
    return re.sub(r"(?<=://).*@", "", address)


@contextmanager
def index_errors(address: str) -> Iterator[None]:
    """Inside, a library that is not installed raises `MissingExtra`, and error messages give advice for Python."""
    with needing("indexer", "An index"):
        from indexer.errors import HOW_TO_LOAD

        try:
            yield
        except HearsayError as problem:
            here = f"load your clips with: hearsay.load([FILE], index={shown(address)!r})"
            problem.args = (str(problem).replace(HOW_TO_LOAD, here).replace("INDEX_URL", "index"),)
            raise
