"""Recognition of the layout of a folder or of one table."""

import json
import posixpath
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from hearsay.audio.formats import has_audio_suffix
from hearsay.corpora.audio_files import ANY_SUFFIX, AudioFiles, audio_below
from hearsay.corpora.layouts import LAYOUTS, Layout
from hearsay.corpora.table_reader import TableFile
from hearsay.corpora.tables import open_table
from hearsay.errors import BadTable

_SUFFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "tsv": (".tsv",),
    "csv": (".csv",),
    "pipe": (".csv",),
    "jsonl": (".json", ".jsonl", ".ndjson"),
    "parquet": (".parquet",),
}
"""Suffixes of tables that are recognised without the folder around them, by format."""


def recognised(folder: Path, files: Sequence[str], only: Layout | None = None) -> tuple[Layout, list[str]] | None:
    """The layout of a folder and its tables among its files, given as relative paths; None for a plain folder.

    ``only`` is the layout that was named. Raises `BadTable` if a table cannot be read.
    """
    audio = AudioFiles(path for path in files if has_audio_suffix(path))
    for layout in (only,) if only else LAYOUTS:
        if kept := [path for path in tables_in(files, layout) if _is_of(TableFile(folder, path, layout), audio)]:
            return layout, kept
    return None


def tables_in(files: Sequence[str], layout: Layout) -> list[str]:
    """The files whose paths are those of tables of a layout; ``**/`` in its patterns is any number of folders."""

    def matches(pattern: str, path: str) -> bool:
        wanted, parts = pattern.split("/"), path.split("/")
        if wanted[0] == "**":
            return fnmatchcase(parts[-1], wanted[-1])
        return len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))

    return [path for path in files if any(matches(pattern, path) for pattern in layout.tables)]


def layout_of_table(path: Path) -> Layout | None:
    """The layout whose needed columns a table has, by the suffix of its name; None if it is none of them.

    A table without a header needs the name that its layout gives it, and audio next to it.
    """
    suffix = path.suffix.lower()
    for layout in LAYOUTS:
        if suffix not in _SUFFIXES.get(layout.format, ()) or layout.names_dataset:
            continue
        if layout.header is None:
            if layout.needs <= set(_header(path, layout)):
                return layout
        elif tables_in([path.name], layout):
            table = TableFile(path.parent, path.name, layout)
            if (name := _first_name(table)) and audio_below(path.parent).find(table.audio_places(name)):
                return layout
    return None


def _is_of(table: TableFile, audio: AudioFiles) -> bool:
    """Whether a table has the needed columns; one without a header must name a clip that is there."""
    layout = table.layout
    if layout.header is None:
        return layout.needs <= set(_header(table.file, layout))
    if layout.format == "text":
        stem = posixpath.splitext(table.path)[0]
        return audio.find([f"{stem}{ANY_SUFFIX}"]) is not None
    name = _first_name(table)
    return name is not None and audio.find(table.audio_places(name)) is not None


def _first_name(table: TableFile) -> str | None:
    """The name of the first clip of a table without a header; None if it cannot be read in the layout's format."""
    with suppress(BadTable, StopIteration):
        _, lines = open_table(table.file, table.layout.format, table.layout.header)
        return next(lines)[1][0]
    return None


def _header(path: Path, layout: Layout) -> Collection[str]:
    """The columns of a table; none if it cannot be read in this format.

    Of lines of JSON, they are the members of the first: the columns of all lines would need the whole file.
    """
    try:
        if layout.format != "jsonl":
            return open_table(path, layout.format, layout.header)[0]
        with path.open(encoding="utf-8-sig") as file:
            members = json.loads(file.readline())
        return members if isinstance(members, dict) else ()
    except (BadTable, OSError, ValueError, RecursionError):
        return ()
