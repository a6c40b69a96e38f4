"""Decoding a whole collection from Python, as ``hearsay decode`` does."""

import os
import sys
import warnings
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hearsay.api.models import FallbackWarning, settings_of
from hearsay.errors import BadArgument, HearsayError
from hearsay.extras import needing
from hearsay.records.clip import ClipRow
from hearsay.results.markup import table as html_table
from hearsay.terminal.progress import error_console

if TYPE_CHECKING:
    import asr.pipeline.batch


@dataclass(frozen=True, slots=True)
class DecodeSummary:
    """What a run of `decode` did, and where its files are.

    ``records`` are those of the source's clips, of this run or an earlier one. ``decoded`` and ``skipped`` count clips
    that this run decoded, and that were already done; ``without_audio`` rows of the table that have no file. ``notes``
    are sentences about what was left out.
    """

    csv: Path
    log: Path
    records: tuple[ClipRow, ...]
    decoded: int
    skipped: int
    without_audio: int
    audio_seconds: float
    wall_seconds: float
    notes: tuple[str, ...]

    @property
    def failed(self) -> tuple[ClipRow, ...]:
        """The records of the clips that could not be decoded, each with its ``error``."""
        return tuple(record for record in self.records if record.error)

    def _repr_html_(self) -> str:
        counts = {"decoded": self.decoded, "already done": self.skipped, "failed": len(self.failed)}
        rows = [(name, str(count)) for name, count in counts.items()]
        speech = f"{self.audio_seconds:.1f} s in {self.wall_seconds:.1f} s"
        return html_table(("clips", ""), [*rows, ("audio", speech), ("records", str(self.csv))])


def decode(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    table: str | os.PathLike[str] | None = None,
    dataset: str | None = None,
    layout: str | None = None,
    columns: Mapping[str, str] | None = None,
    allow_missing: bool = False,
    limit: int | None = None,
    via: str | None = None,
    watch: bool = False,
    asr_model: str | None = None,
    ser_model: str | None = None,
    device: str | None = None,
    workers: int | None = None,
    model_change: Literal["keep", "redo"] | None = None,
    hotwords: Iterable[str] = (),
    progress: bool = True,
) -> DecodeSummary:
    """Transcribe every clip of a folder or bucket and recognise its emotion, as ``hearsay decode`` does.

    ``source`` is a folder or ``s3://BUCKET/PREFIX``; ``table`` is a table with the metadata of the clips. A folder in
    the form of a known corpus is recognised; ``layout`` names the form instead (``folder``: the audio files alone), and
    ``columns`` maps further names of columns to those of records, such as ``{"sentence": "text"}``. Records are written
    to ``out/clips.csv`` and ``out/clips.jsonl`` as clips are completed; an interrupted run can be continued by the same
    call. A failed clip has a record with its ``error``, is listed in ``failed``, and does not affect others.

    ``via`` is the address of an API to use instead of local models. ``watch`` keeps processing files that arrive in the
    folder until Ctrl-C, and then returns the summary. Models and device default to the settings. If another speech
    model wrote the log, ``model_change`` either keeps its transcripts and continues with that model ("keep"), or
    transcribes the clips again ("redo"). ``hotwords`` are words and names that are likely to occur (Whisper models
    only); clips that are already in the log are not transcribed again because of them.

    Raises `BadSource`, `BadTable`, `ModelUnavailable` or `ModelChanged` before decoding begins; `PipelineUnavailable`
    if the API at ``via`` becomes unavailable or the log can no longer be written; `HearsayError` if the log is complete
    but the CSV cannot be written; and `KeyboardInterrupt` on Ctrl-C, after completed records were written to disk.
    """
    with needing("asr", "Decoding"):
        from asr.pipeline.assembly import open_listings, open_pipeline_for_log
        from asr.pipeline.batch import decode as run
        from asr.pipeline.hotwords import unique
        from asr.pipeline.progress import DecodingProgress

        settings = settings_of(asr_model=asr_model, ser_model=ser_model, device=device, workers=workers)
        notify = partial(print, file=sys.stderr) if progress else lambda _sentence: None
        place, csv = os.fspath(source), None if table is None else os.fspath(table)
        words = unique([hotwords] if isinstance(hotwords, str) else hotwords)
        of_tables = csv or layout or columns
        _check_combination(place, of_tables, limit, via, words, allow_missing=allow_missing, watch=watch)
        notes: list[str] = []
        limits = {"allow_missing": allow_missing, "limit": limit, "layout": layout, "columns": columns}
        report = notify if watch else notes.append
        listings = open_listings(place, csv, dataset, settings, report, watch=watch, **limits)
        warn = partial(warnings.warn, category=FallbackWarning, stacklevel=4)
        log = Path(out) / "clips.jsonl"
        pipeline = open_pipeline_for_log(log, settings, via, model_change, notify, warn, hotwords=words)
    try:
        with DecodingProgress(error_console(is_quiet=not progress)) as bar:
            keeps = model_change == "keep"
            summary = run(listings, pipeline, Path(out), settings.batch_clips, bar, keeps_transcripts=keeps)
    finally:
        pipeline.close()
    return _summary_of(summary, Path(out), tuple(notes), is_watching=watch)


def _check_combination(
    source: str,
    of_tables: object,
    limit: int | None,
    via: str | None,
    hotwords: Collection[str],
    *,
    allow_missing: bool,
    watch: bool,
) -> None:
    """Raise `BadArgument` for incompatible arguments of `decode`, before anything is opened."""
    if watch and (of_tables or limit or allow_missing or "://" in source):
        raise BadArgument(
            "watch works with a folder only, without s3://, table, layout, columns, limit or allow_missing"
        )
    if hotwords and via is not None:
        raise BadArgument("hotwords and via cannot be combined: the API does not support hotwords")


def _summary_of(
    summary: "asr.pipeline.batch.Summary", out: Path, notes: tuple[str, ...], *, is_watching: bool
) -> DecodeSummary:
    """Raise an error if the run ended early, so that a notebook does not continue as if it were complete."""
    from asr.errors import PipelineUnavailable

    if summary.interrupted and not is_watching:
        raise KeyboardInterrupt
    if summary.stop_reason:
        raise PipelineUnavailable(summary.stop_reason)
    if summary.unwritten:
        raise HearsayError(summary.unwritten)
    return DecodeSummary(
        csv=out / "clips.csv",
        log=out / "clips.jsonl",
        records=summary.rows,
        decoded=summary.transcribed,
        skipped=summary.skipped,
        without_audio=summary.without_audio,
        audio_seconds=summary.audio_seconds,
        wall_seconds=summary.wall_seconds,
        notes=notes,
    )
