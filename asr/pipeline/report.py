"""Summaries and tables that the commands print at the end of a run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from asr.pipeline.batch import Summary
from hearsay.corpora import values
from hearsay.records.clip import ClipRow
from hearsay.records.score import TranscriptScore, scores
from hearsay.terminal.console import plain
from hearsay.text.cer import ErrorMetric
from hearsay.text.format import clock, counted, percent
from hearsay.text.scoring import normalizer_in_words
from hearsay.text.wer_by_slice import FEWEST_CLIPS, TOO_FEW, ErrorSlice

EXAMPLES: Final = 6
"""Records that a summary shows."""

_NAMES: Final[Mapping[ErrorMetric, str]] = {"wer": "word error rate", "cer": "character error rate"}
_UNITS: Final[Mapping[ErrorMetric, str]] = {"wer": "word", "cer": "character"}


def show_summary(summary: Summary, console: Console) -> None:
    """Print some transcripts, then counts, speed, word error rate, sentiments and failures."""
    if transcribed := [row for row in summary.rows if row.generated_text]:
        table = Table(box=None, header_style="dim")
        for name in ("clip", "transcript", "emotion"):
            table.add_column(name)
        for row in transcribed[:EXAMPLES]:
            text = row.generated_text if len(row.generated_text) < 90 else row.generated_text[:89] + "…"
            emotion = row.emotion if row.emotion_score is None else f"{row.emotion} {row.emotion_score:.2f}"
            table.add_row(plain(row.id), plain(text), plain(emotion))
        console.print(table)
    speed = (
        f" ({clock(round(summary.audio_seconds))} of audio in {clock(round(summary.wall_seconds))}, "
        f"{summary.audio_seconds / summary.wall_seconds:.1f} times real time)"
    )
    console.print(
        f"{counted(summary.transcribed, 'clip')} transcribed{speed if summary.transcribed else ''}, "
        f"{summary.skipped} already done, "
        + (f"{summary.retagged} tagged again, " if summary.retagged else "")
        + f"{len(summary.failed)} failed"
        + (f", {summary.without_audio} without audio" if summary.without_audio else "")
    )
    if summary.second:
        _show_second(summary, console)
    for scored in scores(summary.rows):
        whole = scored.errors.whole
        if whole.errors.rate is not None:
            clips = counted(whole.texts, "clip")
            console.print(f"{_NAMES[scored.metric]} {percent(whole.errors.rate)} over {clips} with a reference")
            console.print(f"normalised by {_normalizer(scored)}", markup=False)
    sentiments = Counter(row.sentiment for row in summary.rows if row.sentiment)
    if sentiments:
        console.print(plain("sentiment: " + " · ".join(f"{name} {count}" for name, count in sentiments.most_common())))
    _show_failures("failed", summary.failed, console)
    if partly := summary.failed_in_part:
        console.print(f"{counted(len(partly), 'clip')} failed in part; the same command retries the missing pieces")
        _show_failures("failed in part", partly, console)


def _show_second(summary: Summary, console: Console) -> None:
    speed = (
        f" ({clock(round(summary.second_seconds))} of audio in {clock(round(summary.wall_seconds))}, "
        f"{summary.second_seconds / summary.wall_seconds:.1f} times real time)"
    )
    failed = summary.failed_second
    transcripts = counted(summary.seconded, "second transcript")
    console.print(plain(f"{transcripts} by {summary.second}{speed if summary.seconded else ''}, {len(failed)} failed"))
    for clip_id, transcript in list(failed.items())[:EXAMPLES]:
        console.print(plain(f"second transcript failed: {clip_id}: {transcript.error}"))
    if len(failed) > EXAMPLES:
        console.print(f"… and {len(failed) - EXAMPLES} more; the same command retries them")


def _normalizer(scored: TranscriptScore) -> str:
    others = f"; {counted(scored.plain, 'clip')} not in English plainly" if scored.plain else ""
    return f"{normalizer_in_words(scored.normalizer)}{others}"


def _show_failures(how: str, rows: Sequence[ClipRow], console: Console) -> None:
    for row in rows[:EXAMPLES]:
        console.print(plain(f"{how}: {row.id}: {row.error}"))
    if len(rows) > EXAMPLES:
        console.print(f"… and {len(rows) - EXAMPLES} more; see the column error")


def show_score(scored: TranscriptScore, console: Console) -> None:
    """Print the error rate of all clips, then of each group."""
    whole, name, unit = scored.errors.whole, _NAMES[scored.metric], _UNITS[scored.metric]
    clips, units = counted(whole.texts, "clip"), counted(whole.errors.reference_words, unit)
    ends = f"; 95 % interval {_interval(whole)}" if whole.estimate else ""
    console.print(f"{name} {percent(whole.errors.rate)} over {clips}, {units}{ends}")
    console.print(f"normalised by {_normalizer(scored)}", markup=False)
    if scored.left_out:
        console.print(f"{scored.left_out} rows skipped: no reference, no transcript, or an incomplete transcript")
    is_small = False
    for column, slices in scored.errors.by.items():
        table = Table(box=None, header_style="dim")
        table.add_column(plain(column))
        for head in ("clips", f"{unit}s", name, "95 % interval"):
            table.add_column(head, justify="right")
        for value, part in slices.items():
            is_small |= part.texts < FEWEST_CLIPS
            mark = "" if part.texts >= FEWEST_CLIPS else f" ({TOO_FEW})"
            units = str(part.errors.reference_words)
            rate = f"{percent(part.errors.rate)}{mark}"
            table.add_row(plain(_labelled(column, value)), str(part.texts), units, rate, _interval(part))
        console.print(table)
    if is_small:
        console.print(f"{TOO_FEW}: fewer than {FEWEST_CLIPS} clips, so that the rate may be due to chance")


def _labelled(column: str, value: str) -> str:
    """A value as search shows it, and as the corpus spells it if that differs: ``United States (us)``."""
    label = values.label(column, value) if column in values.VALUES else ""
    return value if values.fold(label) in ("", values.fold(value)) else f"{label} ({value})"


def _interval(part: ErrorSlice) -> str:
    """The ends of the interval of an error rate; empty if it has none."""
    return f"{percent(part.estimate.low)} to {percent(part.estimate.high)}" if part.estimate else ""
