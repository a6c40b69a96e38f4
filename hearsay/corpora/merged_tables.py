"""The lines of several tables of a corpus, merged by clip."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from hearsay.errors import BadTable
from hearsay.records.table import Table


class MergedTables:
    """The lines of several tables by clip id, in one order of columns, which begins with ``filename`` and ``split``.

    ``renamed`` has the names of clip records by those of the corpus, where they differ; ``seen`` are all columns of the
    tables.
    """

    def __init__(self) -> None:
        self.columns = ["filename", "split"]
        self.lines: dict[str, tuple[str, ...]] = {}
        self.renamed: dict[str, str] = {}
        self.seen: set[str] = set()

    def picker(self, sources: Mapping[str, int], empty: int) -> Callable[[Sequence[str]], tuple[str, ...]]:
        """A function that puts cells in the order of the columns; ``sources`` has the place of each column among them.

        New columns are added. A column that is not among the sources gets the cell at ``empty``.
        """
        self.columns += [name for name in sources if name not in self.columns]
        return itemgetter(*(sources.get(name, empty) for name in self.columns))

    def add(self, clip_id: str, line: tuple[str, ...]) -> bool:
        """Add a line; of a clip that an earlier table has, fill its empty cells and add the split.

        Returns False, and changes nothing, for a clip that the same table has in an earlier line.
        """
        if (known := self.lines.setdefault(clip_id, line)) is line:
            return True
        if known[1] == line[1]:
            return False
        padded = (*known, *[""] * (len(line) - len(known)))
        cells = [mine or other for mine, other in zip(padded, line, strict=True)]
        cells[1] = ",".join(filter(None, (known[1], line[1])))
        self.lines[clip_id] = tuple(cells)
        return True

    def check_renamed(self, place: object, columns: Mapping[str, str]) -> None:
        """Raise `BadTable` if none of the tables of ``place`` has one of the columns to be renamed."""
        if missing := sorted(columns.keys() - self.seen):
            raise BadTable(f"{place} has no column {', '.join(missing)}, which --column names")

    def account_of_names(self) -> str:
        """The renamed columns, as the end of the line that reports the columns; empty if there are none."""
        return (
            "; renamed: " + ", ".join(f"{own} to {name}" for own, name in self.renamed.items()) if self.renamed else ""
        )

    def table(self) -> Table:
        """All lines as a table; without the column of splits, if there are none."""
        width, empty = len(self.columns), ("",) * len(self.columns)
        for clip_id, line in self.lines.items():
            if len(line) < width:
                self.lines[clip_id] = (*line, *empty[len(line) :])
        has_split = any(line[1] for line in self.lines.values())
        there = [(name, at) for at, name in enumerate(self.columns) if has_split or at != 1]
        return Table(tuple(name for name, _ in there), self.lines, tuple(at for _, at in there))
