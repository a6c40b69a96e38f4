"""Waveforms, transcripts and emotions, and the interfaces of speech and emotion models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from hearsay.records.clip import FailedPiece, Segment, Word
from hearsay.records.emotions import UNCERTAIN, Sentiment, sentiment_of

Waveform = NDArray[np.float32]
"""Mono samples at `asr.audio.decoding.SAMPLE_RATE`, shape (samples,), full scale at -1 and 1."""


@dataclass(frozen=True, slots=True)
class SpeechOutput:
    """One clip's words. Times in seconds from its start, confidences 0..1 (None where the model gives none).

    ``failed`` are the pieces of a long recording that are missing because the model failed on them.
    """

    text: str
    words: tuple[Word, ...] = ()
    segments: tuple[Segment, ...] = ()
    confidence: float | None = None
    failed: tuple[FailedPiece, ...] = ()


class Model(Protocol):
    """What speech and emotion models have in common."""

    @property
    def name(self) -> str:
        """What stands in ``asr_model`` or ``ser_model``: the name that would choose this model again."""
        ...

    @property
    def weights(self) -> str:
        """SHA-256 over the model's files, in hexadecimal; empty where they cannot be read."""
        ...

    @property
    def precision(self) -> str:
        """The precision that was asked for by name; empty where the machine chose it, or there is none to choose."""
        ...

    @property
    def device(self) -> str:
        """``"cpu"``, ``"cuda"`` and the like."""
        ...

    @property
    def padding_ratio(self) -> float:
        """Padded over real length of all audio so far; 1 where nothing is padded."""
        ...

    def close(self) -> None:
        """Give back processes and memory; closing twice is once."""
        ...


class SpeechModel(Model, Protocol):
    """Speech in, words out. Silence, and a waveform of no samples, give the empty transcript."""

    def transcribe(self, waveforms: Sequence[Waveform]) -> list[SpeechOutput]:
        """One transcript per waveform, in order; waveforms of any length, from one to many."""
        ...


@dataclass(frozen=True, slots=True)
class EmotionOutput:
    """One clip's emotion: canonical label or ``uncertain``, the likeliest label's score (0..1), and every label's."""

    label: str
    score: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def sentiment(self) -> Sentiment:
        return sentiment_of(self.label)

    @property
    def certainty(self) -> float | None:
        """How sure the tagger is of what it says, as rows and the API have it; None where it says nothing certain."""
        return None if self.label == UNCERTAIN else self.score


NO_EMOTION: Final = EmotionOutput(UNCERTAIN)
"""Of silence, and of a waveform without samples."""


class EmotionModel(Model, Protocol):
    """Speech in, emotion out. Silence, and a waveform of no samples, are `NO_EMOTION`."""

    def tag(self, waveforms: Sequence[Waveform]) -> list[EmotionOutput]:
        """One emotion per waveform, in order; waveforms of any length, from one to many."""
        ...
