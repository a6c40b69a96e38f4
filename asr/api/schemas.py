"""The bodies of the API's replies, as pydantic models; the OpenAPI document is generated from them."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from asr.api.problems import Problem
from asr.errors import ModelFailed
from asr.pipeline.records import EmotionOutcome, rounded, rounded_segment, rounded_word, sentence_of
from asr.types import SpeechOutput
from hearsay.records.transcript import TAGGING, FailedPiece, Segment, Word


class AlternativeReply(BaseModel):
    text: str = Field(examples=["For"])
    confidence: float = Field(description="Probability that this word was said here, from 0 to 1.", examples=[0.15])


class WordReply(BaseModel):
    text: str = Field(examples=["Before"])
    start: float = Field(description="Seconds from the start of the clip.", examples=[0.32])
    end: float = Field(examples=[0.64])
    confidence: float | None = Field(
        None, description="From 0 to 1; null if the model does not report one.", examples=[0.93]
    )
    alternatives: list[AlternativeReply] = Field(
        [],
        description="Other words that the model considered here, the most probable first; omitted if there are none.",
        exclude_if=lambda found: not found,
    )

    @classmethod
    def of(cls, word: Word) -> "WordReply":
        word = rounded_word(word)
        others = [AlternativeReply(text=other.text, confidence=other.confidence) for other in word.alternatives]
        return cls(text=word.text, start=word.start, end=word.end, confidence=word.confidence, alternatives=others)


class SegmentReply(BaseModel):
    text: str = Field(examples=["Before he had time"])
    start: float = Field(description="Seconds from the start of the clip.", examples=[0.32])
    end: float = Field(examples=[0.64])
    confidence: float | None = Field(
        None, description="From 0 to 1; null if the model does not report one.", examples=[0.93]
    )

    @classmethod
    def of(cls, segment: Segment) -> "SegmentReply":
        segment = rounded_segment(segment)
        return cls(text=segment.text, start=segment.start, end=segment.end, confidence=segment.confidence)


class FailedPieceReply(BaseModel):
    """A piece of a long recording that a model failed on. It is missing from the reply; the rest is complete."""

    start: float = Field(description="Seconds from the start of the clip.", examples=[31.2])
    end: float = Field(examples=[61.0])
    reason: str = Field(examples=["the model failed: out of memory"])
    task: Literal["transcript", "emotion"] = Field(description="The result that lacks this piece.")

    @classmethod
    def of(cls, piece: FailedPiece) -> "FailedPieceReply":
        task: Literal["transcript", "emotion"] = "emotion" if piece.task == TAGGING else "transcript"
        return cls(start=piece.start, end=piece.end, reason=piece.reason, task=task)


Granularity = Literal["granular", "sentiment", "both"]


def is_unknown(value: str) -> bool:
    """Whether a member is omitted from a reply."""
    return not value


WEIGHTS = "SHA-256 of the model's files; omitted if unknown."
PRECISION = "The precision, if the setting PRECISION names one; omitted if it was chosen automatically."


class OfClip(BaseModel):
    ser_model: str = Field(description="Name of the emotion model.", examples=["whisper-emotion"])
    ser_weights: str = Field("", description=WEIGHTS, exclude_if=is_unknown)
    ser_precision: str = Field("", description=PRECISION, exclude_if=is_unknown)
    duration: str = Field(description="Duration of the audio in seconds, with one decimal.", examples=["20.7"])


class SentimentReply(OfClip):
    sentiment: Literal["negative", "neutral", "positive", "uncertain"] | None = Field(
        description="Null if the emotion model failed; the transcript is still returned."
    )


class GranularReply(OfClip):
    emotion: str | None = Field(
        description="The emotion label, or uncertain; null if the emotion model failed.", examples=["happiness"]
    )
    emotion_score: float | None = Field(
        None, description="Probability of the label, from 0 to 1; null if the label is uncertain.", examples=[0.81]
    )
    emotion_scores: dict[str, float] = Field(
        description="The score of each label of the model, from 0 to 1.",
        examples=[{"happiness": 0.81, "neutral": 0.19}],
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
        """The part of the reply that ``granularity`` selects."""
        if granularity == "granular":
            return GranularReply(**self.model_dump(include=set(GranularReply.model_fields)))
        if granularity == "sentiment":
            return SentimentReply(**self.model_dump(include=set(SentimentReply.model_fields)))
        return self


class TextReply(BaseModel):
    transcription: str = Field(description="The transcript.", examples=["Before he had time"])
    duration: str = Field(description="Duration of the audio in seconds, with one decimal.", examples=["20.7"])
    language: str = Field(
        "",
        description="Language of the transcript, as a code; omitted if the model does not report it.",
        examples=["en"],
        exclude_if=is_unknown,
    )
    language_probability: float | None = Field(
        None,
        description="Probability of the language, from 0 to 1; omitted if it was not detected.",
        examples=[0.98],
        exclude_if=lambda probability: probability is None,
    )
    confidence: float | None = Field(None, description="Mean confidence of the words, from 0 to 1.", examples=[0.91])
    words: list[WordReply]
    segments: list[SegmentReply] = Field(description="Stretches of speech between pauses.")
    asr_model: str = Field(description="Name of the speech model.", examples=["whisper-tiny.en"])
    asr_weights: str = Field("", description=WEIGHTS, exclude_if=is_unknown)
    asr_precision: str = Field("", description=PRECISION, exclude_if=is_unknown)


class TranscriptReply(EmotionReply, TextReply):  # in this order, the members of the second base come first
    seconds: float = Field(
        description="Duration of the audio in seconds, with two decimals, as in records.", examples=[20.71]
    )
    error: str = Field(
        "",
        description="Which pieces are missing, and why; omitted if none is missing.",
        exclude_if=lambda error: not error,
    )
    failed_pieces: list[FailedPieceReply] = Field(
        [],
        description="The missing pieces in machine-readable form; omitted if none is missing.",
        exclude_if=lambda found: not found,
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
            language=transcript.language,
            language_probability=rounded(transcript.language_probability),
            confidence=rounded(transcript.confidence),
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
    ready: bool = Field(description="True when POST /asr and POST /ser accept requests.")
    asr_model: str | None = Field(None, examples=["whisper-tiny.en"])
    ser_model: str | None = Field(None, examples=["whisper-emotion"])
    asr_weights: str = Field("", description=WEIGHTS, exclude_if=is_unknown)
    asr_precision: str = Field("", description=PRECISION, exclude_if=is_unknown)
    ser_weights: str = Field("", description=WEIGHTS, exclude_if=is_unknown)
    ser_precision: str = Field("", description=PRECISION, exclude_if=is_unknown)
    asr_by_default: bool = Field(
        False,
        description="True if ASR_MODEL is not set. Another version may then use another speech model.",
        exclude_if=lambda is_default: not is_default,
    )
    device: str | None = Field(None, description="The device on which the speech model runs.", examples=["cpu"])
    warnings: list[str] = Field(
        description="Models that are not available and what replaces them, or why loading failed.", examples=[[]]
    )


class FilesReply(BaseModel):
    replies: list[TranscriptReply | Problem] = Field(
        description="One reply per file, in the order of the request: its transcript and emotion, or its problem."
    )


class LiveReply(BaseModel):
    status: Literal["live"]
