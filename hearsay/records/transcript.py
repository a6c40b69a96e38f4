"""A transcript and its parts: words with their alternatives, segments, and pieces that a model failed on."""

from dataclasses import dataclass
from typing import Final

TRANSCRIBING: Final = "transcript"
TAGGING: Final = "emotion"
"""The tasks of a `FailedPiece`: what is missing."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another word that the speech model considered here, with its confidence (0..1)."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; ``start`` and ``end`` in seconds from the beginning of the clip, ``confidence`` 0..1."""

    text: str
    start: float
    end: float
    confidence: float | None = None
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a clip between pauses; times in seconds, ``emotion`` empty if it was not tagged separately."""

    start: float
    end: float
    text: str
    confidence: float | None = None
    emotion: str = ""
    emotion_score: float | None = None


@dataclass(frozen=True, slots=True)
class FailedPiece:
    """A piece of a clip that a model failed on: times in seconds, the reason, and which ``task`` it is missing from."""

    start: float
    end: float
    reason: str
    task: str = TRANSCRIBING


@dataclass(frozen=True, slots=True)
class ModelTranscript:
    """What one speech model transcribed in a clip; every field may be empty.

    ``weights`` and ``precision`` identify the model as ``asr_weights`` and ``asr_precision`` of a record do, and
    ``error`` says why the transcript, or a part of it, is missing. A further transcript of a record has ``segments``
    only while pieces are missing, so that a later run can add them in their places.
    """

    model: str = ""
    text: str = ""
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    language: str = ""
    language_probability: float | None = None
    weights: str = ""
    precision: str = ""
    segments: tuple[Segment, ...] = ()
    error: str = ""
    failed_pieces: tuple[FailedPiece, ...] = ()
