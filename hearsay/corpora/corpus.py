"""The clips of a corpus: all tables of a folder in a known layout as one table, with the audio of each clip."""

import posixpath
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hearsay.audio.formats import has_audio_suffix
from hearsay.corpora.audio_files import AudioFiles
from hearsay.corpora.common_voice import DURATIONS
from hearsay.corpora.layouts import Layout
from hearsay.corpora.merged_tables import MergedTables
from hearsay.corpora.recognition import tables_in
from hearsay.corpora.table_reader import TableFile, TableReader
from hearsay.errors import BadTable
from hearsay.records.columns import account_of
from hearsay.records.table import Table
from hearsay.text.format import counted


@dataclass(frozen=True, slots=True)
class Corpus:
    """The clips of a folder in a known layout.

    The ``table`` has a line for each clip, and ``audio`` the path of its file under the folder, or None.
    ``account`` is one line that reports what was recognised and how each column is read. ``unnamed`` are audio files
    that no table names.
    """

    layout: Layout
    table: Table
    audio: Mapping[str, str | None]
    account: str
    unnamed: tuple[str, ...] = ()


def read_corpus(
    folder: Path,
    layout: Layout,
    tables: Sequence[str],
    files: Sequence[str],
    dataset: str | None = None,
    columns: Mapping[str, str] | None = None,
    place: str = "",
) -> Corpus:
    """All clips of a folder in this layout; ``columns`` maps additional column names to those of clip records.

    ``place`` is what the account calls the folder, if the tables in it are copies. A clip in several tables is one
    line, whose split names all of them. Raises `BadTable` for a table that cannot be read, a path that leads out of the
    folder, two clips with the same file, and a release without a name.
    """
    audio = AudioFiles(path for path in files if has_audio_suffix(path))
    merged, found = MergedTables(), dict[str, str | None]()
    has_locales = layout.of_release and len(set(map(posixpath.dirname, tables))) > 1
    for path in tables:
        table = TableFile(folder, path, layout)
        name = f"{dataset}-{table.file.parent.name}" if dataset and has_locales else dataset
        reader = TableReader(table, audio.find, name, columns or {})
        for line in reader.lines(merged):
            if not merged.add(line.clip_id, line.cells):
                raise reader.twice(line)
            if line.clip_id not in found:
                found[line.clip_id] = audio.find(table.audio_places(line.name))
    merged.check_renamed(folder, columns or {})
    if layout.format == "text":
        _add_audio_alone(merged, found, audio, dataset or folder.resolve().name)
    whole = merged.table()
    named = frozenset(filter(None, found.values()))
    if len(named) < sum(path is not None for path in found.values()):
        raise BadTable(_named_twice(found))
    account = _account(layout, whole, tables, place or str(folder), merged.account_of_names())
    account += _passed_over(layout, tables, files)
    return Corpus(layout, whole, found, account, tuple(path for path in audio.paths if path not in named))


def _named_twice(found: Mapping[str, str | None]) -> str:
    """The error for a file of several clips, of which each would get the transcript of the same audio."""
    clips_of: dict[str, list[str]] = defaultdict(list)
    for clip_id, path in found.items():
        if path is not None:
            clips_of[path].append(clip_id)
    path, clips = next((path, clips) for path, clips in clips_of.items() if len(clips) > 1)
    return f"several lines of the tables name the file {path}: {', '.join(clips)}; keep one line per file"


def _add_audio_alone(merged: MergedTables, found: dict[str, str | None], audio: AudioFiles, dataset: str) -> None:
    """Give clips with a text the names of their audio files, and add audio files without a text."""
    texts = {path: merged.lines[clip_id] for clip_id, path in found.items() if path is not None}
    merged.lines.clear()
    found.clear()
    empty = {"dataset": dataset}
    for path in audio.paths:
        clip_id = f"{dataset}/{path}"
        cells = texts.get(path) or tuple(empty.get(name, "") for name in merged.columns)
        merged.lines[clip_id], found[clip_id] = (clip_id, *cells[1:]), path


def _account(layout: Layout, table: Table, tables: Sequence[str], folder: str, names: str) -> str:
    """One line that reports what was recognised: clips, speakers, dataset, tables and columns."""
    shown = ", ".join(tables[:6]) + (f", … ({len(tables)} in all)" if len(tables) > 6 else "")
    datasets = sorted(set(table.column("dataset"))) if table.lines else []
    speakers = len(set(table.column("speaker")) - {""}) if "speaker" in table.columns else 0
    by_speakers = f" by {counted(speakers, 'speaker')}" if speakers else ""
    columns = account_of(table.without({"dataset"}), "", is_corpus=True).removeprefix(": ")
    what = "texts" if layout.format == "text" else "tables" if len(tables) != 1 else "table"
    return (
        f"recognised {layout.title} in {folder}: {counted(len(table.lines), 'clip')}{by_speakers} of the dataset "
        f"{' and '.join(datasets)}, {what} {shown}{names}; {columns}"
    )


def _passed_over(layout: Layout, tables: Sequence[str], files: Sequence[str]) -> str:
    """The tables of the layout without clips, for the account; text files without audio do not count."""
    if layout.format == "text":
        return ""
    others = [path for path in tables_in(files, layout) if path not in tables and posixpath.basename(path) != DURATIONS]
    return f"; tables without clips, left out: {', '.join(others)}" if others else ""
