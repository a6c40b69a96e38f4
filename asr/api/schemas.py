"""What the API answers, as pydantic models: the OpenAPI document is made of them."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from asr.api.problems import Problem
from asr.errors import ModelFailed
from asr.pipeline.records import EmotionOutcome, rounded_segment, rounded_word, sentence_of
from asr.types import SpeechOutput
from hearsay.records.transcript import TAGGING, FailedPiece, Segment, Word


class AlternativeReply(BaseModel):
    text: str = Field(examples=["FOUR"])
    confidence: float = Field(description="How likely it is that this word was said here, 0..1.", examples=[0.15])


class WordReply(BaseModel):
    text: str = Field(examples=["BEFORE"])
    start: float = Field(description="Seconds from the start of the clip.", examples=[0.32])
    end: float = Field(examples=[0.64])
    confidence: float | None = Field(None, description="0..1, where the model gives one.", examples=[0.93])
    alternatives: list[AlternativeReply] = Field(
        [],
        description="Other words that the model would have accepted here, surest first; left out where there are none.",
        exclude_if=lambda found: not found,
    )

    @classmethod
    def of(cls, word: Word) -> "WordReply":
        word = rounded_word(word)
        others = [AlternativeReply(text=other.text, confidence=other.confidence) for other in word.alternatives]
        return cls(text=word.text, start=word.start, end=word.end, confidence=word.confidence, alternatives=others)


class SegmentReply(BaseModel):
    text: str = Field(examples=["BEFORE HE HAD TIME"])
    start: float = Field(description="Seconds from the start of the clip.", examples=[0.32])
    end: float = Field(examples=[0.64])
    confidence: float | None = Field(None, description="0..1, where the model gives one.", examples=[0.93])

    @classmethod
    def of(cls, segment: Segment) -> "SegmentReply":
        segment = rounded_segment(segment)
        return cls(text=segment.text, start=segment.start, end=segment.end, confidence=segment.confidence)


class FailedPieceReply(BaseModel):
    """A piece of a long recording that a model failed on: it is missing from the reply, all else is there."""

    start: float = Field(description="Seconds from the start of the clip.", examples=[31.2])
    end: float = Field(examples=[61.0])
    reason: str = Field(examples=["the model failed: out of memory"])
    task: Literal["transcript", "emotion"] = Field(description="What it is missing from.")

    @classmethod
    def of(cls, piece: FailedPiece) -> "FailedPieceReply":
        task: Literal["transcript", "emotion"] = "emotion" if piece.task == TAGGING else "transcript"
        return cls(start=piece.start, end=piece.end, reason=piece.reason, task=task)


Granularity = Literal["granular", "sentiment", "both"]


def _is_unknown(said: str) -> bool:
    return not said


WEIGHTS = "SHA-256 of the model's files; left out where it is not known."
PRECISION = "The precision that PRECISION set for the model; left out where the machine chose it."


class OfClip(BaseModel):
    ser_model: str = Field(description="The model that made the emotion.", examples=["classic"])
    ser_weights: str = Field("", description=WEIGHTS, exclude_if=_is_unknown)
    ser_precision: str = Field("", description=PRECISION, exclude_if=_is_unknown)
    duration: str = Field(description="Seconds of sound, one decimal.", examples=["20.7"])


class SentimentReply(OfClip):
    sentiment: Literal["negative", "neutral", "positive", "uncertain"] | None = Field(
        description="Null where the emotion model failed and the transcript is there all the same."
    )


class GranularReply(OfClip):
    emotion: str | None = Field(
        description="The granular label, or uncertain; null as sentiment is.", examples=["happiness"]
    )
    emotion_score: float | None = Field(
        None, description="How sure the model is of it, 0..1; null where it is uncertain.", examples=[0.81]
    )
    emotion_scores: dict[str, float] = Field(
        description="The score of every label that the model knows.", examples=[{"happiness": 0.81, "neutral": 0.19}]
    )


class EmotionReply(SentimentReply, GranularReply):
    @classmethod
    def of(cls, emotion: EmotionOutcome, ser_model: str, duration: str) -> "EmotionReply":
        if isinstance(emotion, ModelFailed):
            return cls(emotion=None, emotion_scores={}, sentiment=None, ser_model=ser_model, duration=duration)
        return cls(
            emotion=emotion.label,
            emotion_score=None if emotion.certainty is None else round(emotion.certainty, 3),
            emotion_scores={label: round(score, 3) for label, score in emotion.scores.items()},
            sentiment=emotion.sentiment,
            ser_model=ser_model,
            duration=duration,
        )

    def at(self, granularity: Granularity) -> "EmotionReply | GranularReply | SentimentReply":
        """The part of it that was asked for."""
        if granularity == "granular":
            return GranularReply(**self.model_dump(include=set(GranularReply.model_fields)))
        if granularity == "sentiment":
            return SentimentReply(**self.model_dump(include=set(SentimentReply.model_fields)))
        return self


class TextReply(BaseModel):
    transcription: str = Field(description="What was said, as the model wrote it.", examples=["BEFORE HE HAD TIME"])
    duration: str = Field(description="Seconds of sound, one decimal.", examples=["20.7"])
    confidence: float | None = Field(
        None, description="How sure the recogniser is of the transcript, 0..1.", examples=[0.91]
    )
    words: list[WordReply]
    segments: list[SegmentReply] = Field(description="Stretches between pauses.")
    asr_model: str = Field(description="The model that made the transcript.", examples=["pocketsphinx"])
    asr_weights: str = Field("", description=WEIGHTS, exclude_if=_is_unknown)
    asr_precision: str = Field("", description=PRECISION, exclude_if=_is_unknown)


class TranscriptReply(EmotionReply, TextReply):  # in this order the members of the second come first
    seconds: float = Field(description="Seconds of sound, two decimals, as rows have them.", examples=[20.71])
    error: str = Field(
        "",
        description="Which pieces are missing, and why; left out where none is.",
        exclude_if=lambda error: not error,
    )
    failed_pieces: list[FailedPieceReply] = Field(
        [], description="The same for programs; left out where none is.", exclude_if=lambda found: not found
    )

    @classmethod
    def of_both(
        cls,
        transcript: SpeechOutput,
        asr_model: str,
        emotion: EmotionReply,
        seconds: float,
        failed: Sequence[FailedPiece] = (),
    ) -> "TranscriptReply":
        return cls(
            transcription=transcript.text,
            confidence=None if transcript.confidence is None else round(transcript.confidence, 3),
            words=[WordReply.of(word) for word in transcript.words],
            segments=[SegmentReply.of(segment) for segment in transcript.segments],
            asr_model=asr_model,
            seconds=round(seconds, 2),
            error=sentence_of(failed),
            failed_pieces=[FailedPieceReply.of(piece) for piece in failed],
            **emotion.model_dump(),
        )


class HealthReply(BaseModel):
    status: Literal["loading", "ready", "failed"]
    ready: bool = Field(description="Whether POST /asr and POST /ser are answered.")
    asr_model: str | None = Field(None, examples=["pocketsphinx"])
    ser_model: str | None = Field(None, examples=["classic"])
    asr_weights: str = Field("", description=WEIGHTS, exclude_if=_is_unknown)
    asr_precision: str = Field("", description=PRECISION, exclude_if=_is_unknown)
    ser_weights: str = Field("", description=WEIGHTS, exclude_if=_is_unknown)
    ser_precision: str = Field("", description=PRECISION, exclude_if=_is_unknown)
    asr_by_default: bool = Field(
        False,
        description="True where nobody named the speech model, and another version may choose another one.",
        exclude_if=lambda is_default: not is_default,
    )
    device: str | None = Field(None, description="Where the speech model runs.", examples=["cpu"])
    warnings: list[str] = Field(
        description="What was wanted and could not be had: fallbacks, or why loading failed.", examples=[[]]
    )


class FilesReply(BaseModel):
    replies: list[TranscriptReply | Problem] = Field(
        description="One per file, in their order: what was heard, or the problem with that file."
    )


class LiveReply(BaseModel):
    status: Literal["live"]
