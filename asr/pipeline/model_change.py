"""Logs that other models wrote: what happens to their transcripts and emotions, reported before a run starts."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from asr.errors import ModelChanged
from asr.pipeline.identity import Identity, emotion_of, speech_of
from asr.pipeline.pipeline import Pipeline
from asr.pipeline.second import made_by
from hearsay.records.journal import read_journal
from hearsay.text.format import counted

ModelChange = Literal["keep", "redo"]
"""What happens to transcripts by another speech model: they are kept, or transcribed again."""


@dataclass(frozen=True, slots=True)
class LogModels:
    """The number of records in a log by model."""

    log: Path
    speech: Counter[Identity]
    emotion: Counter[Identity]
    further: Counter[Identity]

    @property
    def usual_speech(self) -> str:
        """The speech model that made most of the transcripts; empty if there are none."""
        names: Counter[str] = Counter()
        for model, clips in self.speech.items():
            names[model.name] += clips
        return max(names, key=lambda name: (names[name], name), default="")


def models_of(log: Path) -> LogModels:
    """The models that made the records of a log, without deleted and wholly failed ones. The log need not exist."""
    rows = read_journal(log).values() if log.exists() else ()
    done = [row for row in rows if not (row.deleted or row.is_failed)]
    further = (made_by(transcript) for row in done for transcript in row.transcripts)
    return LogModels(log, _tally(map(speech_of, done)), _tally(map(emotion_of, done)), _tally(further))


def _tally(models: Iterable[Identity]) -> Counter[Identity]:
    return Counter(model for model in models if model.name)


def consequences(before: LogModels, pipeline: Pipeline, change: ModelChange | None) -> Iterator[str]:
    """One sentence each for transcripts and emotions by another model: what is kept, and what is processed again.

    Raises `ModelChanged` if the speech model differs from that of the log, unless its name or ``change`` was given.
    """
    speech, emotion = pipeline.speech, pipeline.emotion
    others = _others(before.speech, speech)
    clips = counted(others.total(), "clip")
    # By name or weights: a precision alone was set explicitly, so that change is intended.
    unset = Identity(speech.name, speech.weights)
    is_another = any(not unset.is_that_of(model) for model in others)
    if others and change == "keep":
        usual = before.usual_speech
        if pipeline.is_speech_by_default and speech.name != usual:
            raise ModelChanged(
                f"--model-change keep needs {usual}, but the API uses {speech.name}; "
                f"start the API with ASR_MODEL={usual}"
            )
        names = _names(others, speech)
        yield f"the transcripts of {clips} by {names} are kept; {speech.name} transcribes new clips"
    elif is_another and change is None and pipeline.is_speech_by_default:
        raise ModelChanged(
            f"{before.log} has {clips} transcribed by {_names(others, speech)}, but the default speech model is now "
            f"{_described(speech)}. Add --model-change keep to transcribe new clips with {before.usual_speech}, "
            "or --model-change redo to transcribe all clips again."
        )
    elif others:
        yield f"{clips} by {_names(others, speech)} will be transcribed again by {_described(speech)}"
    if retagged := _others(before.emotion, emotion):
        clips = counted(retagged.total(), "clip")
        sentence = f"{clips} by {_names(retagged, emotion)} will be tagged again by {_described(emotion)}"
        yield f"{sentence}; their transcripts are kept"
    if second := pipeline.second:
        yield from _of_second(before, second, change)


def _of_second(before: LogModels, second: Identity, change: ModelChange | None) -> Iterator[str]:
    """A sentence about further transcripts by other weights of the second model, or another precision of it."""
    same_name = Counter({model: clips for model, clips in before.further.items() if model.name == second.name})
    if others := _others(same_name, second):
        clips, names = counted(others.total(), "clip"), _names(others, second)
        if change == "keep":
            yield f"the second transcripts of {clips} by {names} are kept"
        else:
            yield f"{clips} by {names} will be transcribed again by {_described(second)}, the second model"


def _others(counts: Counter[Identity], now: Identity) -> Counter[Identity]:
    return Counter({model: clips for model, clips in counts.items() if not now.is_that_of(model)})


def _names(models: Iterable[Identity], now: Identity) -> str:
    return " and ".join(dict.fromkeys(_difference(model, now) for model in models))


def _difference(model: Identity, now: Identity) -> str:
    if model.name != now.name:
        return model.name
    return (
        f"{model.name} with other weights" if model.weights != now.weights else f"{model.name} with another precision"
    )


def _described(model: Identity) -> str:
    return f"{model.name} in {model.precision}" if model.precision else model.name
