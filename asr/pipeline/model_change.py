"""A log that other models wrote: what becomes of its transcripts and emotions, said before anything begins."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from asr.errors import ModelChanged
from asr.models.identity import Identity, emotion_of, speech_of
from asr.pipeline.pipeline import Pipeline
from hearsay.records.journal import read_journal
from hearsay.text.format import counted

ModelChange = Literal["keep", "redo"]
"""What becomes of transcripts by another speech model: they stay as they are, or are made again."""


@dataclass(frozen=True, slots=True)
class LogModels:
    """How many records of a log each model made."""

    log: Path
    speech: Counter[Identity]
    emotion: Counter[Identity]

    @property
    def usual_speech(self) -> str:
        """The speech model that made most of the transcripts; empty where there are none."""
        names: Counter[str] = Counter()
        for model, clips in self.speech.items():
            names[model.name] += clips
        return max(names, key=lambda name: (names[name], name), default="")


def models_of(log: Path) -> LogModels:
    """The models that made a log's records; failed and deleted ones do not count. There need be no log."""
    rows = read_journal(log).values() if log.exists() else ()
    done = [row for row in rows if not (row.deleted or row.error)]
    return LogModels(log, _tally(map(speech_of, done)), _tally(map(emotion_of, done)))


def _tally(models: Iterable[Identity]) -> Counter[Identity]:
    return Counter(model for model in models if model.name)


def consequences(before: LogModels, pipeline: Pipeline, change: ModelChange | None) -> Iterator[str]:
    """A sentence for what is made again, or is not though another model made it.

    Raises `ModelChanged` where the speech model is another one than the log's, and nobody asked for that by its name or
    by ``change``.
    """
    speech, emotion = pipeline.speech, pipeline.emotion
    others = _others(before.speech, speech)
    if others and change == "keep":
        yield _kept(before, pipeline, others)
    elif others and change is None and pipeline.is_speech_by_default and _is_another(others, speech):
        raise ModelChanged(_explained(before, speech, others))
    elif others:
        clips = counted(others.total(), "clip")
        yield f"transcribed again by {_described(speech)}: {clips} that {_names(others, speech)} transcribed"
    if retagged := _others(before.emotion, emotion):
        clips = counted(retagged.total(), "clip")
        sentence = f"tagged again by {_described(emotion)}: {clips} that {_names(retagged, emotion)} tagged"
        yield f"{sentence}; their transcripts stay as they are"


def _kept(before: LogModels, pipeline: Pipeline, others: Counter[Identity]) -> str:
    now, usual = pipeline.speech, before.usual_speech
    if pipeline.is_speech_by_default and now.name != usual:
        raise ModelChanged(
            f"--model-change keep goes on with {usual}, and the API has {now.name}; start it with ASR_MODEL={usual}"
        )
    clips = counted(others.total(), "clip")
    return f"kept: {clips} that {_names(others, now)} transcribed; new clips are transcribed by {now.name}"


def _others(counts: Counter[Identity], now: Identity) -> Counter[Identity]:
    return Counter({model: clips for model, clips in counts.items() if not now.is_that_of(model)})


def _is_another(others: Iterable[Identity], now: Identity) -> bool:
    """Whether name or weights differ; a precision alone was set by hand, which is asking for it."""
    unset = Identity(now.name, now.weights)
    return any(not unset.is_that_of(model) for model in others)


def _explained(before: LogModels, now: Identity, others: Counter[Identity]) -> str:
    clips = counted(others.total(), "clip")
    return (
        f"{before.log} has {clips} that {_names(others, now)} transcribed, and by default the speech model is "
        f"now {_described(now)}. Add --model-change keep to go on with {before.usual_speech}, which then transcribes "
        "new clips only, or --model-change redo to transcribe every clip again."
    )


def _names(models: Iterable[Identity], now: Identity) -> str:
    return " and ".join(dict.fromkeys(_difference(model, now) for model in models))


def _difference(model: Identity, now: Identity) -> str:
    if model.name != now.name:
        return model.name
    return f"{model.name} with other weights" if model.weights != now.weights else f"{model.name} in another precision"


def _described(model: Identity) -> str:
    return f"{model.name} in {model.precision}" if model.precision else model.name
