"""Where clips come from: a folder, or a table beside it, behind one seam."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from asr.errors import BadSource
from clips.errors import BadRow
from clips.files import AUDIO_SUFFIXES, find_audio
from clips.row import OUR_COLUMNS, ClipRow
from clips.table import EMPTY_TABLE, Table, read_csv

EXAMPLES: Final = 3
"""How many names an error shows."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip to be heard: what its corpus says of it, and how to get its bytes (None where it has no audio)."""

    row: ClipRow
    read: Callable[[], bytes] | None


@dataclass(frozen=True, slots=True)
class Listing:
    """The clips of a source in its order, its table, a sentence for each clip that cannot be one, and other files."""

    clips: tuple[Clip, ...]
    table: Table = EMPTY_TABLE
    rejected: tuple[str, ...] = ()
    passed_over: tuple[Path, ...] = ()


class ClipSource(Protocol):
    """A collection of clips. Listing reads no audio; a `Clip` may be read in any thread, and more than once."""

    def list(self) -> Listing:
        """Every clip, ids being unique; raises `BadSource` where there is nothing to hear."""
        ...


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Every audio file under a folder, by path; ids are ``DATASET/path under the folder``."""

    folder: Path
    dataset: str

    def list(self) -> Listing:
        clips: list[Clip] = []
        rejected: list[str] = []
        audio, others = sorted_files(self.folder)
        for path in audio:
            clip_id = f"{self.dataset}/{path.relative_to(self.folder).as_posix()}"
            try:
                clips.append(Clip(ClipRow(clip_id, dataset=self.dataset), path.read_bytes))
            except BadRow as problem:
                rejected.append(str(problem))
        if not clips:
            endings = ", ".join(sorted(AUDIO_SUFFIXES))
            raise BadSource(f"no audio under {self.folder}; files with these endings would be heard: {endings}")
        return Listing(tuple(clips), rejected=tuple(rejected), passed_over=tuple(others))


def sorted_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files under ``folder`` whose ending says sound, and the others; by path, hidden ones left out."""
    audio: list[Path] = []
    others: list[Path] = []
    for path in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not is_hidden and path.is_file():
            (audio if path.suffix.lower() in AUDIO_SUFFIXES else others).append(path)
    return audio, others


@dataclass(frozen=True, slots=True)
class CsvSource:
    """The rows of a CSV in their order, each matched to its file under a folder; ids are its ``filename`` cells."""

    folder: Path
    csv: Path
    dataset: str
    allow_missing: bool = False

    def list(self) -> Listing:
        table = read_csv(self.csv)
        clips = tuple(self._clip(row) for row in corpus_rows(table))
        missing = [clip.row.id for clip in clips if clip.read is None]
        if not clips:
            raise BadSource(f"{self.csv} has a header and no rows")
        if missing and not self.allow_missing:
            raise BadSource(
                f"{len(missing)} of {len(clips)} rows of {self.csv} have no file under {self.folder}, for example "
                f"{', '.join(missing[:EXAMPLES])}. Name the folder that the filenames are relative to, "
                "or add --allow-missing to take those rows without audio."
            )
        return Listing(clips, table)

    def _clip(self, row: ClipRow) -> Clip:
        path = find_audio(self.folder, row.id)
        return Clip(replace(row, dataset=self.dataset), path.read_bytes if path else None)


def corpus_rows(table: Table) -> Iterator[ClipRow]:
    """The table's rows without the columns that hearing fills, which a table written by an earlier run has."""
    own = Table(
        table.columns,
        {
            clip_id: {name: cell for name, cell in cells.items() if name not in OUR_COLUMNS}
            for clip_id, cells in table.cells.items()
        },
    )
    yield from own.rows().values()


def open_source(place: str, csv: Path | None, dataset: str | None, *, allow_missing: bool) -> ClipSource:
    """The source that a person's words mean; raises `BadSource` where there is no such folder."""
    if "://" in place:
        raise BadSource(f"{place}: clips are read from a folder of this machine; copy them there first")
    folder = Path(place).resolve()
    if not folder.is_dir():
        hint = "; name the folder that it is in" if folder.is_file() else ""
        raise BadSource(f"{place} is no folder{hint}")
    name = dataset or folder.name
    if csv is None:
        return FolderSource(folder, name)
    return CsvSource(folder, csv, name, allow_missing)
