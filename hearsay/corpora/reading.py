"""Reading of corpora: a folder is recognised by its layout, and its tables become one table of clips."""

import json
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from operator import itemgetter
from pathlib import Path
from typing import Final

from hearsay.audio.formats import has_audio_suffix
from hearsay.corpora.common_voice import DURATIONS, dataset_of, durations_of, seconds_of
from hearsay.corpora.layouts import LAYOUTS, Layout
from hearsay.corpora.tables import open_table
from hearsay.errors import BadRow, BadTable
from hearsay.records.clip import ClipRow, LineReader
from hearsay.records.columns import account_of
from hearsay.records.schema import kept_beside_ours
from hearsay.records.table import DistinctCells, Table, is_of_hearsay_header
from hearsay.text.format import counted

_ANY: Final = ".*"


@dataclass(frozen=True, slots=True)
class Corpus:
    """The clips of a folder in a known layout.

    The ``table`` has a line for each clip, and ``audio`` the path of its file under the folder, None without one.
    ``account`` is one line on what was recognised, and how each column is read. ``unnamed`` are audio files that no
    table names.
    """

    layout: Layout
    table: Table
    audio: Mapping[str, str | None]
    account: str
    unnamed: tuple[str, ...] = ()


class Gathered:
    """The lines of several tables by clip id, in one order of columns, which begins with ``filename`` and ``split``.

    ``renamed`` has the names of clip records by those of the corpus, where they differ.
    """

    def __init__(self) -> None:
        self.columns = ["filename", "split"]
        self.lines: dict[str, tuple[str, ...]] = {}
        self.renamed: dict[str, str] = {}

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

    def table(self) -> Table:
        """All lines as a table; without the column of splits, if there are none."""
        width, empty = len(self.columns), ("",) * len(self.columns)
        for clip_id, line in self.lines.items():
            if len(line) < width:
                self.lines[clip_id] = (*line, *empty[len(line) :])
        has_split = any(line[1] for line in self.lines.values())
        there = [(name, at) for at, name in enumerate(self.columns) if has_split or at != 1]
        return Table(tuple(name for name, _ in there), self.lines, tuple(at for _, at in there))


def recognised(folder: Path, files: Sequence[str], only: Layout | None = None) -> tuple[Layout, list[str]] | None:
    """The layout of a folder and its tables among its files, given as relative paths; None for a plain folder.

    ``only`` is the layout that was named. Raises `BadTable` if a table cannot be read.
    """
    audio = Audio(path for path in files if has_audio_suffix(path))
    for layout in (only,) if only else LAYOUTS:
        tables = [path for path in files if any(_matches(pattern, path) for pattern in layout.tables)]
        if kept := [path for path in tables if _is_of(layout, folder, path, audio)]:
            return layout, kept
    return None


def read_corpus(
    folder: Path,
    layout: Layout,
    tables: Sequence[str],
    files: Sequence[str],
    dataset: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Corpus:
    """All clips of a folder in this layout; ``columns`` maps further names of columns to those of clip records.

    A clip in several tables is one line, whose split names all of them. Raises `BadTable` for a table that cannot be
    read, a path that leads out of the folder, and a release without a name.
    """
    audio = Audio(path for path in files if has_audio_suffix(path))
    gathered, found = Gathered(), dict[str, str | None]()
    for path in tables:
        reader = TableReader(folder, path, layout, dataset, columns or {}, audio.find, is_one=_is_one(tables))
        for number, name, line in reader.lines(gathered):
            clip_id = line[0]
            if not gathered.add(clip_id, line):
                raise reader.twice(number, name)
            if clip_id not in found:
                found[clip_id] = audio.find(reader.places(name))
    if layout.format == "text":
        _add_audio_alone(gathered, found, audio, dataset or folder.resolve().name)
    table = gathered.table()
    named = frozenset(filter(None, found.values()))
    account = _account(layout, table, tables, folder, gathered.renamed) + _passed_over(layout, tables, files)
    return Corpus(layout, table, found, account, tuple(path for path in audio.paths if path not in named))


def read_records(
    path: Path, layout: Layout, dataset: str | None = None, columns: Mapping[str, str] | None = None
) -> tuple[dict[str, ClipRow], str]:
    """The records of one table of a corpus by id, wherever their audio is, and the line that reports its columns.

    No more than one line of the table is in memory beside the records. Raises as `read_corpus` does, and `BadRow`.
    """

    def find(places: Iterable[str]) -> str | None:
        return next((place for place in places if (path.parent / place).is_file()), None)

    gathered = Gathered()
    reader = TableReader(path.parent, path.name, layout, dataset, columns or {}, find)
    lines = reader.lines(gathered)
    if is_of_hearsay_header(gathered.columns):
        return _exported(path, reader, gathered, lines)
    aside = kept_beside_ours([name for name in gathered.columns if name != "dataset"])
    names = {name: aside.get(name, name) for name in gathered.columns}
    row_of = LineReader(tuple(names.values()), range(len(names)))
    rows: dict[str, ClipRow] = {}
    for number, name, line in lines:
        clip_id = line[0]
        if clip_id in rows:
            raise reader.twice(number, name)
        try:
            rows[clip_id] = row_of(clip_id, line)
        except BadRow as problem:
            raise BadRow(f"{path}, line {number}: {problem}") from problem
    cells = {name: row_of.distinct(other) for name, other in names.items() if name != "dataset"} | {"filename": rows}
    account = account_of(DistinctCells(cells, rows), path.name, is_corpus=False)
    return rows, f"{account} ({layout.title})"


def _exported(
    path: Path, reader: "TableReader", gathered: Gathered, lines: Iterator[tuple[int, str, tuple[str, ...]]]
) -> tuple[dict[str, ClipRow], str]:
    """The records of a table that Hearsay exported, in which an empty column changes nothing."""
    for number, name, line in lines:
        if not gathered.add(line[0], line):
            raise reader.twice(number, name)
    try:
        return gathered.table().to_merge().rows(), ""
    except BadRow as problem:
        raise BadRow(f"{path}, {problem}") from problem


def layout_of_table(path: Path) -> Layout | None:
    """The layout whose needed columns a table has, by the suffix of its name; None if it is none of them."""
    suffix = path.suffix.lower()
    for layout in LAYOUTS:
        is_format = suffix in _SUFFIXES.get(layout.format, ())
        if is_format and layout.needs and not layout.names_dataset and layout.needs <= set(_header(path, layout)):
            return layout
    return None


_SUFFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "tsv": (".tsv",),
    "csv": (".csv",),
    "jsonl": (".json", ".jsonl", ".ndjson"),
    "parquet": (".parquet",),
}


class Audio:
    """The audio files of a folder, found by path or by path without suffix."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = tuple(paths)
        self._there = frozenset(self.paths)
        self._by_stem: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = {}

    def find(self, places: Iterable[str]) -> str | None:
        """The first of the places at which there is a file; None without one."""
        for place in places:
            if place in self._there:
                return place
            if place.endswith(_ANY) and (path := self._alone(place.removesuffix(_ANY))):
                return path
        return None

    def _alone(self, stem: str) -> str | None:
        """The only file with this path except for its suffix; anywhere, if the path begins with ``**/``."""
        if not self._by_stem:
            for path in self.paths:
                bare = posixpath.splitext(path)[0]
                self._by_stem.setdefault(bare, []).append(path)
                self._by_name.setdefault(posixpath.basename(bare), []).append(path)
        name = stem.removeprefix("**/")
        found = (self._by_stem if name == stem else self._by_name).get(name, [])
        return found[0] if len(found) == 1 else None


class TableReader:
    """Reads one table of a corpus into the lines of all of them."""

    def __init__(
        self,
        root: Path,
        path: str,
        layout: Layout,
        dataset: str | None,
        columns: Mapping[str, str],
        find: Callable[[Iterable[str]], str | None],
        *,
        is_one: bool = True,
    ) -> None:
        self._find = find
        self._root, self._path, self._layout = root, root / path, layout
        self._relative = path
        self._folder = posixpath.dirname(path)
        self._asked = columns
        self._is_named = dataset is not None
        self._dataset = self._named(dataset, is_one=is_one)
        split = re.search(layout.split, path) if layout.split else None
        self._split = split[1] if split else ""

    def places(self, name: str) -> Iterator[str]:
        """Where the audio of a clip may be, relative to the root."""
        for place in self._layout.audio:
            yield place.format(folder=self._folder, name=name).lstrip("/")

    def lines(self, gathered: Gathered) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        """The number of each line, the clip's name in it, and its cells in the order of the gathered columns.

        The columns of this table are added to these at once, before the first line is read.
        """
        columns, lines = open_table(self._path, self._layout.format, self._layout.header)
        names, at, ids = self._names(columns)
        length_of, speaker_of = self._durations(columns, names), self._speaker_of(names)
        width = len(columns)
        has_dataset = ids is not None and "dataset" in names and not self._is_named
        derived = {"filename": width} | ({} if has_dataset else {"dataset": width + 1})
        derived |= {} if "split" in names else {"split": width + 2}
        derived |= {"duration": width + 3} if length_of else {}
        derived |= {"speaker": width + 4} if speaker_of else {}
        sources = {name: cell for cell, name in enumerate(names) if name and name not in derived} | derived
        pick = gathered.picker(sources, width + 5)
        gathered.renamed |= {own: name for own, name in zip(columns, names, strict=True) if name and name != own}
        gathered.renamed |= {} if columns[at] == "filename" else {columns[at]: "filename"}

        def read() -> Iterator[tuple[int, str, tuple[str, ...]]]:
            dataset, split = self._dataset, self._split
            for number, cells in lines:
                name = cells[at]
                if ids is None and (not name or "/" in name or name[0] == "."):
                    name = self._inside(name, columns[at], number)
                clip_id = (cells[ids] if ids is not None else "") or self._id_of(name)
                length = length_of(name, cells) if length_of else ""
                speaker = speaker_of(name) if speaker_of else ""
                yield (
                    number,
                    name,
                    pick([*cells, clip_id, dataset or clip_id.partition("/")[0], split, length, speaker, ""]),
                )

        return read()

    def twice(self, number: int, name: str) -> BadTable:
        """The error of a clip that is in two lines."""
        return BadTable(f"{self._path}, line {number}: {name} is also in an earlier line; keep one of them")

    def _durations(
        self, columns: Sequence[str], names: Sequence[str | None]
    ) -> Callable[[str, Sequence[str]], str] | None:
        """A function that returns the seconds of a clip by name and cells; None if the table or nothing has them."""
        if self._layout.milliseconds in columns:
            at = columns.index(self._layout.milliseconds)
            return lambda _, cells: seconds_of(cells[at])
        if not self._layout.of_release or "duration" in names or not (known := durations_of(self._path.parent)):
            return None
        return lambda name, _: known.get(name, "")

    def _speaker_of(self, names: Sequence[str | None]) -> Callable[[str], str] | None:
        """A function that returns the speaker by the name of a clip, in layouts whose names have it."""
        if not self._layout.speaker or "speaker" in names:
            return None
        found = re.compile(self._layout.speaker)
        return lambda name: match[1] if (match := found.match(name)) else ""

    def _named(self, dataset: str | None, *, is_one: bool) -> str:
        """The dataset; empty if the names of clips begin with it. Raises `BadTable` for a release without a name."""
        folder = self._path.parent
        if not self._layout.of_release:
            return dataset or ("" if self._layout.names_dataset else self._root.resolve().name)
        if dataset:
            return dataset if is_one else f"{dataset}-{folder.name}"
        if found := dataset_of(folder):
            return found
        raise BadTable(
            f"{folder} is {self._layout.title}, but neither its name nor that of the folder above it is that of a "
            "release, such as cv-corpus-27.0-2026-09-11; name the dataset: --dataset RELEASE-LOCALE"
        )

    def _names(self, columns: Sequence[str]) -> tuple[list[str | None], int, int | None]:
        """The names of the columns in clip records, the place of the clip's name, and that of its id, if there is one.

        Of two columns for one name, the first has it. A table that Hearsay exported has the id of each clip beside the
        path of its file.
        """
        mapping = {**self._layout.columns, **self._asked}
        path = next((column for column in columns if mapping.get(column) == "filename"), "filename")
        if path not in columns:
            raise BadTable(f"{self._path} has no column {path}; its columns are: {', '.join(columns)}")
        names: list[str | None] = []
        for column in columns:
            name = mapping.get(column, column)
            is_taken = name in names or (name != column and name in columns)
            names.append(None if "filename" in (name, column) else (column if is_taken else name) or None)
        if doubled := {name for name in names if name and names.count(name) > 1}:
            raise BadTable(f"{self._path} has more than one column {', '.join(sorted(doubled))}; rename all but one")
        is_exported = path != "filename" and "filename" in columns
        return names, columns.index(path), columns.index("filename") if is_exported else None

    def _id_of(self, name: str) -> str:
        """The id of a clip: the dataset, and the path of its file under the source, or under the folder of a locale."""
        if self._layout.names_dataset:
            return name
        places = list(self.places(name))
        path = (self._find(places) if len(places) > 1 or places[0].endswith(_ANY) else None) or places[0]
        if self._layout.of_release and self._folder:
            path = path.removeprefix(f"{self._folder}/")
        return f"{self._dataset}/{path.removesuffix(_ANY)}"

    def _inside(self, name: str, column: str, number: int) -> str:
        """A path relative to the table's folder; raises `BadTable` for an empty one, and one out of the source."""
        if not name:
            raise BadTable(f"{self._path}, line {number}: the {column} is empty")
        root, folder = str(self._root.resolve()), posixpath.join(str(self._root.resolve()), self._folder)
        whole = posixpath.normpath(posixpath.join(folder, name))
        if not whole.startswith(f"{root.rstrip('/')}/"):
            raise BadTable(f"{self._path}, line {number}: {name} leads outside {self._root}; move the file into it")
        return posixpath.relpath(whole, folder)


def _is_one(tables: Iterable[str]) -> bool:
    return len({posixpath.dirname(path) for path in tables}) == 1


def _is_of(layout: Layout, folder: Path, path: str, audio: Audio) -> bool:
    """Whether a table has the needed columns; one without a header must name a clip that is there."""
    if layout.header is None:
        return layout.needs <= set(_header(folder / path, layout))
    if layout.format == "text":
        stem = posixpath.splitext(path)[0]
        return audio.find([f"{stem}{_ANY}"]) is not None
    reader = TableReader(folder, path, layout, "-", {}, audio.find)
    with suppress(BadTable, StopIteration):
        _, lines = open_table(folder / path, layout.format, layout.header)
        return audio.find(reader.places(next(lines)[1][0])) is not None
    return False


def _header(path: Path, layout: Layout) -> Collection[str]:
    """The columns of a table; none if it cannot be read in this format."""
    if layout.format == "jsonl":
        return _first_members(path)
    try:
        return open_table(path, layout.format, layout.header)[0]
    except BadTable:
        return ()


def _first_members(path: Path) -> Collection[str]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            members = json.loads(file.readline())
    except (OSError, ValueError, RecursionError):
        return ()
    return members if isinstance(members, dict) else ()


def _matches(pattern: str, path: str) -> bool:
    """Whether a path matches a pattern; ``**/`` at its beginning is any number of folders."""
    wanted, parts = pattern.split("/"), path.split("/")
    if wanted[0] == "**":
        return fnmatchcase(parts[-1], wanted[-1])
    return len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))


def _add_audio_alone(gathered: Gathered, found: dict[str, str | None], audio: Audio, dataset: str) -> None:
    """Rename clips with a text after their files, and add those without one."""
    texts = {path: gathered.lines[clip_id] for clip_id, path in found.items() if path is not None}
    gathered.lines.clear()
    found.clear()
    empty = {"dataset": dataset}
    for path in audio.paths:
        clip_id = f"{dataset}/{path}"
        cells = texts.get(path) or tuple(empty.get(name, "") for name in gathered.columns)
        gathered.lines[clip_id], found[clip_id] = (clip_id, *cells[1:]), path


def _account(layout: Layout, table: Table, tables: Sequence[str], folder: Path, renamed: Mapping[str, str]) -> str:
    shown = ", ".join(tables[:6]) + (f", … ({len(tables)} in all)" if len(tables) > 6 else "")
    datasets = sorted(set(table.column("dataset"))) if table.lines else []
    columns = account_of(table.without({"dataset"}), "", is_corpus=True).removeprefix(": ")
    names = "; renamed: " + ", ".join(f"{own} to {name}" for own, name in renamed.items()) if renamed else ""
    what = "texts" if layout.format == "text" else "tables" if len(tables) != 1 else "table"
    speakers = _speakers(table)
    return (
        f"recognised {layout.title} in {folder}: {counted(len(table.lines), 'clip')}{speakers} of the dataset "
        f"{' and '.join(datasets)}, {what} {shown}{names}; {columns}"
    )


def _speakers(table: Table) -> str:
    if "speaker" not in table.columns:
        return ""
    number = len(set(table.column("speaker")) - {""})
    return f" by {counted(number, 'speaker')}" if number else ""


def _passed_over(layout: Layout, tables: Sequence[str], files: Sequence[str]) -> str:
    others = [
        path
        for path in files
        if path not in tables
        and layout.format != "text"
        and posixpath.basename(path) != DURATIONS
        and any(_matches(pattern, path) for pattern in layout.tables)
    ]
    return f"; tables without clips, left out: {', '.join(others)}" if others else ""
