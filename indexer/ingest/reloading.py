"""Reloading: the files that an index was loaded from become a new version, which is swapped in when complete."""

from collections.abc import Callable, Mapping
from typing import Any

from hearsay.errors import HearsayError
from hearsay.records.clip import ClipRow
from indexer.errors import HOW_TO_LOAD, HOW_TO_RELOAD, FilesChanged, IndexerError
from indexer.index import About, SearchReader
from indexer.ingest import load as loading
from indexer.passages import Passage
from indexer.provenance import AS_IT_IS, Origin


def origin_of(about: About, *, with_changes: bool) -> Origin:
    """The files to load again; raises `FilesChanged` if they have changed, unless ``with_changes``."""
    if about.origin is None:
        raise FilesChanged(f"version {about.version} of the index does not record its files; {HOW_TO_LOAD}")
    if (changes := about.origin.changes()) and not with_changes:
        raise FilesChanged(
            f"the files that the index was loaded from have changed: {'; '.join(changes)}. Nothing was changed. To "
            f"load them as they are now: {HOW_TO_RELOAD} --changed"
        )
    return about.origin.as_it_is()


def rows_of(origin: Origin, say: Callable[[str], None]) -> dict[str, ClipRow]:
    """The records of the loaded files and of those that were put later, merged in this order as by `read_rows`."""
    files = {file.path: file.reading for file in (*origin.files, *origin.put)}
    inbox = loading.inbox_of(origin.inbox, files) if origin.inbox else []
    return loading.read_rows([*inbox, *files], say, lambda path: files.get(path, AS_IT_IS))


def kept(index: SearchReader, origin: Origin, *, without_lost: bool) -> list[Passage]:
    """The passages of clips that are in no file, read from the index itself.

    Raises `FilesChanged` if some cannot be read, unless ``without_lost``.
    """
    if not origin.clips:
        return []
    found: list[Passage] = []
    lost: set[str] = set()  # clips that were deleted since are in neither
    try:
        for source in index.stored(origin.clips):
            if passage := _passage_of(source):
                found.append(passage)
            else:
                lost.add(str(source.get("clip")))
    except IndexerError:
        found, lost = [], set(origin.clips)
    if (lost or origin.and_more) and not without_lost:
        some = ", ".join(sorted(lost)[:3]) + (", …" if len(lost) > 3 or origin.and_more else "")
        raise FilesChanged(
            f"clips that were put without a file cannot be read from the index: {some}. Nothing was changed. To "
            f"load without them: {HOW_TO_RELOAD} --drop"
        )
    return found


def _passage_of(source: Mapping[str, Any]) -> Passage | None:
    """None if another version of Hearsay wrote it in an unknown format."""
    try:
        return Passage.from_source(source)
    except (HearsayError, KeyError, TypeError, ValueError):
        return None
