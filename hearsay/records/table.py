"""CSV files of clip records: read with their own columns, written atomically."""

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Literal, TextIO

from hearsay.errors import BadRow, BadTable, ClipsError
from hearsay.records.clip import ClipRow, LineReader
from hearsay.records.delimited import csv_lines, of_width
from hearsay.records.files import replaced_whole
from hearsay.records.schema import (
    AGREEMENT,
    CORPUS_COLUMNS,
    EXPORT_ONLY,
    NUMBERED,
    OPTIONAL_COLUMNS,
    OUR_COLUMNS,
    SIGNS,
    is_ours,
    kept_beside_ours,
    numbered,
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of clips: its columns in order, and its unchanged cells, by clip id in the order of the file.

    The cell of the column number N in one of the ``lines`` is at ``places[N]``. ``unnamed`` counts columns without a
    name, which are not among them.
    """

    columns: tuple[str, ...]
    lines: Mapping[str, Sequence[str]]
    places: tuple[int, ...]
    unnamed: int = 0

    def rows(self) -> dict[str, ClipRow]:
        """The clip rows by id; raises `BadRow` naming the clip and the column."""
        found = {}
        row_of = LineReader(self.columns, self.places)
        for clip_id, line in self.lines.items():
            try:
                found[clip_id] = row_of(clip_id, line)
            except BadRow as problem:
                raise BadRow(f"clip {clip_id}: {problem}") from problem
        return found

    def cells_of(self, clip_id: str) -> dict[str, str]:
        """The cells of one clip by column; none if the table lacks it."""
        line = self.lines.get(clip_id)
        return {} if line is None else {name: line[at] for name, at in zip(self.columns, self.places, strict=True)}

    @property
    def cells(self) -> dict[str, dict[str, str]]:
        """The cells of all clips by id and column."""
        return {clip_id: self.cells_of(clip_id) for clip_id in self.lines}

    def column(self, name: str) -> Iterator[str]:
        """The cells of one column."""
        return map(itemgetter(self.places[self.columns.index(name)]), self.lines.values())

    @property
    def is_of_hearsay(self) -> bool:
        """Whether Hearsay wrote it, by columns that no corpus has together."""
        return is_of_hearsay_header(self.columns)

    def empty_columns(self) -> tuple[str, ...]:
        """The columns in which no clip has a cell."""
        return tuple(name for name in self.columns if not any(map(str.strip, self.column(name))))

    def without(self, names: Collection[str]) -> "Table":
        """The table without some of its columns."""
        kept = [(name, at) for name, at in zip(self.columns, self.places, strict=True) if name not in names]
        return replace(self, columns=tuple(name for name, _ in kept), places=tuple(at for _, at in kept))

    def renamed(self, names: Mapping[str, str]) -> "Table":
        """The table with other names for some of its columns."""
        return replace(self, columns=tuple(names.get(name, name) for name in self.columns))

    def to_merge(self) -> "Table":
        """The table in the form that is merged with others.

        Hearsay writes all its columns, also empty ones, so a column without any value changes nothing. In other tables,
        such a column clears the values, and a corpus's columns are `kept_beside_ours`.
        """
        if self.is_of_hearsay:
            return self.without({*self.empty_columns(), *EXPORT_ONLY})
        return self.renamed(names) if (names := kept_beside_ours(self.columns)) else self


@dataclass(frozen=True, slots=True)
class DistinctCells:
    """The distinct cells of each column of a table whose ``lines`` are not kept, for the report on its columns."""

    cells: Mapping[str, Collection[str]]
    lines: Collection[str]
    unnamed: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.cells)

    @property
    def is_of_hearsay(self) -> bool:
        """Whether Hearsay wrote it."""
        return is_of_hearsay_header(self.columns)

    def empty_columns(self) -> tuple[str, ...]:
        """The columns in which no clip has a cell."""
        return tuple(name for name in self.columns if not any(map(str.strip, self.cells[name])))

    def column(self, name: str) -> Iterator[str]:
        """The distinct cells of one column; of long ones, not all."""
        return iter(self.cells[name])


def is_of_hearsay_header(columns: Iterable[str]) -> bool:
    """Whether Hearsay wrote a table with these columns."""
    return SIGNS.issubset(columns)


_FIRST_COLUMNS: Final = tuple(name for name in CORPUS_COLUMNS if name not in OPTIONAL_COLUMNS)
EMPTY_TABLE: Final = Table(_FIRST_COLUMNS, {}, tuple(range(len(_FIRST_COLUMNS))))
"""The table of a folder without one: the columns of Common Voice's first corpus, and no lines."""


def read_csv(path: Path, names: Mapping[str, str] | None = None) -> Table:
    """The CSV at ``path``: UTF-8 with or without a byte order mark, a header, a ``filename`` column.

    ``names`` are other names for some of its columns. The cells of a file whose name ends in ``.tsv`` are separated by
    tabs, and quotation marks have no special meaning.

    Raises `BadTable` if it cannot be read, has no ``filename`` column, a line without a filename or of another
    length than the header, or one clip twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return parse_csv(file, str(path), names or {}, is_tsv=path.suffix.lower() == ".tsv")
    except OSError as problem:
        raise BadTable(f"{path} cannot be read: {problem.strerror or problem}") from problem


def parse_csv(file: TextIO, name: str, names: Mapping[str, str] | None = None, *, is_tsv: bool = False) -> Table:
    """The CSV in a file opened with ``newline=""``; ``name`` is its name in errors. Raises `BadTable`.

    Spaces around column names are removed; a space after commas in the header is also removed in all lines.
    Columns without a name, and lines without a cell, are skipped.
    """
    dialect: dict[str, Any] = {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if is_tsv else {"strict": True}
    read = csv_lines(file, name, **dialect)
    header = next(read, (0, []))[1]
    if any(column.startswith(" ") for column in header) and not is_of_hearsay_header(header):
        file.seek(0)
        read = csv_lines(file, name, **dialect, skipinitialspace=True)
        header = next(read)[1]
    columns = _renamed(name, _names(header), names or {})
    _check_header(name, columns)
    lines: dict[str, list[str]] = {}
    place = columns.index("filename")
    for number, values in read:
        if any(map(str.strip, values)):
            cells = of_width(name, number, values, len(columns))
            if not (clip_id := cells[place]):
                raise BadTable(f"{name}, line {number}: the filename is empty")
            if clip_id in lines:
                raise BadTable(f"{name}, line {number}: {clip_id} is also in an earlier line; keep one of them")
            lines[clip_id] = cells
    named = [(column, at) for at, column in enumerate(columns) if column is not None]
    return Table(tuple(column for column, _ in named), lines, tuple(at for _, at in named), len(columns) - len(named))


def _names(header: Sequence[str]) -> list[str | None]:
    """The names of the columns, None for one that is skipped.

    Names that differ only in surrounding spaces are distinct, except those of a record, which then count as duplicates.

    Hearsay writes every column name of a log, also an empty one; only columns that were appended later have none.
    """
    if is_of_hearsay_header(header):
        last = max(at for at, name in enumerate(header) if name.strip())
        return [name if at <= last else None for at, name in enumerate(header)]
    bare = [name.replace("\ufeff", "").strip() for name in header]
    known = {"filename", *CORPUS_COLUMNS, *OUR_COLUMNS}
    return [
        (name if own != name and own in header and own not in known and not numbered(own) else own) or None
        for own, name in zip(bare, header, strict=True)
    ]


def _renamed(table: str, columns: Sequence[str | None], names: Mapping[str, str]) -> list[str | None]:
    """The columns with the requested names; raises `BadTable` if the table lacks one of them."""
    if missing := names.keys() - set(columns):
        raise BadTable(f"{table} has no column {', '.join(sorted(missing))}, which --column names")
    return [None if column is None else names.get(column, column) for column in columns]


def _check_header(table: str, columns: Sequence[str | None]) -> None:
    if "filename" not in columns:
        raise BadTable(
            f"{table} has no filename column; its columns are: {', '.join(filter(None, columns)) or 'none'}. "
            "Name the column that holds each clip's path filename."
        )
    if doubled := {name for name in columns if name is not None and columns.count(name) > 1}:
        raise BadTable(
            f"{table} has more than one column {', '.join(sorted(doubled))} (spaces around a name do not count); "
            "rename all but one"
        )


def write_csv(path: Path, rows: Iterable[ClipRow], corpus: Table = EMPTY_TABLE) -> None:
    """Write rows as CSV: the corpus's own columns with its cells unchanged, then ours, joined by clip id.

    The file is written atomically. A cell of the corpus is filled from the row only if it was empty, except for a
    measured duration. Raises `ClipsError` if the file cannot be written.
    """
    rows = list(rows)
    own = [name for name in corpus.columns if not is_ours(name)]
    columns = columns_of({name for row in rows for name in (*row.extra, *row.optional)}, own)
    columns += ["deleted"] if any(row.deleted for row in rows) else []
    try:
        with replaced_whole(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            file.write(csv_line(columns))
            for row in rows:
                original = corpus.cells_of(row.id)
                kept = [name for name in own if not (name == "duration" and row.is_measured)]
                cells = row.to_cells() | {name: cell for name in kept if (cell := original.get(name, ""))}
                file.write(csv_line([cells.get(name, "") for name in columns]))
    except OSError as problem:
        raise ClipsError(f"{path} cannot be written: {problem.strerror or problem}") from problem


def columns_of(unknown: Iterable[str], own: Sequence[str] = EMPTY_TABLE.columns) -> list[str]:
    """The columns of a CSV in order: known columns of the corpus, its other columns, then ours, except ``deleted``.

    Ours are followed by those of further transcripts among the ``unknown``, by their number, and the agreement.
    """
    own = [*own, *(["duration"] if "duration" not in own else [])]
    ours = [name for name in OUR_COLUMNS if name not in ("deleted", "transcripts")]
    others = set(unknown) - {*own, *OUR_COLUMNS}
    places = {name: place for name in others if (place := numbered(name))}
    further = sorted(places, key=lambda name: (places[name][1], NUMBERED.index(places[name][0])))
    agreement = [AGREEMENT] if AGREEMENT in others else []
    return [*own, *sorted(others - {*further, *agreement}), *ours, *further, *agreement]


def csv_line(values: Sequence[str]) -> str:
    """One line of a CSV, with its end.

    Cells are not changed, even if a spreadsheet may take them for a formula: they must be read back unchanged.
    """
    # Before Python 3.13 the csv module leaves a lone carriage return unquoted, and then cannot read it.
    quoting: Literal[0, 1] = csv.QUOTE_ALL if any("\r" in value for value in values) else csv.QUOTE_MINIMAL
    csv.writer(line := StringIO(), lineterminator="\n", quoting=quoting).writerow(values)
    return line.getvalue()
