"""Where clips come from: a folder or a bucket, alone or with a table beside it, behind one seam."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final, Protocol

from asr.errors import BadSource
from hearsay.errors import BadRow
from hearsay.records.clip import ClipRow
from hearsay.records.table import EMPTY_TABLE, Table
from hearsay.storage.names import AUDIO_SUFFIXES, has_audio_suffix
from hearsay.text.format import counted

EXAMPLES: Final = 6
"""Remarks that are shown one by one."""

Reader = Callable[[], bytes]
"""Gets a file's bytes, in any thread and more than once; raises `OSError` with a sentence where it cannot."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip to be decoded: what its corpus says of it, and how to get its bytes (None where it has no audio).

    ``transcribed`` is its record where the transcript in it is kept, but for pieces that failed, which are wanted;
    ``tagged`` where the emotion is.
    """

    row: ClipRow
    read: Reader | None
    transcribed: ClipRow | None = None
    tagged: ClipRow | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The clips of a source in its order, its table, a sentence for each clip that cannot be one, and other files.

    ``remarks`` are sentences about clips that are taken all the same, ``account`` one about the table's columns.
    """

    clips: tuple[Clip, ...]
    table: Table = EMPTY_TABLE
    rejected: tuple[str, ...] = ()
    passed_over: tuple[PurePath, ...] = ()
    remarks: tuple[str, ...] = ()
    account: str = ""


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
        listing = self.listing_of(sorted_files(self.folder))
        check_not_empty(listing, str(self.folder))
        return listing

    def listing_of(self, files: Collection[Path]) -> Listing:
        """The clips that some of the folder's files are."""
        audio = [path for path in files if has_audio_suffix(path.name)]
        named = ((path.relative_to(self.folder).as_posix(), path.read_bytes) for path in audio)
        return listing_of_files(named, self.dataset, (path for path in files if not has_audio_suffix(path.name)))


def listing_of_files(files: Iterable[tuple[str, Reader]], dataset: str, others: Iterable[PurePath]) -> Listing:
    """One clip per audio file, which is given by its path under the source, with ``/``, and how it is read."""
    clips: list[Clip] = []
    rejected: list[str] = []
    for path, read in files:
        try:
            clips.append(Clip(ClipRow(f"{dataset}/{path}", dataset=dataset), read))
        except BadRow as problem:
            rejected.append(str(problem))
    return Listing(tuple(clips), rejected=tuple(rejected), passed_over=tuple(others))


def check_not_empty(listing: Listing, place: str) -> None:
    """Raise `BadSource` where nothing at a place is a clip."""
    if not listing.clips:
        endings = ", ".join(sorted(AUDIO_SUFFIXES))
        raise BadSource(f"no audio under {place}; files with these endings would be heard: {endings}")


def sorted_files(folder: Path) -> list[Path]:
    """The files under ``folder``, by path, hidden ones left out."""
    paths = (path for path in sorted(folder.rglob("*")) if not is_hidden(path.relative_to(folder)))
    return [path for path in paths if path.is_file()]


def is_hidden(relative: PurePath) -> bool:
    """Whether a path under its source begins with a dot anywhere: what programs put aside, or have not finished."""
    return any(part.startswith(".") for part in relative.parts)


def open_folder(place: str, dataset: str | None) -> FolderSource:
    """A folder of this machine; raises `BadSource` where there is none."""
    if "://" in place:
        raise BadSource(f"{place}: clips are read from a folder of this machine or from s3://BUCKET/PREFIX")
    if not place.strip():
        raise BadSource("an empty name is no folder; name the one that holds the clips (. is the one you are in)")
    folder = Path(place).resolve()
    if not folder.is_dir():
        hint = "; name the folder that it is in" if folder.is_file() else ""
        raise BadSource(f"{place} is no folder{hint}")
    return FolderSource(folder, dataset or folder.name)


def remarks_of(listing: Listing) -> Iterator[str]:
    """What becomes of a table's columns, each file that can be no clip, those that are no audio, and remarks."""
    if listing.account:
        yield listing.account
    for sentence in listing.rejected:
        yield f"left out: {sentence}"
    yield from listing.remarks[:EXAMPLES]
    if len(listing.remarks) > EXAMPLES:
        yield f"… and {len(listing.remarks) - EXAMPLES} more remarks of this kind"
    if listing.passed_over:
        endings = ", ".join(sorted({path.suffix or path.name for path in listing.passed_over}))
        yield f"{counted(len(listing.passed_over), 'file')} passed over, no audio by their endings: {endings}"
