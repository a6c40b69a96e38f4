"""Waveforms, transcripts and emotions, and the interfaces of speech and emotion models."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from hearsay.records.emotions import UNCERTAIN, Sentiment, sentiment_of
from hearsay.records.transcript import FailedPiece, Segment, Word

SAMPLE_RATE: Final = 16_000
"""Samples per second of every `Waveform`."""

Waveform = NDArray[np.float32]
"""Mono samples at `SAMPLE_RATE`, shape (samples,), full scale at -1 and 1."""

Stretch = tuple[int, int]
"""A stretch of a waveform: its first sample, and the one after its last."""


def seconds(waveform: Waveform) -> float:
    """The duration of a waveform in seconds."""
    return len(waveform) / SAMPLE_RATE


Precision = Literal["auto", "float32", "bfloat16", "float16", "int8"]
"""The number format of a model; ``auto`` chooses by the device."""


def named(precision: Precision) -> str:
    """The precision if it was set explicitly; empty if it is chosen automatically."""
    return "" if precision == "auto" else precision


Task = Literal["transcribe", "translate"]

Notify = Callable[[str], None]
"""Shows a sentence to the user of a long run."""


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """Options of a transcription; a model that supports some of them names them in ``options``.

    ``language`` is a code such as ``en``, or ``auto`` to detect it; if empty, the model decides. ``prompt`` is a text
    that may precede the audio, whose spelling and style the model follows; ``hotwords`` are words and names that are
    likely to occur. With a ``temperature`` above 0, tokens are sampled. The task ``translate`` gives English text.
    """

    language: str = ""
    prompt: str = ""
    hotwords: tuple[str, ...] = ()
    temperature: float = 0.0
    task: Task = "transcribe"

    @property
    def context(self) -> str:
        """Hotwords and prompt as the previous text."""
        return " ".join(filter(None, (", ".join(self.hotwords), self.prompt.strip())))

    @property
    def named(self) -> frozenset[str]:
        """The names of the options that are set."""
        return frozenset(field.name for field in fields(self) if getattr(self, field.name) != field.default)

    def without(self, names: Collection[str]) -> "DecodingOptions":
        """The same options without those of these names."""
        defaults: dict[str, Any] = {field.name: field.default for field in fields(self) if field.name in names}
        return replace(self, **defaults)


NO_OPTIONS: Final = DecodingOptions()
"""The defaults of the model."""


@dataclass(frozen=True, slots=True, eq=False)
class DecodedAudio:
    """A waveform, and the stretches of it that contain speech; `asr.audio.vad.detect_speech` makes it.

    ``stretches`` are in order, do not overlap, and last at most `asr.audio.vad.LONGEST_PIECE` seconds each. Silence
    has none. ``name`` is the recording's in messages.
    """

    waveform: Waveform
    stretches: tuple[Stretch, ...]
    options: DecodingOptions = NO_OPTIONS
    name: str = "a recording"

    def part(self, start: int, end: int) -> "DecodedAudio":
        """The samples from ``start`` to before ``end``, with the stretches in them: detection does not run again."""
        first = bisect_right(self.stretches, start, key=lambda stretch: stretch[1])
        last = bisect_left(self.stretches, end, key=lambda stretch: stretch[0])
        inside = ((max(begin, start) - start, min(stop, end) - start) for begin, stop in self.stretches[first:last])
        return DecodedAudio(self.waveform[start:end], tuple(inside), self.options, self.name)


@dataclass(frozen=True, slots=True)
class SpeechOutput:
    """One clip's words. Times in seconds from its start, confidences 0..1 (None if the model gives none).

    ``failed`` are the pieces of a long recording that are missing because the model failed on them. ``language`` is a
    code such as ``en``, empty if the model does not say; its probability is known if the model detected it.
    """

    text: str
    words: tuple[Word, ...] = ()
    segments: tuple[Segment, ...] = ()
    confidence: float | None = None
    failed: tuple[FailedPiece, ...] = ()
    language: str = ""
    language_probability: float | None = None


class Model(Protocol):
    """The common part of speech and emotion models."""

    @property
    def name(self) -> str:
        """The value of ``asr_model`` or ``ser_model`` in records: the name that selects this model."""
        ...

    @property
    def weights(self) -> str:
        """SHA-256 over the model's files, in hexadecimal; empty if they cannot be read."""
        ...

    @property
    def precision(self) -> str:
        """The precision, if it was set explicitly; empty if it was chosen automatically or cannot be chosen."""
        ...

    @property
    def device(self) -> str:
        """The device that runs the model, such as ``"cpu"`` or ``"cuda"``."""
        ...

    @property
    def padding_ratio(self) -> float:
        """Padded length divided by actual length of all audio so far; 1 without padding."""
        ...

    def close(self) -> None:
        """Release processes and memory; may be called twice."""
        ...


class SpeechModel(Model, Protocol):
    """Speech in, words out. Silence, and audio without samples, give the empty transcript."""

    def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
        """One transcript per clip, in order. There may be any number of clips, of any length."""
        ...


class ModelWithOptions(SpeechModel, Protocol):
    """A speech model that reads the `DecodingOptions` of a clip."""

    @property
    def options(self) -> frozenset[str]:
        """The names of the supported options."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the supported languages."""
        ...

    def excess_tokens(self, options: DecodingOptions) -> int:
        """The number of tokens of the prompt and the hotwords that exceed the limit."""
        ...


def has_options(model: SpeechModel) -> TypeGuard[ModelWithOptions]:
    """Whether the model supports options; other models ignore all of them."""
    return hasattr(model, "options")


def supported_options(model: SpeechModel) -> frozenset[str]:
    """The names of the options that a model supports."""
    return model.options if has_options(model) else frozenset()


class ModelWithWindows(SpeechModel, Protocol):
    """A speech model that computes only clips with equal windows together, and no more than ``clips_together``."""

    @property
    def clips_together(self) -> int: ...

    def window(self, clip: DecodedAudio) -> Hashable:
        """What clips have in common that the model computes together."""
        ...


def has_windows(model: SpeechModel) -> TypeGuard[ModelWithWindows]:
    """Whether the model states which clips it computes together; for others, clips of similar length are best."""
    return hasattr(model, "clips_together")


@dataclass(frozen=True, slots=True)
class EmotionOutput:
    """One clip's emotion: canonical label or ``uncertain``, the highest score (0..1), and all scores."""

    label: str
    score: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def sentiment(self) -> Sentiment:
        return sentiment_of(self.label)

    @property
    def certainty(self) -> float | None:
        """The score as in records and in the API; None if the label is ``uncertain``."""
        return None if self.label == UNCERTAIN else self.score


NO_EMOTION: Final = EmotionOutput(UNCERTAIN)
"""The output for silence, and for audio without samples."""


class EmotionModel(Model, Protocol):
    """Speech in, emotion out. Silence, and audio without samples, give `NO_EMOTION`."""

    def tag(self, clips: Sequence[DecodedAudio]) -> list[EmotionOutput]:
        """One emotion per clip, in order. There may be any number of clips, of any length."""
        ...
