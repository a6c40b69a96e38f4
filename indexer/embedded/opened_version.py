"""Opening a version of an embedded index: its description, the engine's files, and its lexicon."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tantivy import Index, Query, Searcher

from indexer.earlier_schema import is_searchable
from indexer.embedded.checksums import checksum, damaged_segment_file, is_as_signed
from indexer.embedded.folder_errors import cannot_be_read, os_error_in
from indexer.embedded.search import Moment
from indexer.embedded.segments import opened_at
from indexer.embedded.version_files import ABOUT, ABOUT_COPY, LEXICON, META
from indexer.errors import HOW_TO_RELOAD, IndexDamaged, IndexerError, IndexMissing, IndexUnavailable
from indexer.ownership import incompatible, is_ours
from indexer.phonetics.lexicon import Lexicon
from indexer.provenance import Origin


@dataclass(frozen=True, slots=True)
class Opened:
    """A version that is open for reading; ``stamp`` changes when a writer commits to it.

    All queries use the same ``moment``: a new one may see a later commit, in which documents have another order.
    ``index`` is None if it is read-only.
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
    def schema(self) -> int:
        schema: int = self.about["schema"]
        return schema

    @property
    def origin(self) -> Origin | None:
        return Origin.from_json(self.about.get("origin"))


def stamp_of(folder: Path) -> tuple[int, int]:
    """Raises `IndexMissing` if the version is gone."""
    try:
        stat = (folder / META).stat()
    except FileNotFoundError as problem:
        raise _missing(folder / META) from problem
    except OSError as problem:
        raise cannot_be_read(_index_of(folder), problem) from problem
    return stat.st_mtime_ns, stat.st_ino


def open_version(folder: Path) -> Opened:
    """Open a version after its files were compared with their checksums, each file once per process.

    Raises `IndexMissing`, `IndexIncompatible`, `IndexDamaged` or `IndexUnavailable`.
    """
    while True:
        stamp = stamp_of(folder)
        try:
            # first, because the engine may not even open the files of another schema
            _check_files(folder, about_of(folder))
            with damage_named(folder):
                index, searcher = _searcher(folder)
            about = about_of(folder)  # after the searcher: a writer first notes that the order will be lost
        except IndexDamaged:
            if stamp == stamp_of(folder):  # it was not written or removed while it was being opened
                raise
        else:
            return Opened(folder.name, stamp, index, Moment(searcher, about["ordered"]), about)


def about_of(folder: Path) -> dict[str, Any]:
    """The description of a version that this program can search."""
    about = description_of(folder)
    if is_searchable(about) and isinstance(about.get("ordered"), bool):
        return about
    where = f"the index in {_index_of(folder)}"
    if type(schema := about.get("schema")) is int and not is_searchable(about):
        raise incompatible(where, about)
    raise IndexDamaged(
        f"{where} is incomplete: {folder} was not loaded completely; load your files again"
        if is_ours(about) and schema is None
        else f"{where} is damaged: {folder / ABOUT} has changed since it was written; load your files again"
    )


def description_of(folder: Path) -> dict[str, Any]:
    """The description of a version of any schema; raises `IndexDamaged` if it has changed since it was written."""
    try:
        return _description(folder / ABOUT)
    except FileNotFoundError as problem:
        raise _missing(folder / ABOUT) from problem
    except OSError as problem:
        raise cannot_be_read(_index_of(folder), problem) from problem
    except ValueError as problem:
        raise _damaged(folder / ABOUT) from problem


def origin_description_of(folder: Path) -> dict[str, Any]:
    """The same, from its copy if the first is damaged. The copy may be one change behind in all but the origin."""
    try:
        return description_of(folder)
    except IndexDamaged:
        with suppress(OSError, ValueError):
            return _description(folder / ABOUT_COPY)
        raise


def _description(file: Path) -> dict[str, Any]:
    about = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(about, dict) or not is_as_signed(about):
        raise ValueError
    return about


def sources_of(folder: Path) -> Iterator[Mapping[str, Any]]:
    """The stored form of all passages of a version of any schema; raises what `open_version` does."""
    _check_segments(folder, (".store", ".del"))
    with damage_named(folder):
        _, searcher = _searcher(folder)
        for _, address in searcher.search(Query.all_query(), limit=max(1, searcher.num_docs)).hits:
            source: Any = searcher.doc(address).get_first("source")
            yield json.loads(bytes(source))


def lexicon_of(folder: Path) -> Lexicon:
    """The lexicon of a version; raises `IndexMissing` if its file is missing."""
    file = folder / LEXICON
    try:
        return Lexicon.from_bytes(file.read_bytes())
    except FileNotFoundError as problem:
        raise IndexMissing(f"{file} is missing; {_how_to_mend(folder)}") from problem
    except OSError as problem:
        raise cannot_be_read(_index_of(folder), problem) from problem
    except IndexDamaged as problem:
        raise _damaged(file) from problem


@contextmanager
def damage_named(folder: Path) -> Iterator[None]:
    """Raise `IndexDamaged` if an error of the engine is explained by a file that was damaged after it was opened.

    A changed byte can make the engine fail anywhere, even with a panic.
    """
    try:
        yield
    except IndexerError:
        raise
    except BaseException as problem:
        if isinstance(problem, Exception) or type(problem).__name__ == "PanicException":
            with suppress(OSError, *_NO_SEGMENTS):
                if damaged := damaged_segment_file(folder):
                    raise _damaged(damaged) from problem
        raise


_NO_SEGMENTS: Final = (ValueError, KeyError, TypeError, AttributeError)
"""The exceptions for a damaged list of segments."""


def _check_files(folder: Path, about: Mapping[str, Any]) -> None:
    """Raise `IndexDamaged` if a file of the engine has changed since it was written.

    While a writer is at work, and after one was killed, nothing is known of meta.json.
    """
    try:
        if about.get("meta") is not None and checksum(folder / META) != about["meta"]:
            raise _damaged(folder / META)
    except OSError as problem:
        raise cannot_be_read(_index_of(folder), problem) from problem
    _check_segments(folder)


def _check_segments(folder: Path, kinds: Collection[str] = ()) -> None:
    try:
        damaged = damaged_segment_file(folder, kinds)
    except FileNotFoundError as problem:
        raise _missing(Path(problem.filename)) from problem
    except OSError as problem:
        raise cannot_be_read(_index_of(folder), problem) from problem
    except _NO_SEGMENTS as problem:
        raise _damaged(folder / META) from problem
    if damaged:
        raise _damaged(damaged)


def _searcher(folder: Path) -> tuple[Index | None, Searcher]:
    try:
        index = opened_at(folder)
        return index, index.searcher()
    except ValueError as problem:
        if "Lockfile" not in str(problem) and not isinstance(os_error_in(str(problem)), PermissionError):
            raise _of_engine(folder, problem) from problem
    return None, _searcher_without_lock(folder)


def _searcher_without_lock(folder: Path) -> Searcher:
    """For a read-only folder: the engine locks the folder that it opens, which is here a folder of links to the files.

    The links are needed only while the files are opened. If a writer removes a file meanwhile, opening is retried.
    The list of files to remove is only for a writer, and the engine makes it unreadable for others.
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
            f"the index in {_index_of(folder)} is read-only, and the temporary folder for the engine's lock files "
            f"cannot be created: {problem.strerror or problem}; set TMPDIR to a writable folder"
        ) from problem


def _of_engine(folder: Path, problem: ValueError) -> IndexDamaged | IndexUnavailable:
    """The error for an index that the engine cannot open, with the engine's message if that says more."""
    error = os_error_in(str(problem))
    if error is not None and not isinstance(error, FileNotFoundError):
        return cannot_be_read(_index_of(folder), error)
    return IndexDamaged(
        f"the index in {_index_of(folder)} is damaged: files in {folder} are missing, or have changed since they "
        f"were written ({str(problem).splitlines()[0][:200]}); {_how_to_mend(folder)}"
    )


def _missing(file: Path) -> IndexMissing | IndexDamaged:
    if not (folder := file.parent).exists():
        return IndexMissing(
            f"version {folder.name} of the index no longer exists in {_index_of(folder)}; load your files again"
        )
    return IndexDamaged(f"the index in {_index_of(folder)} is damaged: {file} is missing; {_how_to_mend(folder)}")


def _damaged(file: Path) -> IndexDamaged:
    folder = file.parent
    return IndexDamaged(
        f"the index in {_index_of(folder)} is damaged: {file} has changed since it was written; {_how_to_mend(folder)}"
    )


def _how_to_mend(folder: Path) -> str:
    """How to load the version again: one command if its files are recorded."""
    for name in (ABOUT, ABOUT_COPY):
        with suppress(OSError, ValueError, KeyError, TypeError):
            if Origin.from_json(_description(folder / name)["origin"]):
                return f"load its files again as a new version: {HOW_TO_RELOAD}"
    return "load your files again"


def _index_of(folder: Path) -> Path:
    return folder.parent.parent
