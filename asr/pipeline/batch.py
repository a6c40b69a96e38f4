"""Batch decoding: each clip of a source is processed once and logged; the CSV is written at the end."""

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from asr.errors import PipelineUnavailable
from asr.pipeline.identity import emotion_of, speech_of
from asr.pipeline.interim import InterimRecords
from asr.pipeline.pipeline import Pipeline, UnfinishedClip, digest_of
from asr.pipeline.progress import DecodingProgress
from asr.pipeline.records import failed_again, missing, wanted_pieces
from asr.pipeline.second import is_kept as is_second_kept
from asr.pipeline.second import is_missing, needs_second, transcript_by, with_earlier_texts
from asr.sources.listing import Clip, Listing
from hearsay.errors import BadRow, ClipsError
from hearsay.records.clip import ClipRow
from hearsay.records.files import remove_leftovers
from hearsay.records.journal import Journal
from hearsay.records.table import EMPTY_TABLE, is_of_hearsay_header, write_csv
from hearsay.records.transcript import TAGGING, ModelTranscript
from hearsay.terminal.process import wait_in_turns

log = logging.getLogger(__name__)

BATCHES_AT_ONCE: Final = 4
"""Batches in progress, so that the models never wait for files and can batch clips of similar lengths."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The result of a run.

    ``rows`` are the records of its source, of this run or an earlier one. ``stop_reason`` is why it ended early.
    ``rejected`` counts files that cannot be clips. ``unwritten`` is the reason why the CSV was not written.
    ``retagged`` counts clips of which only the emotion was recognised again. ``second`` is the model of the second
    transcripts, if the run makes them; ``seconded`` clips got one, of ``second_seconds``.
    """

    rows: tuple[ClipRow, ...]
    transcribed: int
    skipped: int
    without_audio: int
    audio_seconds: float
    wall_seconds: float
    interrupted: bool = False
    stop_reason: str = ""
    rejected: int = 0
    unwritten: str = ""
    retagged: int = 0
    second: str = ""
    seconded: int = 0
    second_seconds: float = 0.0

    @property
    def failed(self) -> list[ClipRow]:
        """Clips that were not transcribed; some keep an older transcript."""
        return [row for row in self.rows if row.is_failed]

    @property
    def failed_in_part(self) -> list[ClipRow]:
        """Clips that lack the transcript of some pieces, or the emotion."""
        return [row for row in self.rows if row.failed_pieces]

    @property
    def failed_second(self) -> dict[str, ModelTranscript]:
        """The transcripts that the second model failed on, or pieces of which, by clip."""
        by_model = ((row.id, one) for row in self.rows for one in row.transcripts if one.model == self.second)
        return {clip_id: transcript for clip_id, transcript in by_model if transcript.error}


def decode(
    listings: Iterable[Listing],
    pipeline: Pipeline,
    out: Path,
    batch_clips: int,
    progress: DecodingProgress,
    *,
    keeps_transcripts: bool = False,
    verifies: bool = False,
) -> Summary:
    """Process the clips that the log ``out/clips.jsonl`` lacks, and write ``out/clips.csv`` after each listing.

    A folder is one listing; a watched folder gives one per group of arrivals. Records are written in batches of
    ``batch_clips``, or of the number that suits the pipeline if that is 0, so that a killed run loses at most
    `BATCHES_AT_ONCE` batches, and of their long clips what `InterimRecords` has not stored. A known clip is unchanged
    if its stamp is; if that differs, or the run ``verifies``, its digest decides. Ctrl-C, an unavailable pipeline, or a
    log that cannot be written ends the run early and still writes the CSV. If the CSV cannot be written, the run
    continues, since the log is complete. Raises `JournalInUse` while another run writes to ``out``, and `ClipsError` if
    ``out`` has a ``clips.csv`` of somebody else.
    """
    _reject_foreign_table(out)
    started = time.monotonic()
    interrupted, stop_reason = False, ""
    with Journal(out / "clips.jsonl") as journal:
        if journal.warning:
            progress.notify(f"warning: {journal.warning}")
        for path in (csv := out / "clips.csv", journal.path):
            remove_leftovers(path)
        run = _DecodeRun(pipeline, journal, csv, keeps_transcripts=keeps_transcripts, verifies=verifies)
        try:
            for listing in listings:
                run.process(listing, batch_clips or pipeline.clips_at_once, progress)
                run.write_table()
        except KeyboardInterrupt:
            interrupted = True
        except PipelineUnavailable as problem:
            stop_reason = str(problem)
        except ClipsError as problem:
            stop_reason = f"{problem}. Earlier records are in the log; run the same command to continue"
        if interrupted or stop_reason:
            run.write_table()
    summary = run.summary(time.monotonic() - started, interrupted, stop_reason)
    failed, in_part = len(summary.failed), len(summary.failed_in_part)
    counts = {
        "transcribed": run.transcribed,
        "heard": run.transcribed,
        "skipped": run.skipped,
        "failed": failed,
        "failed_in_part": in_part,
    }
    if summary.second:
        counts |= {"second_transcripts": summary.seconded, "second_failed": len(summary.failed_second)}
    log.info("decoded", extra=counts)
    return summary


@dataclass(frozen=True, slots=True)
class _PendingBatch:
    """A batch in progress, with its future records."""

    batch: Sequence[Clip]
    rows: Future[Sequence[ClipRow]]


def _reject_foreign_table(out: Path) -> None:
    """Raises `ClipsError` if the CSV would overwrite a file that Hearsay did not write; beside a log, it is ours."""
    path, log = out / "clips.csv", out / "clips.jsonl"
    with suppress(OSError):  # writing it reports the problem
        if (log.exists() and log.stat().st_size) or not (path.is_file() and path.stat().st_size):
            return
        with path.open(encoding="utf-8", errors="replace") as file:
            header = file.readline().rstrip("\n").split(",")
        if not is_of_hearsay_header(header):
            raise ClipsError(
                f"{path} was not written by Hearsay, and would be overwritten; nothing was changed. "
                "Name another folder in --out, or rename that file"
            )


class _DecodeRun:
    """One run: the records of the log, the clips listed so far, and the counts."""

    def __init__(
        self, pipeline: Pipeline, journal: Journal, csv: Path, *, keeps_transcripts: bool, verifies: bool
    ) -> None:
        self._pipeline = pipeline
        self._keeps_transcripts = keeps_transcripts
        self._verifies = verifies
        self._stamps: dict[str, str] = {}  # by id, taken before a clip was read
        self._in_work: dict[str, Clip] = {}  # what is kept of each clip that is processed, by id
        self._failed_updates: dict[
            str, ClipRow
        ] = {}  # clips whose record with a transcript is kept, as the rest failed
        self._journal = journal
        self._csv = csv
        self._known = journal.rows()
        self._interim = InterimRecords()
        self._listed: dict[str, None] = {}  # ids, in order
        self._table = EMPTY_TABLE
        self.transcribed = self.retagged = self.skipped = self.without_audio = self.rejected = 0
        self.seconded = 0
        self.audio_seconds = self.second_seconds = 0.0
        self.unwritten = ""

    def process(self, listing: Listing, batch_clips: int, progress: DecodingProgress) -> None:
        self._table = listing.table
        self.rejected += len(listing.rejected)
        self._listed.update((clip.row.id, None) for clip in listing.clips)
        progress.start(len(listing.clips))
        pending: deque[_PendingBatch] = deque()
        executor = ThreadPoolExecutor(BATCHES_AT_ONCE, "batch")
        try:
            for batch in in_batches(listing.clips, batch_clips):
                if len(pending) == BATCHES_AT_ONCE:
                    self._take_first(pending, progress)
                pending.append(_PendingBatch(batch, executor.submit(self._process, batch)))
            while pending:
                self._take_first(pending, progress)
        except (KeyboardInterrupt, PipelineUnavailable) as stopped:
            for left in pending:
                if left.rows.done() or isinstance(stopped, PipelineUnavailable):  # it is unavailable for all of them
                    with suppress(PipelineUnavailable):
                        self._take(left, progress)
            self._keep_unfinished(self._interim.left(self._pipeline.unfinished()))
            raise
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _process(self, batch: Sequence[Clip]) -> Sequence[ClipRow]:
        """Records of those clips of a batch that must be processed."""
        to_process = [wanted for clip in batch if (wanted := self._wanted(clip))]
        self._in_work.update((clip.row.id, clip) for clip in to_process)
        return self._pipeline.process(to_process) if to_process else []

    def _take_first(self, pending: "deque[_PendingBatch]", progress: DecodingProgress) -> None:
        """Wait for the first batch and store it; if the wait is interrupted, the batch stays pending."""
        wait_in_turns(pending[0].rows, lambda: self._keep_unfinished(self._interim.due(self._pipeline.unfinished())))
        self._take(pending.popleft(), progress)

    def _keep_unfinished(self, clips: Iterable[UnfinishedClip]) -> None:
        """Write interim records of long clips; their final records replace these."""
        for clip in clips:
            if row := clip.row():
                with suppress(BadRow):  # the final record will contain the error
                    self._keep([self._joined(row)])

    def _take(self, pending: "_PendingBatch", progress: DecodingProgress) -> None:
        """Store the records of a batch; raises the batch's `PipelineUnavailable` afterwards."""
        try:
            rows, stop_reason = pending.rows.result(), None
        except PipelineUnavailable as problem:
            rows, stop_reason = problem.rows, problem
        rows = [self._joined(row) for row in rows]
        ids = {row.id for row in rows}
        done = [clip for clip in pending.batch if clip.row.id not in ids]
        failed = {row.id: row for row in rows if self._is_failed_update(row)}
        kept = [row for row in rows if row.id not in failed]
        for row in kept:
            self._failed_updates.pop(row.id, None)
        self._failed_updates |= failed
        second_only = self._with_transcripts_of(failed.values())
        self._keep([*kept, *second_only, *(() if stop_reason else self._renewed(done))])
        audio = self._count(kept)
        second_audio = self._count_second([*kept, *second_only])
        if stop_reason:
            raise stop_reason
        self.without_audio += (silent := sum(clip.read is None for clip in pending.batch))
        self.skipped += len(pending.batch) - len(rows) - silent
        progress.finish(ids)
        failures = sum(bool(row.error) or self._has_failed_second(row) for row in rows)
        progress.advance(len(pending.batch), len(rows), audio + second_audio, failures)

    def _count(self, rows: Iterable[ClipRow]) -> float:
        """Count clips that were transcribed or tagged again; returns the seconds of the transcribed ones."""
        first = [row for row in rows if not self._keeps_first(row)]
        transcribed = [row for row in first if not row.is_failed]
        self.transcribed += len(transcribed)
        self.retagged += sum(self._keeps_first(row) and not self._in_work[row.id].tagged for row in rows)
        self.audio_seconds += (audio := sum(row.duration or 0.0 for row in transcribed))
        return audio

    def _count_second(self, rows: Iterable[ClipRow]) -> float:
        """Count clips that got a second transcript; returns their seconds."""
        second = self._pipeline.second
        got = [row for row in rows if second and needs_second(self._in_work[row.id], second)]
        got = [row for row in got if not self._has_failed_second(row, in_part=False)]
        self.seconded += len(got)
        self.second_seconds += (audio := sum(row.duration or 0.0 for row in got))
        return audio

    def _has_failed_second(self, row: ClipRow, *, in_part: bool = True) -> bool:
        """Whether the second transcript is missing: in the whole or, if it counts, ``in_part``."""
        second = self._pipeline.second
        if second is None or not needs_second(self._in_work[row.id], second):
            return False
        transcript = transcript_by(row, second)
        return transcript is None or is_missing(transcript) or (in_part and bool(transcript.error))

    def _keeps_first(self, row: ClipRow) -> bool:
        """Whether a processed clip kept its first transcript, so that only other results were missing."""
        clip = self._in_work[row.id]
        return clip.transcribed is not None and not wanted_pieces(clip, self._pipeline.speech)

    def _is_failed_update(self, row: ClipRow) -> bool:
        """Whether nothing replaces a clip's record, because its transcript was kept and what was missing failed."""
        is_tagged = self._in_work[row.id].tagged is not None
        return self._keeps_first(row) and (row.is_failed if is_tagged else bool(row.error))

    def _with_transcripts_of(self, failed: Iterable[ClipRow]) -> list[ClipRow]:
        """The known records of clips whose update failed, with the second transcripts that are new."""
        known = [(self._known[row.id], row) for row in failed]
        return [replace(old, transcripts=row.transcripts) for old, row in known if old.transcripts != row.transcripts]

    def write_table(self) -> None:
        """Write the records of the source in its order, then those of earlier runs that are not in the source."""
        others = (row for row in self._known.values() if row.id not in self._listed)
        try:
            write_csv(self._csv, [*self._rows_of_the_source(), *others], self._table)
        except ClipsError as problem:
            self.unwritten = (
                f"{problem}. The records are in the log {self._journal.path}; run the same command to write the CSV"
            )
        else:
            self.unwritten = ""

    def summary(self, wall_seconds: float, interrupted: bool, stop_reason: str) -> Summary:
        rows = tuple(self._failed_updates.get(row.id, row) for row in self._rows_of_the_source())
        counts = (self.transcribed, self.skipped, self.without_audio, self.audio_seconds)
        second = self._pipeline.second.name if self._pipeline.second else ""
        return Summary(
            rows,
            *counts,
            wall_seconds,
            interrupted,
            stop_reason,
            self.rejected,
            self.unwritten,
            self.retagged,
            second,
            self.seconded,
            self.second_seconds,
        )

    def _rows_of_the_source(self) -> Iterator[ClipRow]:
        return (self._known[clip_id] for clip_id in self._listed if clip_id in self._known)

    def _wanted(self, clip: Clip) -> Clip | None:
        """The clip, with what is kept of its earlier record; None if there is nothing to do.

        There is nothing to do for a clip without audio or a deleted one, and if the same models processed the same
        audio.
        """
        if clip.read is None:
            return None
        self._stamps[clip.row.id] = clip.stamp()
        known = self._known.get(clip.row.id)
        if known is None:
            return clip
        if known.deleted:
            return None
        kept = self._kept_of(known)
        if not kept or not self._is_of_this_audio(known, clip):
            return clip
        kept_records: dict[str, Any] = dict.fromkeys(kept, known)
        clip = replace(clip, **kept_records)
        is_complete = clip.transcribed and not wanted_pieces(clip, self._pipeline.speech)
        is_done = is_complete and clip.tagged and not needs_second(clip, self._pipeline.second)
        return None if is_done else clip

    def _kept_of(self, known: ClipRow) -> list[str]:
        """What is kept of an earlier record of the same audio, by the names of the fields of `Clip`."""
        kept = []
        speech, emotion, second = self._pipeline.speech, self._pipeline.emotion, self._pipeline.second
        made_by = speech_of(known)
        is_kept = speech.is_that_of(made_by) or (self._keeps_transcripts and bool(made_by.name))
        if keeps_first := is_kept and not known.is_failed:
            kept.append("transcribed")
        if emotion.is_that_of(emotion_of(known)) and not missing(known, TAGGING) and not known.is_failed:
            kept.append("tagged")
        if second and is_second_kept(known, second, keeps_first=keeps_first, keeps_transcripts=self._keeps_transcripts):
            kept.append("seconded")
        return kept

    def _is_of_this_audio(self, known: ClipRow, clip: Clip) -> bool:
        stamp = self._stamps[clip.row.id]
        if stamp and stamp == known.audio_stamp and known.audio_digest and not self._verifies:
            return True
        try:
            return clip.read is not None and digest_of(clip.read()) == known.audio_digest
        except OSError:  # the pipeline meets the same error and reports it
            return False

    def _joined(self, row: ClipRow) -> ClipRow:
        """A new record, with the other columns of the clip's earlier record."""
        known, is_read = self._known.get(row.id), bool(row.audio_digest)
        if known is not None:
            row = with_earlier_texts(row, known)
            row = failed_again(known, row) if row.is_failed else known.merged_with(row.of_one_run())
        return replace(row, audio_stamp=self._stamps.get(row.id, "")) if is_read else row

    def _renewed(self, done: Iterable[Clip]) -> Iterator[ClipRow]:
        """Records of clips that need no processing but whose columns in the corpus have changed."""
        for clip in done:
            known = self._known.get(clip.row.id)
            row = clip.row if known is None else known.merged_with(clip.row)
            if known and not known.deleted and (stamp := self._stamps.get(row.id)):
                row = replace(row, audio_stamp=stamp)
            if row != known:
                yield row

    def _keep(self, rows: Sequence[ClipRow]) -> None:
        if rows:  # nothing to write if all clips were already done
            self._journal.append(rows)
        self._known.update((row.id, row) for row in rows)


def in_batches(clips: Sequence[Clip], size: int) -> Iterator[Sequence[Clip]]:
    """The clips in order, ``size`` at a time."""
    return (clips[start : start + size] for start in range(0, len(clips), size))


def limited(listing: Listing, limit: int | None) -> Listing:
    """The listing with its first ``limit`` clips only; all of them if there is no limit."""
    return replace(listing, clips=listing.clips[:limit])


def to_do(
    listing: Listing, pipeline: Pipeline, log: Journal, *, keeps_transcripts: bool, verifies: bool = False
) -> Iterator[Clip | None]:
    """What `decode` would do with each clip of a listing: the clip with what is kept, or None for nothing."""
    csv = log.path.with_suffix(".csv")
    run = _DecodeRun(pipeline, log, csv, keeps_transcripts=keeps_transcripts, verifies=verifies)
    return map(run._wanted, listing.clips)
