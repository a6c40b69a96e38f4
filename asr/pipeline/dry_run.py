"""``decode --dry-run``: what ``decode`` would do. It loads no model and writes nothing, not even a folder."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av

from asr.errors import PipelineUnavailable
from asr.inference.weights import nothing_kept
from asr.models.registry import AUTO
from asr.models.selection import select_emotion_model, select_speech_model
from asr.pipeline.assembly import settings_for_log, settings_of_second
from asr.pipeline.batch import to_do
from asr.pipeline.identity import Identity
from asr.pipeline.model_change import ModelChange, consequences, models_of
from asr.pipeline.pipeline import Pipeline, UnfinishedClip
from asr.pipeline.records import wanted_pieces
from asr.pipeline.second import check_second, check_via, needs_second, wanted_of_second
from asr.settings import AsrSettings
from asr.sources.listing import Clip, Listing
from asr.types import Notify, named
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal, read_journal
from hearsay.text.format import clock, counted

TRANSCRIBE, IN_PART, TAG, DONE, DELETED, WITHOUT_AUDIO = (
    *("transcribe", "transcribe_in_part", "tag", "done", "deleted", "without_audio"),
)
"""What ``decode`` would do with a clip; ``transcribe_in_part`` retries only the pieces that failed before."""


class LogToRead(Journal):
    """A log that is only read: not created, locked or repaired. The file need not exist."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self) -> dict[str, ClipRow]:
        return read_journal(self.path) if self.path.exists() else {}


@dataclass(frozen=True, slots=True)
class UnloadedPipeline:
    """Takes the place of a `Pipeline` whose models are known but not loaded."""

    speech: Identity
    emotion: Identity
    is_speech_by_default: bool
    second: Identity | None = None
    clips_at_once: int = 1

    def process(self, clips: Sequence[Clip]) -> list[ClipRow]:
        raise PipelineUnavailable(
            f"a dry run does not transcribe; run decode without --dry-run for these {len(clips)} clips"
        )

    def unfinished(self) -> Sequence[UnfinishedClip]:
        return ()

    def close(self) -> None:
        """Do nothing: no resources are held."""


@dataclass(frozen=True, slots=True)
class DecodePlan:
    """The number of clips for each kind of work, and the ``seconds`` to be transcribed, as far as they are known."""

    log: Path
    counts: Mapping[str, int]
    retried: int
    seconds: float
    of_unknown_length: int
    speech: str
    emotion: str
    listing: Listing
    changes: tuple[str, ...]
    second: "SecondPlan | None" = None

    def sentences(self) -> tuple[str, ...]:
        """The plan as sentences."""
        unknown = f", plus {self.of_unknown_length} clips of unknown duration" if self.of_unknown_length else ""
        retried = f", {self.retried} of which failed before" if self.retried else ""
        kinds = {
            IN_PART: "to retry in part",
            TAG: "to tag again",
            DONE: "already done",
            DELETED: "deleted",
            WITHOUT_AUDIO: "without audio",
        }
        others = (f"{self.counts[kind]} {words}" for kind, words in kinds.items() if self.counts[kind] or kind == DONE)
        sound = f"{clock(round(self.seconds))} of audio{unknown}"
        new = f"{self.counts[TRANSCRIBE]} of {len(self.listing.clips)} clips to transcribe ({sound}){retried}"
        return (
            f"{new}; {', '.join(others)}",
            *([self.second.sentence()] if self.second else []),
            f"speech model: {self.speech}",
            *([f"second speech model: {self.second.model}"] if self.second else []),
            f"emotion model: {self.emotion}",
            *self.changes,
            f"would write {self.log} and {self.log.with_suffix('.csv')}; nothing was written",
        )

    def to_json(self) -> dict[str, Any]:
        """The plan as a JSON object."""
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
            **({"second": self.second.to_json()} if self.second else {}),
        }


@dataclass(frozen=True, slots=True)
class SecondPlan:
    """The number of clips that the second model would transcribe, some of them in part; the seconds; and the model."""

    model: str
    clips: int
    in_part: int
    done: int
    seconds: float
    of_unknown_length: int

    def sentence(self) -> str:
        """The plan as a sentence."""
        unknown = f", plus {self.of_unknown_length} clips of unknown duration" if self.of_unknown_length else ""
        in_part = f", {self.in_part} to retry in part" if self.in_part else ""
        sound = f"{clock(round(self.seconds))} of audio{unknown}"
        return f"{counted(self.clips, 'second transcript')} to make ({sound}){in_part}, {self.done} already done"

    def to_json(self) -> dict[str, Any]:
        """The plan as a JSON object."""
        return {
            "model": self.model,
            "transcribe": self.clips,
            "transcribe_in_part": self.in_part,
            "done": self.done,
            "seconds": round(self.seconds, 2),
            "of_unknown_length": self.of_unknown_length,
        }


def plan_of(
    listing: Listing,
    log: Path,
    settings: AsrSettings,
    via: str | None,
    change: ModelChange | None,
    notify: Notify,
    *,
    verifies: bool = False,
    second: str | None = None,
) -> DecodePlan:
    """What `decode` would do with a listing; raises the errors that `decode` would raise, such as `ModelChanged`."""
    check_via(second, via)
    before = models_of(log)
    with nothing_kept():
        settings = settings_for_log(before, settings, change)
        pipeline, speech, emotion = _pipeline(settings, via, notify, second)
    try:
        changes = tuple(consequences(before, pipeline, change))
        opened = LogToRead(log)
        known = opened.rows()
        wanted = list(to_do(listing, pipeline, opened, keeps_transcripts=change == "keep", verifies=verifies))
    finally:
        pipeline.close()
    kinds = [_kind_of(clip, want, known, pipeline.speech) for clip, want in zip(listing.clips, wanted, strict=True)]
    coming = [clip for clip, kind in zip(listing.clips, kinds, strict=True) if kind == TRANSCRIBE]
    lengths = [_length(clip, known.get(clip.row.id)) for clip in coming]
    retried = sum(clip.row.id in known and bool(known[clip.row.id].error) for clip in coming)
    seconds, unknown = sum(filter(None, lengths)), lengths.count(None)
    plan = DecodePlan(log, Counter(kinds), retried, seconds, unknown, speech, emotion, listing, changes)
    if second is None or pipeline.second is None:
        return plan
    described = select_speech_model(settings_of_second(settings, second)).in_words()
    return replace(plan, second=_second_plan(described, listing.clips, wanted, known, pipeline.second))


def _second_plan(
    described: str,
    clips: Sequence[Clip],
    wanted: Sequence[Clip | None],
    known: Mapping[str, ClipRow],
    second: Identity,
) -> SecondPlan:
    coming = [clip for clip in wanted if clip and needs_second(clip, second)]
    whole = [clip for clip in coming if not wanted_of_second(clip, second)]
    lengths = [_length(clip, known.get(clip.row.id)) for clip in whole]
    without = sum(clip.read is None or (clip.row.id in known and known[clip.row.id].deleted) for clip in clips)
    seconds = sum(filter(None, lengths))
    done = len(clips) - len(coming) - without
    return SecondPlan(described, len(whole), len(coming) - len(whole), done, seconds, lengths.count(None))


def _pipeline(settings: AsrSettings, via: str | None, notify: Notify, second: str | None) -> tuple[Pipeline, str, str]:
    """The pipeline, without loading models, and descriptions of both models; an API reports its own models."""
    if via is not None:
        from asr.pipeline.remote import open_remote_pipeline  # the HTTP client is imported only when it is used

        remote = open_remote_pipeline(via, settings, notify)
        return remote, f"{remote.speech.name} (at {via})", f"{remote.emotion.name} (at {via})"
    speech, emotion = select_speech_model(settings), select_emotion_model(settings)
    precision = named(settings.precision)
    speech_identity, emotion_identity = (
        Identity(choice.name, choice.weights(), precision) for choice in (speech, emotion)
    )
    second_identity = None
    if second is not None:
        choice = select_speech_model(settings_of_second(settings, second))
        second_identity = Identity(choice.name, choice.weights(), precision)
        check_second(speech_identity, second_identity)
    return (
        UnloadedPipeline(speech_identity, emotion_identity, settings.asr_model == AUTO, second_identity),
        speech.in_words(),
        emotion.in_words(),
    )


def _kind_of(clip: Clip, wanted: Clip | None, known: Mapping[str, ClipRow], speech: Identity) -> str:
    if wanted is not None and not wanted.transcribed:
        return TRANSCRIBE
    if wanted is not None and (wanted_pieces(wanted, speech) or not wanted.tagged):
        return IN_PART if wanted_pieces(wanted, speech) else TAG
    if wanted is not None:  # only the second transcript is missing
        return DONE
    if clip.read is None:
        return WITHOUT_AUDIO
    return DELETED if known[clip.row.id].deleted else DONE


def _length(clip: Clip, known: ClipRow | None) -> float | None:
    """Seconds of audio, from the table or the log, or else from the header of a local file."""
    noted = known.duration if clip.row.duration is None and known else clip.row.duration
    if noted is not None:
        return noted
    path = getattr(clip.read, "__self__", None)  # the reader of a local file is a method of its path
    if not isinstance(path, Path):
        return None
    try:
        with av.open(str(path)) as container:
            return container.duration / av.time_base if container.duration else None
    except (av.FFmpegError, OSError, ValueError):  # decode reports what is wrong with it
        return None
