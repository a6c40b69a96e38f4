"""The tables of corpora, in every format of `hearsay.corpora.layouts`, as columns and lines of cells."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from hearsay.corpora.layouts import Format
from hearsay.errors import BadTable
from hearsay.extras import needing
from hearsay.records.delimited import Lines, csv_lines, of_width, read_delimited

_AT_ONCE: Final = 10_000
"""Rows of a Parquet file that are read at a time."""


def open_table(path: Path, form: Format, header: Sequence[str] | None = None) -> tuple[list[str], Lines]:
    """The columns of a table and its lines; raises `BadTable`, also while the lines are read."""
    match form:
        case "tsv":
            return read_delimited(path, "\t", header)
        case "pipe":
            return read_delimited(path, "|", header)
        case "space":
            return read_delimited(path, " ", header)
        case "csv":
            return _csv(path)
        case "jsonl":
            return _jsonl(path)
        case "parquet":
            return _parquet(path)
        case "text":
            return list(header or ()), iter([(1, [path.stem, _text(path)])])


def cell_of(value: Any) -> str:
    """A JSON value as the cell of a table: text as it is, other values as JSON, null as an empty cell."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _csv(path: Path) -> tuple[list[str], Lines]:
    lines = ((number, cells) for number, cells in _opened_csv(path) if any(cells))
    columns = [name.strip() for name in next(lines, (0, [""]))[1]]
    return columns, ((number, of_width(str(path), number, cells, len(columns))) for number, cells in lines)


def _opened_csv(path: Path) -> Lines:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv_lines(file, str(path), strict=True)
    except OSError as problem:
        raise BadTable(f"{path} cannot be read: {problem.strerror or problem}") from problem


def _jsonl(path: Path) -> tuple[list[str], Lines]:
    """Two passes: lines may lack members, so that the columns are known only at the end."""
    columns: dict[str, None] = {}
    for _, members in _objects(path):
        columns.update(dict.fromkeys(members))
    return list(columns), ((at, [cell_of(one.get(name)) for name in columns]) for at, one in _objects(path))


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    members = json.loads(line)
                    if not isinstance(members, dict):
                        raise BadTable(f"{path}, line {number}: not a JSON object")
                    yield number, members
    except (ValueError, RecursionError) as problem:
        raise BadTable(f"{path} is not lines of JSON in UTF-8: {problem}") from problem
    except OSError as problem:
        raise BadTable(f"{path} cannot be read: {problem.strerror or problem}") from problem


def _parquet(path: Path) -> tuple[list[str], Lines]:
    with needing("parquet", "Parquet"):
        import pyarrow as pa
        import pyarrow.parquet as parquet
    try:
        file = parquet.ParquetFile(path)
        columns: list[str] = file.schema_arrow.names
    except (OSError, pa.ArrowException) as problem:
        raise BadTable(f"{path} cannot be read as Parquet: {problem}") from problem

    def lines() -> Lines:
        number = 0
        for batch in file.iter_batches(_AT_ONCE):
            values = [batch.column(name).to_pylist() for name in columns]
            for row in zip(*values, strict=True):
                number += 1
                yield number, [cell_of(value) for value in row]

    return columns, lines()


def _text(path: Path) -> str:
    try:
        return " ".join(path.read_text(encoding="utf-8-sig").split())
    except UnicodeDecodeError as problem:
        raise BadTable(f"{path} is not UTF-8 text") from problem
    except OSError as problem:
        raise BadTable(f"{path} cannot be read: {problem.strerror or problem}") from problem
