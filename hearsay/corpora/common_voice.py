"""Releases of Common Voice: the release and locale of a folder, from its name, and the durations of its clips."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from hearsay.errors import BadTable
from hearsay.records.delimited import read_delimited
from hearsay.storage.names import RELEASE

DURATIONS: Final = "clip_durations.tsv"
"""The table of a locale with the columns ``clip`` and ``duration[ms]``."""


def dataset_of(folder: Path) -> str | None:
    """``RELEASE-LOCALE`` for the folder of a locale; None if no folder names the release."""
    path = folder.resolve()
    if RELEASE.fullmatch(path.name):
        return path.name
    return f"{path.parent.name}-{path.name}" if RELEASE.fullmatch(path.parent.name) else None


def durations_of(folder: Path) -> dict[str, str]:
    """Durations in seconds by clip name, from the table of the locale; empty if there is no such table."""
    path = folder / DURATIONS
    if not path.is_file():
        return {}
    columns, lines = read_delimited(path, "\t")
    try:
        clip, length = columns.index("clip"), next(at for at, name in enumerate(columns) if name.startswith("duration"))
        return {line[clip]: seconds_of(line[length]) for _, line in lines}
    except (ValueError, StopIteration, IndexError) as problem:
        raise BadTable(f"{path} needs the columns clip and duration[ms]; remove it if it is another table") from problem


@lru_cache(maxsize=100_000)
def seconds_of(milliseconds: str) -> str:
    """A cell of milliseconds in seconds, stored once for all clips of this length.

    A cell that is not a number is kept, and reported when it is read.
    """
    try:
        return f"{float(milliseconds) / 1000:.3f}".rstrip("0").rstrip(".") if milliseconds.strip() else ""
    except ValueError:
        return milliseconds
