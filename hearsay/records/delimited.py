"""Lines of tables of text, numbered: quoted as in a CSV, or without quoting as those of Common Voice and LJSpeech."""

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from hearsay.errors import BadTable

Lines: TypeAlias = Iterator[tuple[int, list[str]]]
"""The number of each line, from 1, and its cells."""


def read_delimited(path: Path, separator: str, header: Sequence[str] | None = None) -> tuple[list[str], Lines]:
    """The columns of a table in UTF-8, and its lines with their numbers; empty lines are skipped.

    Quotation marks have no special meaning. ``header`` names the columns of a table without a first line of
    names; the last of them takes the rest of a line. Raises `BadTable`, also while the lines are read.
    """
    lines = _unquoted(path)
    if header is not None:
        width = len(header)
        padded = ((number, line.split(separator, width - 1)) for number, line in lines)
        return list(header), ((number, cells + [""] * (width - len(cells))) for number, cells in padded)
    columns = [name.strip() for name in next(lines, (0, ""))[1].split(separator)]
    split = ((number, line.split(separator)) for number, line in lines)
    return columns, ((number, of_width(str(path), number, cells, len(columns))) for number, cells in split)


def _unquoted(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, 1):
                if text := line.rstrip("\r\n"):
                    yield number, text
    except UnicodeDecodeError as problem:
        raise BadTable(f"{path} is not UTF-8 text; save the table in UTF-8") from problem
    except OSError as problem:
        raise BadTable(f"{path} cannot be read: {problem.strerror or problem}") from problem


def csv_lines(file: TextIO, name: str, **dialect: Any) -> Lines:
    """The lines of a CSV in a file opened with ``newline=""``; ``name`` appears in errors, ``dialect`` is csv's.

    Raises `BadTable` while the lines are read.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # an interview's words are more than the default 128 KiB
    reader = csv.reader(file, **dialect)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except UnicodeDecodeError as problem:
        raise BadTable(f"{name} is not UTF-8 text; save the table as CSV in UTF-8") from problem
    except csv.Error as problem:
        raise BadTable(f"{name}, line {reader.line_num}: not valid CSV ({problem})") from problem


def of_width(table: str, number: int, cells: list[str], width: int) -> list[str]:
    """The cells under a header of ``width`` columns; raises `BadTable` if a further cell is not empty."""
    if len(cells) == width:
        return cells
    if len(cells) < width or any(cells[width:]):
        raise BadTable(f"{table}, line {number}: {len(cells)} cells under a header of {width} columns")
    return cells[:width]
