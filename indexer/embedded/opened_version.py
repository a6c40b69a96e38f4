"""Opening a version of an embedded index: what it says of itself, the engine's files, and its words."""

import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tantivy import Index, Query, Searcher

from indexer.documents import SCHEMA
from indexer.embedded.folder_errors import cannot_be_read, os_error_in
from indexer.embedded.search import Moment
from indexer.embedded.segments import opened_at
from indexer.embedded.version_files import ABOUT, LEXICON, SEGMENT
from indexer.errors import HOW_TO_RELOAD, IndexDamaged, IndexerError, IndexMissing, IndexUnavailable
from indexer.ownership import incompatible, is_ours
from indexer.phonetics.lexicon import Lexicon
from indexer.provenance import Origin


@dataclass(frozen=True, slots=True)
class Opened:
    """A version that is open for reading; ``stamp`` changes when a writer commits to it.

    All is asked of the one ``moment``: a new one may see a later commit, in which documents lie in another order.
    ``index`` is None where nobody may write.
    """

    version: str
    stamp: tuple[int, int]
    index: Index | None
    moment: Moment
    about: dict[str, Any]

    @property
    def audio(self) -> str | None:
        audio: str | None = self.about.get("audio")
        return audio

    @property
    def origin(self) -> Origin | None:
        return Origin.from_json(self.about.get("origin"))


def stamp_of(folder: Path) -> tuple[int, int]:
    """Raises `IndexMissing` where the version is gone."""
    try:
        stat = (folder / "meta.json").stat()
    except FileNotFoundError as problem:
        raise _missing(folder / "meta.json") from problem
    except OSError as problem:
        raise cannot_be_read(_index_of(folder), problem) from problem
    return stat.st_mtime_ns, stat.st_ino


def open_version(folder: Path) -> Opened:
    """Raises `IndexMissing`, `IndexIncompatible`, `IndexDamaged` or `IndexUnavailable`, whichever it is."""
    while True:
        stamp = stamp_of(folder)
        try:
            about_of(folder)  # an engine of another version may not even open the files of another schema
            with damage_named(folder):
                index, searcher = _searcher(folder)
            about = about_of(folder)  # after what it tells of: who writes says first that the order will be lost
        except IndexDamaged:
            if stamp == stamp_of(folder):  # nobody wrote or removed it while it was being opened
                raise
        else:
            return Opened(folder.name, stamp, index, Moment(searcher, about["ordered"]), about)


def about_of(folder: Path) -> dict[str, Any]:
    """What a version of this Hearsay's schema says of itself."""
    about = told_at_all(folder)
    if about.get("schema") == SCHEMA and isinstance(about.get("ordered"), bool):
        return about
    where = f"the index in {_index_of(folder)}"
    if type(schema := about.get("schema")) is int and schema != SCHEMA:
        raise incompatible(where, about)
    raise IndexDamaged(
        f"{where} is incomplete: {folder} was not loaded to its end; load your files again"
        if is_ours(about) and schema is None
        else f"{where} is damaged: {folder / ABOUT} is not what was written; load your files again"
    )


def told_at_all(folder: Path) -> dict[str, Any]:
    """What a version of any schema says of itself."""
    file = folder / ABOUT
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        raise _missing(file) from problem
    except OSError as problem:
        raise cannot_be_read(_index_of(folder), problem) from problem
    except ValueError as problem:
        raise _damaged(file) from problem
    if not isinstance(told, dict):
        raise _damaged(file)
    return told


def sources_of(folder: Path) -> Iterator[Mapping[str, Any]]:
    """What is kept of all passages of a version, whatever its schema; raises what `open_version` does."""
    with damage_named(folder):
        _, searcher = _searcher(folder)
        for _, address in searcher.search(Query.all_query(), limit=max(1, searcher.num_docs)).hits:
            source: Any = searcher.doc(address).get_first("source")
            yield json.loads(bytes(source))


def lexicon_of(folder: Path) -> Lexicon:
    """The words of a version; raises `IndexMissing` where they are gone."""
    file = folder / LEXICON
    try:
        return Lexicon.from_bytes(file.read_bytes())
    except FileNotFoundError as problem:
        raise IndexMissing(f"{file} is gone; load your files again") from problem
    except OSError as problem:
        raise cannot_be_read(_index_of(folder), problem) from problem
    except IndexDamaged as problem:
        raise _damaged(file) from problem


@contextmanager
def damage_named(folder: Path) -> Iterator[None]:
    """Raise `IndexDamaged` for whatever the engine meets in files that are not what it wrote.

    It looks at their ends alone when it opens them, and a byte that has changed stops it anywhere, by a panic, too.
    """
    try:
        yield
    except IndexerError:
        raise
    except BaseException as problem:
        is_of_engine = isinstance(problem, Exception) or type(problem).__name__ == "PanicException"
        if not is_of_engine or not (broken := [path for path in folder.iterdir() if _is_broken(path)]):
            raise
        raise _damaged(broken[0]) from problem


def _is_broken(file: Path) -> bool:
    """Whether one of the engine's files does not add up to the checksum at its end.

    That is a line of JSON, followed by its length and a number that marks it, each of four bytes.
    """
    if not SEGMENT.fullmatch(file.name):
        return False
    content = file.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    try:
        crc = json.loads(content[-8 - length : -8])["crc"]
    except (ValueError, TypeError, KeyError):
        return True
    return bool(zlib.crc32(content[: -8 - length]) != crc)


def _searcher(folder: Path) -> tuple[Index | None, Searcher]:
    try:
        index = opened_at(folder)
        return index, index.searcher()
    except ValueError as problem:
        if "Lockfile" not in str(problem) and not isinstance(os_error_in(str(problem)), PermissionError):
            raise _of_engine(folder, problem) from problem
    return None, _searcher_without_lock(folder)


def _searcher_without_lock(folder: Path) -> Searcher:
    """For a folder that cannot be written to: the engine locks where it reads, here a folder of links to the files.

    They are needed no longer than it takes to open them. What a writer removes meanwhile is missing, and tried again.
    The list of files to remove is for a writer alone, and the engine lets nobody else read it.
    """
    try:
        files = [path.resolve() for path in folder.iterdir() if path.suffix != ".lock" and path.name != ".managed.json"]
    except OSError as problem:
        raise cannot_be_read(_index_of(folder), problem) from problem
    try:
        with TemporaryDirectory(prefix="hearsay-index-") as name:
            for file in files:
                Path(name, file.name).symlink_to(file)
            return opened_at(Path(name)).searcher()
    except ValueError as problem:
        raise _of_engine(folder, problem) from problem
    except OSError as problem:
        raise IndexUnavailable(
            f"the index in {_index_of(folder)} cannot be written to, and the engine locks what it reads, for which no "
            f"temporary folder can be made: {problem.strerror or problem}; name one that can be written to in TMPDIR"
        ) from problem


def _of_engine(folder: Path, problem: ValueError) -> IndexDamaged | IndexUnavailable:
    """What the engine could not open, in its own words where they say more than that a file is not what was written."""
    error = os_error_in(str(problem))
    if error is not None and not isinstance(error, FileNotFoundError):
        return cannot_be_read(_index_of(folder), error)
    return IndexDamaged(
        f"the index in {_index_of(folder)} is damaged: files in {folder} are missing or are not what was written "
        f"({str(problem).splitlines()[0][:200]}); {_how_to_mend(folder)}"
    )


def _missing(file: Path) -> IndexMissing | IndexDamaged:
    if not (folder := file.parent).exists():
        return IndexMissing(f"version {folder.name} of the index is gone from {_index_of(folder)}; load again")
    return IndexDamaged(f"the index in {_index_of(folder)} is damaged: {file} is missing; {_how_to_mend(folder)}")


def _damaged(file: Path) -> IndexDamaged:
    folder = file.parent
    return IndexDamaged(
        f"the index in {_index_of(folder)} is damaged: {file} is not what was written; {_how_to_mend(folder)}"
    )


def _how_to_mend(folder: Path) -> str:
    """What loads the version again: one command where it still says what it was loaded from."""
    try:
        is_known = Origin.from_json(json.loads((folder / ABOUT).read_text(encoding="utf-8"))["origin"]) is not None
    except (OSError, ValueError, KeyError, TypeError):
        is_known = False
    return f"load its files again beside it with: {HOW_TO_RELOAD}" if is_known else "load your files again"


def _index_of(folder: Path) -> Path:
    return folder.parent.parent
