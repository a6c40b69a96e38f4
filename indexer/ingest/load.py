"""Loading: files of clip rows merged by id and column, deletions honoured, and their passages into an index."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hearsay.errors import StorageError
from hearsay.records.clip import ClipRow
from hearsay.records.columns import account_of
from hearsay.records.journal import Journal, read_journal
from hearsay.records.table import read_csv
from hearsay.storage.local import find_audio
from hearsay.storage.s3 import SCHEME, split_url
from indexer.errors import IndexerError, WrongRequest
from indexer.index import RolledBack, SearchWriter
from indexer.ingest.indexed_clips import merged_with_known
from indexer.ingest.validation import Flaws, Merging
from indexer.passages import Passage, cut
from indexer.provenance import Origin, SourceFile

Step = Callable[[], None]
"""Called once for each clip that was handed to the index."""

_LOOKED_FOR: Final = 200
"""Clips whose audio is looked for, spread over all of them; a million files on a network disk take too long."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load brought: ``deleted`` clips were left out, ``failed`` ones are in it without a transcript.

    ``failed_in_part`` are those that pieces of the transcript, or the emotion, are missing from, ``failed_again`` those
    with an older transcript. ``flaws`` are sentences about records with impossible times.
    """

    clips: int
    passages: int
    deleted: int
    failed: int
    seconds: float
    version: str
    flaws: tuple[str, ...] = ()
    failed_in_part: int = 0
    failed_again: int = 0


def read_rows(files: Sequence[Path], say: Callable[[str], None] = lambda _: None) -> dict[str, ClipRow]:
    """The rows of all files by id, merged as `ClipRow.merged_with` says; deletions are among them.

    What becomes of the columns of tables that somebody else made is said, and which durations were not taken.
    """
    rows: dict[str, ClipRow] = {}
    merging = Merging()
    for file in files:
        for clip_id, row in _read_file(file, say).items():
            rows[clip_id] = merging.merged(rows[clip_id], row) if clip_id in rows else row
    for sentence in merging.sentences():
        say(sentence)
    if not rows:
        raise WrongRequest(f"there is no clip in {', '.join(map(str, files))}; the index is as it was")
    return rows


def _read_file(file: Path, say: Callable[[str], None]) -> dict[str, ClipRow]:
    if file.is_dir():
        raise WrongRequest(f"{file} is a folder; name its file of clip rows, such as {file / 'clips.jsonl'}")
    if not file.is_file():
        raise WrongRequest(f"there is no file {file}")
    match file.suffix.lower():
        case ".csv":
            table = read_csv(file)
            if not table.is_of_hearsay:
                say(account_of(table, file.name, is_corpus=False))
            return table.to_merge().rows()
        case ".jsonl" | ".ndjson":
            return read_journal(file, is_log=False)
        case suffix:
            raise WrongRequest(f"{file}: clip rows come as .csv or .jsonl, not {suffix or 'without an ending'}")


def load(
    index: SearchWriter,
    rows: Iterable[ClipRow],
    deletions: Path,
    audio: str | None = None,
    step: Step = lambda: None,
    *,
    origin: Origin | None = None,
    beside: Sequence[Passage] = (),
) -> Loaded:
    """Load the rows as the index's new version, but for those that are deleted, by themselves or in ``deletions``.

    ``audio`` is what `audio_place` made of a place; ``origin`` is remembered, for the same to be loaded again. Passages
    ``beside`` the rows come along, and replace the rows of their clips.
    """
    began = time.monotonic()
    rows = sorted(rows, key=lambda row: row.id)  # the order in which an index takes them as they come
    kept: list[ClipRow] = []
    flaws = Flaws()

    def coming() -> Iterator[Passage]:
        gone = deleted_clips(deletions)  # now that the index is held, so that none can be deleted between
        others = {passage.clip for passage in beside}
        kept.extend(row for row in rows if not row.deleted and row.id not in gone | others)
        yield from _passages(kept, flaws, step)
        yield from (passage for passage in beside if passage.clip not in gone)

    passages = index.replace(coming(), audio, origin)
    in_part = sum(bool(row.failed_pieces) for row in kept)
    again = sum(row.is_failed and bool(row.generated_text) for row in kept)
    failed = sum(row.is_failed for row in kept) - again
    seconds = time.monotonic() - began
    others = {passage.clip for passage in beside}
    counts = (len(kept) + len(others), passages, sum(row.id not in others for row in rows) - len(kept), failed)
    return Loaded(*counts, seconds, index.about().version, flaws.sentences(), in_part, again)


def put(
    index: SearchWriter,
    rows: Iterable[ClipRow],
    deletions: Path,
    say: Callable[[str], None] = lambda _: None,
    files: Sequence[SourceFile] = (),
) -> tuple[int, int]:
    """Put rows into the current version; those that say ``deleted`` go instead. How many clips came, how many went.

    A row is merged onto what the index has of its clip, as `read_rows` merges files. What was wrong with its times is
    said.
    """
    rows = list(rows)
    merging, flaws = Merging(), Flaws()
    coming = list(merged_with_known(index, [row for row in rows if not row.deleted], merging))
    going = [row.id for row in rows if row.deleted]
    index.put(_passages(coming, flaws, lambda: None), files)
    for sentence in (*merging.sentences(), *flaws.sentences()):
        say(sentence)
    if revived := sorted(deleted_clips(deletions) & {row.id for row in coming}):
        with Journal(deletions) as journal:
            journal.append(map(ClipRow, revived))
    if going:
        delete(index, going, deletions)
    return len(coming), len(going)


def delete(index: SearchWriter, clips: Sequence[str], deletions: Path) -> int:
    """Take clips out of the index, and write it down first, for later loads to honour; how many passages went.

    Where the index does not take it, its error says that the deletion stands all the same.
    """
    with Journal(deletions) as journal:
        journal.append(ClipRow(clip_id, deleted=True) for clip_id in clips)
    try:
        return index.delete(clips)
    except IndexerError as problem:
        raise type(problem)(
            f"{problem}; the deletion is written down in {deletions}: loads that begin now leave the clips out, "
            "and the same can be asked for again"
        ) from problem


def rollback(index: SearchWriter, deletions: Path) -> RolledBack:
    """Go back to the version before the latest load, without what was deleted since."""
    return index.rollback(sorted(deleted_clips(deletions)))


def deleted_clips(deletions: Path) -> set[str]:
    """The ids of the clips that were deleted and not put again since."""
    if not deletions.exists():
        return set()
    return {clip_id for clip_id, row in read_journal(deletions).items() if row.deleted}


def audio_place(named: str) -> str:
    """Where audio is, as an index remembers it: the whole path of a folder, or ``s3://BUCKET/PREFIX``.

    A bucket is only asked when a clip is played. A link keeps its own name, which ids may begin with.
    """
    if named.startswith(SCHEME):
        try:
            split_url(named)
        except StorageError as problem:
            raise WrongRequest(str(problem)) from problem
        return named
    if not Path(named).is_dir():
        raise WrongRequest(f"there is no folder {named}")
    folder = Path(named)
    return str(folder.parent.resolve() / folder.name if folder.is_symlink() else folder.resolve())


def inbox_of(journal: Path, files: Iterable[Path]) -> list[Path]:
    """The journal of the clips that were added on the page, for a load of these files into the index that it asks.

    It comes first, so that what a file says of one of its clips wins; where it is empty, or among the files, there is
    none.
    """
    is_there = journal.is_file() and journal.stat().st_size > 0
    return [journal] if is_there and journal.resolve() not in map(Path.resolve, files) else []


def doubt_about_audio(audio: str | None, clips: Sequence[str]) -> str | None:
    """A sentence where the folder that was named has the audio of less than half of the clips looked for."""
    if audio is None or audio.startswith(SCHEME):
        return None
    found, looked_for = audio_found(clips, Path(audio))
    if found >= looked_for / 2:
        return None
    return (
        f"{audio} has the audio of {found} of {looked_for} clips looked for; is it the right folder? Ids are paths "
        "under it, and their first folder may be left off only where it is the folder's own name"
    )


def doubt_about_transcripts(rows: Iterable[ClipRow]) -> str | None:
    """A sentence where no clip has a transcript."""
    if any(row.generated_text for row in rows):
        return None
    return "none of these clips has a transcript; load what decode wrote beside it, or go back with rollback"


def audio_found(clips: Sequence[str], audio: Path) -> tuple[int, int]:
    """Of a sample of the clips: how many have a file under ``audio``, and how many were looked for."""
    looked_for = clips[:: max(1, len(clips) // _LOOKED_FOR)]
    return sum(find_audio(audio, clip_id) is not None for clip_id in looked_for), len(looked_for)


def _passages(rows: Iterable[ClipRow], flaws: Flaws, step: Step) -> Iterator[Passage]:
    for row in rows:
        yield from cut(flaws.taken(row))
        step()
