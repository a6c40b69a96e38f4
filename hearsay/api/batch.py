"""Decoding a whole collection from Python, as ``hearsay decode`` does."""

import os
import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
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
    from asr.pipeline.assembly import Notify
    from asr.settings import AsrSettings
    from asr.sources.listing import Listing


@dataclass(frozen=True, slots=True)
class DecodeSummary:
    """What a run of `decode` did, and where its files are.

    ``records`` are those of the source's clips, decoded now or before. ``decoded`` and ``skipped`` count clips that
    were decoded now, and that were done before; ``without_audio`` rows of the table that have no file. ``notes`` are
    sentences about what was left out.
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
        counts = {"decoded": self.decoded, "done before": self.skipped, "failed": len(self.failed)}
        rows = [(name, str(count)) for name, count in counts.items()]
        speech = f"{self.audio_seconds:.1f} s in {self.wall_seconds:.1f} s"
        return html_table(("clips", ""), [*rows, ("audio", speech), ("records", str(self.csv))])


def decode(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    table: str | os.PathLike[str] | None = None,
    dataset: str | None = None,
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

    ``source`` is a folder or ``s3://BUCKET/PREFIX``; ``table`` is a CSV with the metadata of the clips. Records are
    written to ``out/clips.csv`` and ``out/clips.jsonl`` as clips are completed; an interrupted run can be continued by
    the same call. A failed clip has a record with its ``error``, is listed in ``failed``, and does not affect others.

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
        from asr.pipeline.assembly import open_pipeline_for_log
        from asr.pipeline.batch import decode as run
        from asr.pipeline.hotwords import unique
        from asr.pipeline.progress import Progress

        settings = settings_of(asr_model=asr_model, ser_model=ser_model, device=device, workers=workers)
        say = _say if progress else _ignore
        place, csv = os.fspath(source), None if table is None else os.fspath(table)
        if watch:
            if csv or limit or allow_missing or "://" in place:
                raise BadArgument("watch works with a folder only, without s3://, table, limit or allow_missing")
            listings, notes = _arriving(place, dataset, say)
        else:
            listings, notes = _listed(place, csv, dataset, settings, allow_missing=allow_missing, limit=limit)
        words = unique([hotwords] if isinstance(hotwords, str) else hotwords)
        if words and via is not None:
            raise BadArgument("hotwords do not go with via: the API transcribes without them")
        log = Path(out) / "clips.jsonl"
        pipeline = open_pipeline_for_log(log, settings, via, model_change, say, _warn, hotwords=words)
    try:
        with Progress(error_console(is_quiet=not progress)) as bar:
            keeps = model_change == "keep"
            summary = run(listings, pipeline, Path(out), settings.batch_clips, bar, keeps_transcripts=keeps)
    finally:
        pipeline.close()
    _check_whole(summary, is_watching=watch)
    return _summary_of(summary, Path(out), notes)


def _arriving(place: str, dataset: str | None, say: "Notify") -> "tuple[Iterable[Listing], tuple[str, ...]]":
    from asr.pipeline.assembly import open_arrivals

    return open_arrivals(place, dataset, say), ()


def _listed(
    place: str,
    table: str | None,
    dataset: str | None,
    settings: "AsrSettings",
    *,
    allow_missing: bool,
    limit: int | None,
) -> "tuple[Iterable[Listing], tuple[str, ...]]":
    """The one listing of a source, and sentences about what is left out of it."""
    from asr.pipeline.assembly import open_listing
    from asr.sources.listing import remarks_of

    listing = open_listing(place, table, dataset, settings, allow_missing=allow_missing, limit=limit)
    return [listing], tuple(remarks_of(listing))


def _check_whole(summary: "asr.pipeline.batch.Summary", *, is_watching: bool) -> None:
    """Raise if the run ended before its source: a notebook must not continue as if it were complete."""
    from asr.errors import PipelineUnavailable

    if summary.interrupted and not is_watching:
        raise KeyboardInterrupt
    if summary.stop_reason:
        raise PipelineUnavailable(summary.stop_reason)
    if summary.unwritten:
        raise HearsayError(summary.unwritten)


def _summary_of(summary: "asr.pipeline.batch.Summary", out: Path, notes: tuple[str, ...]) -> DecodeSummary:
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


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _ignore(_sentence: str) -> None:
    """Show no progress."""


def _warn(sentence: str) -> None:
    warnings.warn(sentence, FallbackWarning, stacklevel=5)
