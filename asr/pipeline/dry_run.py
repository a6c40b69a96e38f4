"""``decode --dry-run``: what a decode would do. It opens no model and writes nothing, not even a folder."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from asr.errors import PipelineUnavailable
from asr.inference.precision import named
from asr.inference.weights import nothing_kept
from asr.models.identity import Identity
from asr.models.registry import AUTO
from asr.models.selection import select_emotion_model, select_speech_model
from asr.pipeline.assembly import settings_for_log
from asr.pipeline.batch import to_do
from asr.pipeline.model_change import ModelChange, consequences, models_of
from asr.pipeline.pipeline import Pipeline
from asr.pipeline.records import wanted_pieces
from asr.settings import AsrSettings
from asr.sources.listing import Clip, Listing
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal, read_journal
from hearsay.text.format import clock

Notify = Callable[[str], None]

TRANSCRIBE, IN_PART, TAG, DONE, DELETED, WITHOUT_AUDIO = (
    *("transcribe", "transcribe_in_part", "tag", "done", "deleted", "without_audio"),
)
"""What becomes of a clip; of one that is transcribed in part, only the pieces that failed before."""


class LogToRead(Journal):
    """A log that is neither made nor locked nor mended; there need be none."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self) -> dict[str, ClipRow]:
        return read_journal(self.path) if self.path.exists() else {}


@dataclass(frozen=True, slots=True)
class UnloadedPipeline:
    """Stands where a `Pipeline` would: its models are known and not loaded."""

    speech: Identity
    emotion: Identity
    is_speech_by_default: bool
    clips_at_once: int = 1

    def process(self, clips: Sequence[Clip]) -> list[ClipRow]:
        raise PipelineUnavailable(f"a dry run transcribes nothing, so not these {len(clips)} clips either")

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class DecodePlan:
    """How many clips each kind of work has; ``seconds`` of those to be transcribed, as far as their length is known."""

    log: Path
    counts: Mapping[str, int]
    retried: int
    seconds: float
    of_unknown_length: int
    speech: str
    emotion: str
    listing: Listing
    changes: tuple[str, ...]

    def sentences(self) -> tuple[str, ...]:
        """The plan for a person."""
        unknown = f", without {self.of_unknown_length} of unknown length" if self.of_unknown_length else ""
        retried = f", {self.retried} of them failed before" if self.retried else ""
        kinds = {
            IN_PART: "of which only failed pieces are wanted",
            TAG: "to be tagged again",
            DONE: "done before",
            DELETED: "deleted",
            WITHOUT_AUDIO: "without audio",
        }
        others = (f"{self.counts[kind]} {words}" for kind, words in kinds.items() if self.counts[kind] or kind == DONE)
        sound = f"{clock(round(self.seconds))} of sound{unknown}"
        new = f"{self.counts[TRANSCRIBE]} of {len(self.listing.clips)} clips to be transcribed ({sound}){retried}"
        return (
            f"{new}; {', '.join(others)}",
            f"speech: {self.speech}",
            f"emotion: {self.emotion}",
            *self.changes,
            f"to be written: {self.log}, {self.log.with_suffix('.csv')}; nothing was done",
        )

    def to_json(self) -> dict[str, Any]:
        """The plan for a program."""
        return {
            "clips": len(self.listing.clips),
            **{kind: self.counts[kind] for kind in (TRANSCRIBE, IN_PART, TAG, DONE, DELETED, WITHOUT_AUDIO)},
            "failed_before": self.retried,
            "seconds": round(self.seconds, 2),
            "of_unknown_length": self.of_unknown_length,
            "passed_over": list(map(str, self.listing.passed_over)),
            "rejected": list(self.listing.rejected),
            "speech": self.speech,
            "emotion": self.emotion,
            "changes": list(self.changes),
            "log": str(self.log),
        }


def plan_of(
    listing: Listing, log: Path, settings: AsrSettings, via: str | None, change: ModelChange | None, notify: Notify
) -> DecodePlan:
    """What `decode` would do with a listing; raises what it would, such as `ModelChanged`."""
    before = models_of(log)
    with nothing_kept():
        pipeline, speech, emotion = _pipeline(settings_for_log(before, settings, change), via, notify)
    try:
        changes = tuple(consequences(before, pipeline, change))
        opened = LogToRead(log)
        known = opened.rows()
        wanted = list(to_do(listing, pipeline, opened, keeps_transcripts=change == "keep"))
    finally:
        pipeline.close()
    kinds = [_kind_of(clip, want, known, pipeline.speech) for clip, want in zip(listing.clips, wanted, strict=True)]
    coming = [clip for clip, kind in zip(listing.clips, kinds, strict=True) if kind == TRANSCRIBE]
    lengths = [_length(clip, known.get(clip.row.id)) for clip in coming]
    retried = sum(clip.row.id in known and bool(known[clip.row.id].error) for clip in coming)
    seconds, unknown = sum(filter(None, lengths)), lengths.count(None)
    return DecodePlan(log, Counter(kinds), retried, seconds, unknown, speech, emotion, listing, changes)


def _pipeline(settings: AsrSettings, via: str | None, notify: Notify) -> tuple[Pipeline, str, str]:
    """Who would transcribe, not loaded, and its models in words; an API is asked for its own."""
    if via is not None:
        from asr.pipeline.remote import open_remote_pipeline  # an HTTP client is needed by those who have an address

        remote = open_remote_pipeline(via, settings, notify)
        return remote, f"{remote.speech.name} (at {via})", f"{remote.emotion.name} (at {via})"
    speech, emotion = select_speech_model(settings), select_emotion_model(settings)
    precision = named(settings.precision)
    speech_identity, emotion_identity = (
        Identity(choice.name, choice.weights(), precision) for choice in (speech, emotion)
    )
    return (
        UnloadedPipeline(speech_identity, emotion_identity, settings.asr_model == AUTO),
        speech.in_words(),
        emotion.in_words(),
    )


def _kind_of(clip: Clip, wanted: Clip | None, known: Mapping[str, ClipRow], speech: Identity) -> str:
    if wanted is not None and not wanted.transcribed:
        return TRANSCRIBE
    if wanted is not None:
        return IN_PART if wanted_pieces(wanted, speech) else TAG
    if clip.read is None:
        return WITHOUT_AUDIO
    return DELETED if known[clip.row.id].deleted else DONE


def _length(clip: Clip, known: ClipRow | None) -> float | None:
    """Seconds of sound, by the table or the log, else by the header of a file of this machine."""
    noted = known.duration if clip.row.duration is None and known else clip.row.duration
    if noted is not None:
        return noted
    path = getattr(clip.read, "__self__", None)  # what reads a file of this machine is a method of its path
    if not isinstance(path, Path):
        return None
    try:
        with av.open(str(path)) as container:
            return container.duration / av.time_base if container.duration else None
    except (av.FFmpegError, OSError, ValueError):  # decode will say what is wrong with it
        return None
