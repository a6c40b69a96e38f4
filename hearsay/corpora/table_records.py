"""The records of one table of a corpus, wherever their audio is."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from hearsay.corpora.audio_files import ANY_SUFFIX, AudioFiles, audio_below
from hearsay.corpora.layouts import Layout
from hearsay.corpora.merged_tables import MergedTables
from hearsay.corpora.table_reader import Line, TableFile, TableReader
from hearsay.errors import BadRow
from hearsay.records.clip import ClipRow, LineReader
from hearsay.records.columns import account_of
from hearsay.records.schema import kept_beside_ours
from hearsay.records.table import DistinctCells, is_of_hearsay_header


def read_records(
    path: Path, layout: Layout, dataset: str | None = None, columns: Mapping[str, str] | None = None
) -> tuple[dict[str, ClipRow], str]:
    """The records of one table of a corpus by id, wherever their audio is, and the line that reports its columns.

    No more than one line of the table is in memory beside the records. Raises as `read_corpus` does, and `BadRow`.
    """
    folder = path.parent
    is_listed = any(
        place.endswith(ANY_SUFFIX) for place in layout.audio
    )  # a large corpus is not, for the time it takes
    audio = audio_below(folder) if is_listed else AudioFiles(())

    def find(places: Iterable[str]) -> str | None:
        places = list(places)
        return audio.find(places) or next((place for place in places if (folder / place).is_file()), None)

    merged = MergedTables()
    reader = TableReader(TableFile(folder, path.name, layout), find, dataset, columns or {})
    lines = reader.lines(merged)
    merged.check_renamed(path, columns or {})
    if is_of_hearsay_header(merged.columns):
        return _exported(path, reader, merged, lines)
    aside = kept_beside_ours([name for name in merged.columns if name != "dataset"])
    names = {name: aside.get(name, name) for name in merged.columns}
    row_of = LineReader(tuple(names.values()), range(len(names)))
    rows: dict[str, ClipRow] = {}
    for line in lines:
        if line.clip_id in rows:
            raise reader.twice(line)
        try:
            rows[line.clip_id] = row_of(line.clip_id, line.cells)
        except BadRow as problem:
            raise BadRow(f"{path}, line {line.number}: {problem}") from problem
    cells = {name: row_of.distinct(other) for name, other in names.items() if name != "dataset"} | {"filename": rows}
    if not any(cells["split"]):
        del cells["split"]  # not a column of the table
    account = account_of(DistinctCells(cells, rows), path.name, is_corpus=False)
    return rows, f"{account}{merged.account_of_names()} ({layout.title})"


def _exported(
    path: Path, reader: TableReader, merged: MergedTables, lines: Iterator[Line]
) -> tuple[dict[str, ClipRow], str]:
    """The records of a table that Hearsay exported, in which an empty column changes nothing."""
    for line in lines:
        if not merged.add(line.clip_id, line.cells):
            raise reader.twice(line)
    try:
        return merged.table().to_merge().rows(), ""
    except BadRow as problem:
        raise BadRow(f"{path}, {problem}") from problem
