"""Writing the embedded engine's files: documents in the order of their ids, in constant memory."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from tantivy import DocAddress, Index, IndexWriter, Schema, Searcher

from hearsay.records.files import MODE, replaced_whole
from indexer.embedded.query import SCHEMA, engine_document
from indexer.embedded.ranks import fresh_rank
from indexer.embedded.version_files import META
from indexer.errors import LoadFailed

_WRITER_BYTES: Final = 100_000_000
"""Maximum memory for documents that are not on disk yet. Each time it is reached, a segment is written; from eight of
similar size on, the engine merges them, in its own order. A million short documents are six segments."""

_PROBE_BYTES: Final = 1_000_000
"""The engine writes blocks of some kilobytes, so a disk on which it fails may still have room for less than one."""

_LOOKED_AT: Final = 50_000
"""Ranks that are checked at a time."""


def opened_at(folder: Path, schema: Schema | None = None) -> Index:
    """The engine's index in a folder; created if a schema is given.

    It shows the current state, regardless of later writes. Without manual reloading, the engine would look for changes
    in its own thread, and leave a lock file whenever it finds one, also in a folder that is being removed.
    """
    index = Index(schema, str(folder)) if schema else Index.open(str(folder))
    index.config_reader(reload_policy="manual")
    return index


@contextmanager
def writing(index: Index, folder: Path) -> Iterator[IndexWriter]:
    """A writer whose changes become visible together when the block ends without an error, and otherwise not at all.

    The engine makes its list of segments unreadable for others, unlike all other files; that is corrected.
    """
    try:
        writer = index.writer(_WRITER_BYTES, 1)  # a single thread writes documents in the order of the calls
        _remove_lists_of_killed_writers(folder)
        yield writer
        writer.commit()
        writer.wait_merging_threads()
        with suppress(OSError):  # for example, a file system without permissions
            (folder / META).chmod(MODE)
    except (LoadFailed, ValueError, OSError) as problem:
        fault = _fault_of_the_disk(folder)
        if not fault and isinstance(problem, LoadFailed):
            raise
        raise LoadFailed(
            f"the index could not be written: {fault or problem}; the previous one is still served"
        ) from problem


def _fault_of_the_disk(folder: Path) -> str:
    """Why nothing more can be written to a folder; empty if it can.

    If the disk becomes full, the engine only says that its writer was killed.
    """
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE_BYTES))
    except OSError as problem:
        return problem.strerror or str(problem)
    return ""


def _remove_lists_of_killed_writers(folder: Path) -> None:
    """Remove the lists of deleted documents (``SEGMENT.OPSTAMP.del``) that were written but not committed.

    A writer that was killed during its commit leaves them. The next one counts its operations from the same number, so
    it would give a list the same name, and the engine refuses to write a file that exists.
    """
    segments = json.loads((folder / META).read_text(encoding="utf-8"))["segments"]
    committed = {
        f"{segment['segment_id'].replace('-', '')}.{segment['deletes']['opstamp']}.del"
        for segment in segments
        if segment.get("deletes")
    }
    for file in folder.glob("*.del"):
        if file.name not in committed:
            file.unlink()


def add(writer: IndexWriter, document: Mapping[str, Any], rank: int) -> None:
    """Write one document; raises `LoadFailed` with its id if the engine rejects it."""
    try:
        writer.add_document(engine_document(document, rank))
    except (ValueError, OverflowError) as problem:
        raise LoadFailed(
            f"{document['id']} cannot be indexed: {problem}; the previous index is still served"
        ) from problem


def write_fresh(folder: Path, documents: Iterable[Mapping[str, Any]], meanwhile: Callable[[], None]) -> int:
    """Write documents, in the order of their ids, instead of everything in the folder; returns their number.

    ``meanwhile`` runs in parallel to the engine's last writes, after all documents have been read.
    """
    number = 0
    with ThreadPoolExecutor(1) as beside, writing(opened_at(folder, SCHEMA), folder) as writer:
        writer.delete_all_documents()
        for number, document in enumerate(documents, 1):
            add(writer, document, fresh_rank(number - 1))
        work = beside.submit(meanwhile)
    work.result()
    return number


def put_in_order(folder: Path) -> bool:
    """Sort the list of segments after a load by their documents; returns whether all documents are in order then.

    Of hits with equal scores, the engine returns those of the first segment in meta.json first, and it lists segments
    by their random names.
    """
    searcher = opened_at(folder).searcher()
    firsts = searcher.fast_field_values("rank", [DocAddress(number, 0) for number in range(searcher.num_segments)])
    meta = json.loads((folder / META).read_text(encoding="utf-8"))
    by_first = sorted(zip(firsts, meta["segments"], strict=True), key=lambda pair: int(pair[0] or 0))
    meta["segments"] = [segment for _, segment in by_first]
    with replaced_whole(folder / META) as temporary:
        temporary.write_text(json.dumps(meta), encoding="utf-8")
    sizes = [int(segment["max_doc"]) for segment in meta["segments"]]
    return _is_in_order(opened_at(folder).searcher(), sizes)


def _is_in_order(searcher: Searcher, sizes: Iterable[int]) -> bool:
    """Whether the ranks of a load ascend through all segments, of which ``sizes`` are the numbers of documents."""
    position = 0
    for segment, size in enumerate(sizes):
        for start in range(0, size, _LOOKED_AT):
            addresses = [DocAddress(segment, at) for at in range(start, min(size, start + _LOOKED_AT))]
            expected = [fresh_rank(position + at) for at in range(len(addresses))]
            if searcher.fast_field_values("rank", addresses) != expected:
                return False
            position += len(addresses)
    return True
