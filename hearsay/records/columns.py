"""How each column of a table is read, and the line that reports it."""

from collections.abc import Iterable, Iterator, Mapping

from hearsay.records.schema import CORPUS_COLUMNS, MISSING, OUR_COLUMNS, READ_AS_IT_STANDS, kept_aside, kept_beside_ours
from hearsay.records.table import Table


def corpus_table(table: Table) -> Table:
    """The table without the columns that Hearsay fills: in its own tables they are left out, else kept aside."""
    if table.is_of_hearsay:
        return table.without(OUR_COLUMNS)
    return table.renamed(names) if (names := kept_aside(table.columns)) else table


def account_of(table: Table, name: str, *, is_corpus: bool) -> str:
    """One line: what each of the table's columns is read as.

    ``is_corpus`` is the table of a corpus that is decoded, whose columns are never taken as those of Hearsay.
    """
    return f"{name}: " + "; ".join(_parts(table, is_corpus=is_corpus))


def _parts(table: Table, *, is_corpus: bool) -> Iterator[str]:
    empty = set(table.empty_columns()) if table.cells else set()
    filled = [name for name in table.columns if name not in empty]
    aside = {} if table.is_of_hearsay else (kept_aside if is_corpus else kept_beside_ours)(table.columns)
    ours = [name for name in filled if name in OUR_COLUMNS and name not in aside]
    kinds: tuple[tuple[str, Iterable[str]], ...] = (
        ("clip", ["filename"]),
        ("reference", [name for name in filled if name == "text"]),
        ("about the clip", [name for name in filled if name in CORPUS_COLUMNS and name not in ("filename", "text")]),
        ("written anew by this run" if is_corpus else "Hearsay's own columns", ours),
        ("kept beside Hearsay's own", [f"{name} as {aside[name]}" for name in filled if name in aside]),
        ("other columns (searched as extra.NAME)", [name for name in filled if _is_other(name, aside)]),
        ("empty", [name for name in table.columns if name in empty]),
    )
    yield from (f"{kind}: {', '.join(map(_shown, names))}" for kind, names in kinds if names)
    if table.unnamed:
        yield f"skipped: {table.unnamed} without a name"
    if missing := _missing(table, filled, aside):
        yield f"read as empty: {', '.join(missing)}"
    if doubtful := _found(table, "text"):
        yield f"taken as text: {', '.join(doubtful)} in text (empty the cell if there is no reference)"


def _is_other(name: str, aside: Mapping[str, str]) -> bool:
    return name not in CORPUS_COLUMNS and name not in OUR_COLUMNS and name not in aside


def _shown(name: str) -> str:
    return name if name == name.strip() else repr(name)


def _missing(table: Table, filled: Iterable[str], aside: Mapping[str, str]) -> list[str]:
    known = [name for name in filled if name in {*CORPUS_COLUMNS, *OUR_COLUMNS} - {*READ_AS_IT_STANDS, *aside}]
    return [f"{', '.join(found)} in {name}" for name in known if (found := _found(table, name))]


def _found(table: Table, name: str) -> list[str]:
    """The ways of writing *missing* that a column has."""
    if name not in table.columns:
        return []
    there = {cells[name].strip() for cells in table.cells.values()}
    return sorted(cell for cell in there if cell.casefold() in MISSING)
