"""Reads one table of a corpus: its lines with the columns of clip records, and the ids of its clips."""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

from hearsay.corpora.audio_files import ANY_SUFFIX, FindAudio
from hearsay.corpora.common_voice import dataset_of, durations_of, seconds_of
from hearsay.corpora.layouts import Layout
from hearsay.corpora.librispeech import genders_of
from hearsay.corpora.merged_tables import MergedTables
from hearsay.corpora.tables import open_table
from hearsay.errors import BadTable
from hearsay.records.delimited import Lines

CellOf: TypeAlias = Callable[[str, Sequence[str]], str]
"""Returns a cell of a clip by the clip's name and its other cells."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table of a corpus in a known layout; its ``path`` is relative to the ``root`` of the corpus."""

    root: Path
    path: str
    layout: Layout

    @property
    def file(self) -> Path:
        """The file itself."""
        return self.root / self.path

    @property
    def folder(self) -> str:
        """The folder of the table, relative to the root; empty if it is the root."""
        return posixpath.dirname(self.path)

    def audio_places(self, name: str) -> Iterator[str]:
        """Possible paths of the audio of a clip, relative to the root."""
        for place in self.layout.audio:
            yield place.format(folder=self.folder, name=name).lstrip("/")


class Line(NamedTuple):
    """A line of a table: its number, the clip's name in it, and its cells in the order of the merged columns."""

    number: int
    name: str
    cells: tuple[str, ...]

    @property
    def clip_id(self) -> str:
        """The id of the clip, from the first column."""
        return self.cells[0]


class TableReader:
    """Reads one table of a corpus into the lines of all of them.

    ``find`` returns the audio file of a clip. ``dataset`` is the name of the dataset, None to take it from the folder;
    ``columns`` maps further names of columns to those of clip records. Raises `BadTable` for a release without a name.
    """

    def __init__(self, table: TableFile, find: FindAudio, dataset: str | None, columns: Mapping[str, str]) -> None:
        self._table, self._layout, self._find = table, table.layout, find
        self._renamed = columns
        by_layout = {own: name for own, name in table.layout.columns.items() if name not in columns.values()}
        self._mapping = {**by_layout, **columns}
        self._is_named = dataset is not None
        self._dataset = dataset or self._default_dataset()
        self._split = self._split_of(table.path) or self._split_of(f"{table.root.resolve().name}/{table.path}")

    def _split_of(self, path: str) -> str:
        """The split that the path of the table names; empty if it names none."""
        found = re.search(self._layout.split, path) if self._layout.split else None
        return found[1] if found else ""

    def lines(self, merged: MergedTables) -> Iterator[Line]:
        """The lines of the table; its columns are added to the merged ones before the first line is read."""
        columns, lines = open_table(self._table.file, self._layout.format, self._layout.header)
        merged.seen.update(columns)
        names, at, ids = self._names(columns)
        length_of, speaker_of = self._durations(columns, names), self._speaker_of(names)
        width = len(columns)
        has_dataset = ids is not None and "dataset" in names and not self._is_named
        derived = {"filename": width} | ({} if has_dataset else {"dataset": width + 1})
        derived |= {} if "split" in names else {"split": width + 2}
        derived |= {"duration": width + 3} if length_of else {}
        derived |= {"speaker": width + 4} if speaker_of else {}
        genders = genders_of(self._table.root) if speaker_of and self._layout.has_speakers else {}
        derived |= {"gender": width + 5} if genders else {}
        sources = {name: cell for cell, name in enumerate(names) if name and name not in derived} | derived
        pick = merged.picker(sources, width + 6)
        merged.renamed |= {own: name for own, name in zip(columns, names, strict=True) if name and name != own}
        merged.renamed |= {} if columns[at] == "filename" else {columns[at]: "filename"}

        def read() -> Iterator[Line]:
            dataset, split = self._dataset, self._split
            for number, cells in self._of_whole_files(columns, lines):
                name = cells[at]
                if ids is None and (not name or "/" in name or name[0] == "."):
                    name = self._inside(name, columns[at], number)
                clip_id = (cells[ids] if ids is not None else "") or self._id_of(name)
                length = length_of(name, cells) if length_of else ""
                speaker = speaker_of(name) if speaker_of else ""
                own = (clip_id, dataset or clip_id.partition("/")[0], split, length, speaker, genders.get(speaker, ""))
                yield Line(number, name, pick([*cells, *own, ""]))

        return read()

    def twice(self, line: Line) -> BadTable:
        """The error for a clip that is in two lines."""
        return BadTable(
            f"{self._table.file}, line {line.number}: {line.name} is also in an earlier line; keep one of them"
        )

    def _of_whole_files(self, columns: Sequence[str], lines: Lines) -> Lines:
        """The lines; raises `BadTable` for a part of a file, whose times would be those of another recording."""
        if self._layout.offset not in columns:
            return lines
        at = columns.index(self._layout.offset)

        def checked() -> Lines:
            for number, cells in lines:
                if cells[at].strip() and cells[at].strip().strip("0.") != "":
                    raise BadTable(
                        f"{self._table.file}, line {number}: {self._layout.offset} is {cells[at]}, but clips are whole "
                        "files; cut the audio into one file per line"
                    )
                yield number, cells

        return checked()

    def _default_dataset(self) -> str:
        """The dataset of a table without a given one; empty if the names of clips begin with it."""
        if not self._layout.of_release:
            return "" if self._layout.names_dataset else self._table.root.resolve().name
        folder = self._table.file.parent
        if found := dataset_of(folder):
            return found
        raise BadTable(
            f"{folder} is {self._layout.title}, but neither its name nor that of the folder above it is that of a "
            "release, such as cv-corpus-27.0-2026-09-11; name the dataset: --dataset RELEASE-LOCALE"
        )

    def _names(self, columns: Sequence[str]) -> tuple[list[str | None], int, int | None]:
        """The columns' names in clip records, the position of the clip's name, and that of its id if there is one.

        Of two columns for one name, the first has it. Raises `BadTable` if the other one was to be renamed by request.
        A table that Hearsay exported has the id of each clip beside the path of its file.
        """
        mapping, file = self._mapping, self._table.file
        path = next((column for column in columns if mapping.get(column) == "filename"), "filename")
        if path not in columns:
            raise BadTable(f"{file} has no column {path}; its columns are: {', '.join(columns)}")
        names: list[str | None] = []
        for column in columns:
            name = mapping.get(column, column)
            is_taken = name in names or (name != column and name in columns and mapping.get(name, name) == name)
            if is_taken and column in self._renamed:
                raise BadTable(
                    f"{file} has another column {name}, so {column} cannot be read as {name}; rename that one, too, "
                    f"with --column {name}=OTHER"
                )
            names.append(None if "filename" in (name, column) else (column if is_taken else name) or None)
        if doubled := {name for name in names if name and names.count(name) > 1}:
            raise BadTable(f"{file} has more than one column {', '.join(sorted(doubled))}; rename all but one")
        is_exported = path != "filename" and "filename" in columns
        return names, columns.index(path), columns.index("filename") if is_exported else None

    def _durations(self, columns: Sequence[str], names: Sequence[str | None]) -> CellOf | None:
        """A function from a clip's name and cells to its duration; None if the table has durations, or nothing has."""
        if self._layout.milliseconds in columns:
            at = columns.index(self._layout.milliseconds)
            return lambda _, cells: seconds_of(cells[at])
        if not self._layout.of_release or "duration" in names:
            return None
        known = durations_of(self._table.file.parent)
        # Each is needed once; kept to the end, the names of a million clips would take 100 MB.
        return (lambda name, _: known.pop(name, "")) if known else None

    def _speaker_of(self, names: Sequence[str | None]) -> Callable[[str], str] | None:
        """A function from a clip's name to its speaker, in layouts in which names contain the speaker."""
        if not self._layout.speaker or "speaker" in names:
            return None
        found = re.compile(self._layout.speaker)
        return lambda name: match[1] if (match := found.match(name)) else ""

    def _id_of(self, name: str) -> str:
        """The id of a clip: the dataset, and the path of its file under the source, or under the folder of a locale."""
        if self._layout.names_dataset:
            return name
        places = list(self._table.audio_places(name))
        path = (self._find(places) if len(places) > 1 or places[0].endswith(ANY_SUFFIX) else None) or places[0]
        if self._layout.of_release and self._table.folder:
            path = path.removeprefix(f"{self._table.folder}/")
        return f"{self._dataset}/{path.removesuffix(ANY_SUFFIX)}"

    def _inside(self, name: str, column: str, number: int) -> str:
        """A path relative to the table's folder; raises `BadTable` if it is empty or outside the source."""
        where = f"{self._table.file}, line {number}"
        if not name:
            raise BadTable(f"{where}: the {column} is empty")
        root = str(self._table.root.resolve())
        folder = posixpath.join(root, self._table.folder)
        whole = posixpath.normpath(posixpath.join(folder, name))
        if not whole.startswith(f"{root.rstrip('/')}/"):
            raise BadTable(f"{where}: {name} leads outside {self._table.root}; move the file into it")
        return posixpath.relpath(whole, folder)
