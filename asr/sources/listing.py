"""Sources of clips: a folder or a bucket, with or without a table, behind one interface."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import Final, Protocol

from asr.errors import BadSource
from asr.sources.stamps import stamp_of
from hearsay.audio.formats import AUDIO_SUFFIXES, has_audio_suffix
from hearsay.audio.headerless import SUFFIXES as HEADERLESS_SUFFIXES
from hearsay.audio.headerless import Headerless
from hearsay.errors import BadRow
from hearsay.records.clip import ClipRow
from hearsay.records.table import EMPTY_TABLE, Table
from hearsay.text.format import counted

EXAMPLES: Final = 6
"""Remarks that are printed; further ones are counted."""

Reader = Callable[[], bytes]
"""Reads the bytes of a file, in any thread and more than once; raises `OSError` with a message on failure."""

Stamp = Callable[[], str]
"""Identifies a file's state without reading it: an equal stamp means an unchanged file. Empty if unknown."""


def no_stamp() -> str:
    """The stamp of a file that has to be read to detect a change."""
    return ""


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip to process: its columns in the corpus, and a reader of its bytes (None if it has no audio).

    ``transcribed`` is its earlier record if the transcript in it is kept, except that failed pieces are retried;
    ``tagged`` is its earlier record if the emotion in it is kept, ``seconded`` if its transcript by a second model is,
    except for failed pieces. ``stamp`` is called before the clip is read.
    """

    row: ClipRow
    read: Reader | None
    transcribed: ClipRow | None = None
    tagged: ClipRow | None = None
    seconded: ClipRow | None = None
    stamp: Stamp = no_stamp


@dataclass(frozen=True, slots=True)
class Listing:
    """The clips of a source in order, its table, a message per file that cannot be a clip, and other files.

    ``left_out`` are linked folders that were not followed. ``remarks`` are messages about accepted clips, ``account``
    is one about the columns of the table.
    """

    clips: tuple[Clip, ...]
    table: Table = EMPTY_TABLE
    rejected: tuple[str, ...] = ()
    passed_over: tuple[PurePath, ...] = ()
    left_out: tuple[PurePath, ...] = ()
    remarks: tuple[str, ...] = ()
    account: str = ""


class ClipSource(Protocol):
    """A collection of clips. Listing reads no audio; a `Clip` may be read in any thread, and more than once."""

    def list(self) -> Listing:
        """All clips, with unique ids; raises `BadSource` if there are none."""
        ...


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Every audio file under a folder, by path; ids are ``DATASET/path under the folder``.

    Files without a header are read as ``headerless``, and left out without it.
    """

    folder: Path
    dataset: str
    headerless: Headerless | None = None

    def list(self) -> Listing:
        files, left_out = walk(self.folder)
        listing = replace(self.listing_of(files), left_out=tuple(path.relative_to(self.folder) for path in left_out))
        check_not_empty(listing, str(self.folder))
        return listing

    def listing_of(self, files: Collection[Path]) -> Listing:
        """The clips among some of the folder's files."""
        readers = {path: reader for path in files if (reader := self._reader(path))}
        named = (
            (path.relative_to(self.folder).as_posix(), read, partial(stamp_of, path)) for path, read in readers.items()
        )
        return listing_of_files(named, self.dataset, (path for path in files if path not in readers))

    def _reader(self, path: Path) -> Reader | None:
        form = self.headerless
        if form is not None and path.suffix.lower() in HEADERLESS_SUFFIXES:
            return lambda: form.with_header(path.read_bytes())
        return path.read_bytes if has_audio_suffix(path.name) else None


def listing_of_files(files: Iterable[tuple[str, Reader, Stamp]], dataset: str, others: Iterable[PurePath]) -> Listing:
    """One clip per audio file, given as its path under the source, with ``/``, its reader and its stamp."""
    clips: list[Clip] = []
    rejected: list[str] = []
    for path, read, stamp in files:
        try:
            clips.append(Clip(ClipRow(f"{dataset}/{path}", dataset=dataset), read, stamp=stamp))
        except BadRow as problem:
            rejected.append(str(problem))
    return Listing(tuple(clips), rejected=tuple(rejected), passed_over=tuple(others))


def check_not_empty(listing: Listing, place: str) -> None:
    """Raise `BadSource` if a place has no clips."""
    if not listing.clips:
        endings = ", ".join(sorted(AUDIO_SUFFIXES))
        raise BadSource(f"there are no audio files under {place}; the accepted file name extensions are {endings}")


def sorted_files(folder: Path) -> list[Path]:
    """The files under ``folder``, by path, without hidden ones; those of linked folders once."""
    return walk(folder)[0]


def walk(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files under ``folder``, by path, without hidden ones, and the linked folders that were not followed.

    A linked folder is followed, unless its target is under ``folder`` or was followed already: its files would be
    listed twice, or without end.
    """
    root = folder.resolve()
    seen = {root}
    files: list[Path] = []
    left_out: list[Path] = []
    for place, folders, names in os.walk(folder, followlinks=True):
        kept = []
        for name in sorted(folders):
            path = Path(place, name)
            if name.startswith("."):
                continue
            target = path.resolve()
            is_round = path.is_symlink() and (target.is_relative_to(root) or root.is_relative_to(target))
            if is_round or target in seen:
                left_out.append(path)
                continue
            seen.add(target)
            kept.append(name)
        folders[:] = kept
        files += (Path(place, name) for name in names if not name.startswith("."))
    return sorted(path for path in files if path.is_file()), sorted(left_out)


def is_hidden(relative: PurePath) -> bool:
    """Whether a part of a path starts with a dot, as hidden and temporary files do."""
    return any(part.startswith(".") for part in relative.parts)


def open_folder(place: str, dataset: str | None) -> FolderSource:
    """A local folder; raises `BadSource` if it does not exist."""
    if "://" in place:
        raise BadSource(f"{place}: the source must be a local folder or s3://BUCKET/PREFIX")
    if not place.strip():
        raise BadSource("the source is empty; name the folder with the clips (. is the current folder)")
    folder = Path(place).resolve()
    if not folder.is_dir():
        raise BadSource(
            f"{place} is a file; name its folder"
            if folder.is_file()
            else f"{place} does not exist or is not a folder; check the path"
        )
    return FolderSource(folder, dataset or folder.name)


def remarks_of(listing: Listing) -> Iterator[str]:
    """Messages about the table's columns, files that cannot be clips, other files, and accepted clips."""
    if listing.account:
        yield listing.account
    for sentence in listing.rejected:
        yield f"skipped: {sentence}"
    yield from listing.remarks[:EXAMPLES]
    if len(listing.remarks) > EXAMPLES:
        yield f"… and {len(listing.remarks) - EXAMPLES} more such messages"
    for path in listing.left_out:
        yield f"linked folder {path} skipped: its files are listed elsewhere, or it contains this folder"
    if listing.passed_over:
        endings = ", ".join(sorted({path.suffix or path.name for path in listing.passed_over}))
        whose = "its extension" if len(listing.passed_over) == 1 else "their extensions"
        yield f"{counted(len(listing.passed_over), 'file')} skipped, not audio by {whose}: {endings}"
