"""Loading: files of clip records, merged by id and column, become the passages of an index, without deleted clips."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hearsay.corpora.recognition import layout_of_table
from hearsay.corpora.table_records import read_records
from hearsay.errors import BadRow, StorageError
from hearsay.records.clip import ClipRow
from hearsay.records.columns import account_of
from hearsay.records.journal import Journal, read_journal
from hearsay.records.table import read_csv
from hearsay.storage.local import find_audio
from hearsay.storage.s3 import SCHEME, split_url
from indexer.errors import IndexerError, WrongRequest
from indexer.index import RolledBack, SearchWriter
from indexer.ingest.indexed_clips import merged_with_known
from indexer.ingest.validation import RecordMerger, RecordProblems, spelled_in_two_forms
from indexer.passages import Passage, cut
from indexer.provenance import AS_IT_IS, Origin, Reading, SourceFile

Step = Callable[[], None]
"""Called once for each clip that has been passed to the index."""

SUFFIXES: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
"""Names of the files that can be loaded end in one of these."""

_KINDS: Final = ".csv, .tsv, .jsonl, a NeMo manifest or .parquet"

_LOOKED_FOR: Final = 200
"""Clips whose audio is looked up, evenly selected; looking up a million files on a network disk would take too long."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The result of a load: ``deleted`` clips were left out; ``failed`` ones are indexed without a transcript.

    ``failed_in_part`` counts clips that lack parts of the transcript, or the emotion; ``failed_again`` those with an
    older transcript. ``problems`` are sentences about records with impossible times. ``seconds`` is the duration of the
    load.
    """

    clips: int
    passages: int
    deleted: int
    failed: int
    seconds: float
    version: str
    problems: tuple[str, ...] = ()
    failed_in_part: int = 0
    failed_again: int = 0


def read_rows(
    files: Sequence[Path],
    say: Callable[[str], None] = lambda _: None,
    reading_of: Callable[[Path], Reading] = lambda _: AS_IT_IS,
) -> dict[str, ClipRow]:
    """The records of all files by id, merged as by `ClipRow.merged_with`; deletions are included.

    ``say`` is called with a sentence on renamed or ignored columns of tables by others, on durations that were
    ignored, and on ids that differ only in their Unicode normal form. ``reading_of`` returns how a table is read.
    Raises `WrongRequest` if the files contain no clip.
    """
    rows: dict[str, ClipRow] = {}
    merging = RecordMerger()
    for file in files:
        new = _read_file(file, say, reading_of(file))
        if not rows:
            rows = new
            continue
        for clip_id, row in new.items():
            rows[clip_id] = merging.merged(rows[clip_id], row) if clip_id in rows else row
    for sentence in merging.sentences():
        say(sentence)
    if len(files) > 1 and (doubt := spelled_in_two_forms(rows)):
        say(doubt)
    if not rows:
        raise WrongRequest(f"there is no clip in {', '.join(map(str, files))}; the index is unchanged")
    return rows


def _read_file(file: Path, say: Callable[[str], None], reading: Reading) -> dict[str, ClipRow]:
    if file.is_dir():
        raise WrongRequest(f"{file} is a folder; name the file of clip records in it, such as {file / 'clips.jsonl'}")
    if not file.is_file():
        raise WrongRequest(f"there is no file {file}")
    if (suffix := file.suffix.lower()) not in SUFFIXES:
        advice = "; to load the texts of a corpus, decode its folder, and load the log" if suffix == ".txt" else ""
        raise WrongRequest(f"{file}: clip records must be {_KINDS}, not {suffix or 'without an extension'}{advice}")
    return _read_table(file, suffix, say, reading)


def _read_table(file: Path, suffix: str, say: Callable[[str], None], reading: Reading) -> dict[str, ClipRow]:
    layout = layout_of_table(file)
    if layout is None and suffix in (".jsonl", ".ndjson"):
        if reading != AS_IT_IS:
            raise WrongRequest(f"{file}: --dataset and --column are for tables and manifests, not for a log of records")
        return read_journal(file, is_log=False)
    columns = dict(reading.columns)
    if layout is not None:
        rows, account = read_records(file, layout, reading.dataset or None, columns)
        if account:
            say(account)
        return rows
    if suffix not in (".csv", ".tsv"):
        raise WrongRequest(f"{file} is not a table in a known layout; its lines must have a column of audio files")
    table = read_csv(file, columns)
    if not table.is_of_hearsay:
        say(account_of(table, file.name, is_corpus=False))
    try:
        return table.to_merge().rows()
    except BadRow as problem:
        raise BadRow(f"{file}, {problem}") from problem


def load(
    index: SearchWriter,
    rows: Iterable[ClipRow],
    deletions: Path,
    audio: str | None = None,
    step: Step = lambda: None,
    *,
    origin: Origin | None = None,
    beside: Sequence[Passage] = (),
) -> LoadResult:
    """Load the records as a new version of the index, without clips that are deleted in them or in ``deletions``.

    ``audio`` is a result of `audio_place`; ``origin`` is recorded for `reload`. The passages ``beside`` are loaded too,
    and replace the records of their clips.
    """
    began = time.monotonic()
    rows = sorted(rows, key=lambda row: row.id)  # engines are fastest if ids are ascending
    kept: list[ClipRow] = []
    problems = RecordProblems()

    def coming() -> Iterator[Passage]:
        gone = deleted_clips(deletions)  # read while the index is locked, so that no deletion is missed
        others = {passage.clip for passage in beside}
        kept.extend(row for row in rows if not row.deleted and row.id not in gone | others)
        yield from _passages(kept, problems, step)
        yield from (passage for passage in beside if passage.clip not in gone)

    passages = index.replace(coming(), audio, origin)
    in_part = sum(bool(row.failed_pieces) for row in kept)
    again = sum(row.is_failed and bool(row.generated_text) for row in kept)
    failed = sum(row.is_failed for row in kept) - again
    seconds = time.monotonic() - began
    others = {passage.clip for passage in beside}
    counts = (len(kept) + len(others), passages, sum(row.id not in others for row in rows) - len(kept), failed)
    return LoadResult(*counts, seconds, index.about().version, problems.sentences(), in_part, again)


def put(
    index: SearchWriter,
    rows: Iterable[ClipRow],
    deletions: Path,
    say: Callable[[str], None] = lambda _: None,
    files: Sequence[SourceFile] = (),
) -> tuple[int, int]:
    """Put records into the current version; returns the numbers of clips that were put and that were deleted.

    A record is merged with what the index has of its clip, as `read_rows` merges files; one with ``deleted`` removes
    the clip. ``say`` is called with a sentence on impossible times.
    """
    rows = list(rows)
    merging, problems = RecordMerger(), RecordProblems()
    coming = list(merged_with_known(index, [row for row in rows if not row.deleted], merging))
    going = [row.id for row in rows if row.deleted]
    index.put(_passages(coming, problems, lambda: None), files)
    for sentence in (*merging.sentences(), *problems.sentences()):
        say(sentence)
    if revived := sorted(deleted_clips(deletions) & {row.id for row in coming}):
        with Journal(deletions) as journal:
            journal.append(map(ClipRow, revived))
    if going:
        delete(index, going, deletions)
    return len(coming), len(going)


def delete(index: SearchWriter, clips: Sequence[str], deletions: Path) -> int:
    """Delete clips from the index; returns the number of passages removed.

    The deletion is recorded first, so that later loads leave the clips out. If the index cannot be changed, the error
    says that the deletion is recorded all the same.
    """
    with Journal(deletions) as journal:
        journal.append(ClipRow(clip_id, deleted=True) for clip_id in clips)
    try:
        return index.delete(clips)
    except IndexerError as problem:
        raise type(problem)(
            f"{problem}; the deletion is recorded in {deletions}: later loads leave the clips out, "
            "and the deletion can be repeated"
        ) from problem


def rollback(index: SearchWriter, deletions: Path) -> RolledBack:
    """Restore the version before the latest load, without clips that were deleted since."""
    return index.rollback(sorted(deleted_clips(deletions)))


def deleted_clips(deletions: Path) -> set[str]:
    """The ids of the clips that were deleted and not put again since."""
    if not deletions.exists():
        return set()
    return {clip_id for clip_id, row in read_journal(deletions).items() if row.deleted}


def audio_place(named: str) -> str:
    """The location of the audio as an index records it: the absolute path of a folder, or ``s3://BUCKET/PREFIX``.

    A bucket is accessed only when a clip is played. A symbolic link keeps its name, with which ids may begin. Raises
    `WrongRequest` if there is no such folder.
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
    """The log of the clips that were added on the page, for a load of these files; empty if there is none.

    It is loaded first, so that the files take precedence; it is left out if it is one of them.
    """
    is_there = journal.is_file() and journal.stat().st_size > 0
    return [journal] if is_there and journal.resolve() not in map(Path.resolve, files) else []


def doubt_about_audio(audio: str | None, clips: Sequence[str]) -> str | None:
    """A note if the named folder has the audio of less than half of the clips that were looked up."""
    if audio is None or audio.startswith(SCHEME):
        return None
    found, looked_for = audio_found(clips, Path(audio))
    if found >= looked_for / 2:
        return None
    return (
        f"{audio} has the audio of {found} of {looked_for} clips that were looked up; is it the right folder? Ids are "
        "paths under it; their first folder may be missing only if it has the name of the folder itself"
    )


def doubt_about_transcripts(rows: Iterable[ClipRow]) -> str | None:
    """A note if no clip has a transcript."""
    if any(row.generated_text for row in rows):
        return None
    return "none of these clips has a transcript; also load the file that decode wrote, or go back with rollback"


def audio_found(clips: Sequence[str], audio: Path) -> tuple[int, int]:
    """The number of clips in a sample with a file under ``audio``, and the size of the sample."""
    looked_for = clips[:: max(1, len(clips) // _LOOKED_FOR)]
    return sum(find_audio(audio, clip_id) is not None for clip_id in looked_for), len(looked_for)


def _passages(rows: Iterable[ClipRow], problems: RecordProblems, step: Step) -> Iterator[Passage]:
    for row in rows:
        yield from cut(problems.taken(row))
        step()
