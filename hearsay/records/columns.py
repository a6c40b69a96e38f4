"""How each column of a table is read, and the line that reports it."""

from typing import Final

from hearsay.records.schema import (
    AGREEMENT,
    CORPUS_COLUMNS,
    MISSING,
    OUR_COLUMNS,
    READ_AS_IT_STANDS,
    is_ours,
    kept_aside,
    kept_beside_ours,
)
from hearsay.records.table import DistinctCells, Table

_LONGEST_MISSING: Final = 20
"""Cells with fewer characters, including surrounding spaces, may be markers of missing values."""


def corpus_table(table: Table) -> Table:
    """The table without the columns that Hearsay fills: omitted from its own tables, otherwise renamed."""
    if table.is_of_hearsay:
        return table.without(set(filter(is_ours, table.columns)))
    return table.renamed(names) if (names := kept_aside(table.columns)) else table


def account_of(table: Table | DistinctCells, name: str, *, is_corpus: bool) -> str:
    """One line: what each of the table's columns is read as.

    ``is_corpus`` is the table of a corpus that is decoded, whose columns are never taken as those of Hearsay.
    """
    empty = set(table.empty_columns()) if table.lines else set()
    filled = [name for name in table.columns if name not in empty]
    aside = {} if table.is_of_hearsay else (kept_aside if is_corpus else kept_beside_ours)(table.columns)
    ours = [name for name in filled if is_ours(name) and name != AGREEMENT and name not in aside]
    kinds: tuple[tuple[str, list[str]], ...] = (
        ("clip", ["filename"]),
        ("reference", [name for name in filled if name == "text"]),
        ("metadata", [name for name in filled if name in CORPUS_COLUMNS and name not in ("filename", "text")]),
        ("replaced by this run" if is_corpus else "Hearsay's own columns", ours),
        ("computed again", [name for name in filled if name == AGREEMENT and name not in aside]),
        ("kept under another name", [f"{name} as {aside[name]}" for name in filled if name in aside]),
        (
            "other columns (searched as extra.NAME)",
            [name for name in filled if name not in {*CORPUS_COLUMNS, *aside} and not is_ours(name)],
        ),
        ("empty", [name for name in table.columns if name in empty]),
    )
    parts = [f"{kind}: {', '.join(map(_shown, names))}" for kind, names in kinds if names]
    if table.unnamed:
        parts.append(f"skipped: {table.unnamed} without a name")
    known = [column for column in filled if column in {*CORPUS_COLUMNS, *OUR_COLUMNS} - {*READ_AS_IT_STANDS, *aside}]
    if missing := [f"{', '.join(found)} in {column}" for column in known if (found := _found(table, column))]:
        parts.append(f"read as empty: {', '.join(missing)}")
    if doubtful := _found(table, "text"):
        parts.append(
            f"read as words of the reference: {', '.join(doubtful)} in text (empty the cell if there is no reference)"
        )
    return f"{name}: {'; '.join(parts)}"


def _shown(name: str) -> str:
    """A name that may contain spaces at its ends, line breaks or control characters, on one line."""
    return name if name == name.strip() and name.isprintable() else repr(name)


def _found(table: Table | DistinctCells, name: str) -> list[str]:
    """The markers of missing values that occur in a column."""
    if name not in table.columns:
        return []
    short = {cell for cell in table.column(name) if len(cell) < _LONGEST_MISSING}
    return sorted({bare for cell in short if (bare := cell.strip()).casefold() in MISSING})
