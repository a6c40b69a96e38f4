"""What OpenAI's transcription contract answers, as pydantic models, with the emotion as a member of ours."""

import zlib
from collections.abc import Collection
from math import ceil, log
from typing import Literal

from pydantic import BaseModel, Field

from asr.api.schemas import EmotionReply
from asr.pipeline.records import rounded_segment, rounded_word
from asr.types import SpeechOutput
from hearsay.records.transcript import Segment, Word


class ModelReply(BaseModel):
    id: str = Field(examples=["whisper-1"])
    object: Literal["model"] = "model"
    created: int = Field(
        description="When the server loaded its models, in seconds since 1970.", examples=[1_760_000_000]
    )
    owned_by: Literal["hearsay"] = "hearsay"


class ModelsReply(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelReply]


class Usage(BaseModel):
    type: Literal["duration"] = "duration"
    seconds: int = Field(description="Seconds of sound, begun ones counted whole.", examples=[3])

    @classmethod
    def of(cls, seconds: float) -> "Usage":
        return cls(seconds=ceil(seconds))


class TextOnly(BaseModel):
    """``response_format=json``."""

    text: str = Field(description="What was said, as the model wrote it.", examples=["BEFORE HE HAD TIME"])
    usage: Usage


class SpokenWord(BaseModel):
    word: str = Field(examples=["BEFORE"])
    start: float = Field(description="Seconds from the start of the clip.", examples=[0.32])
    end: float = Field(examples=[0.64])

    @classmethod
    def of(cls, word: Word) -> "SpokenWord":
        word = rounded_word(word)
        return cls(word=word.text, start=word.start, end=word.end)


class SpokenSegment(BaseModel):
    """OpenAI's members; those that only Whisper's decoder has (seek, tokens, temperature) are 0 and empty."""

    id: int = Field(description="Its number, from 0.", examples=[0])
    seek: int = 0
    start: float = Field(description="Seconds from the start of the clip.", examples=[0.32])
    end: float = Field(examples=[1.87])
    text: str = Field(examples=["BEFORE HE HAD TIME"])
    tokens: list[int] = []
    temperature: float = 0.0
    avg_logprob: float = Field(
        description="Logarithm of the segment's confidence; 0 where the model gives none.", examples=[-0.094]
    )
    compression_ratio: float = Field(
        description="Bytes of text over its compressed bytes, as Whisper has it.", examples=[0.7]
    )
    no_speech_prob: float = Field(0.0, description="Always 0: silence makes no segment here.")

    @classmethod
    def of(cls, number: int, segment: Segment) -> "SpokenSegment":
        segment = rounded_segment(segment)
        data = segment.text.encode()
        return cls(
            id=number,
            start=segment.start,
            end=segment.end,
            text=segment.text,
            avg_logprob=round(log(segment.confidence), 3) if segment.confidence else 0.0,
            compression_ratio=round(len(data) / len(zlib.compress(data)), 3),
        )


class Verbose(BaseModel):
    """``response_format=verbose_json``; words and segments as ``timestamp_granularities[]`` asked for them."""

    task: Literal["transcribe"] = "transcribe"
    language: Literal["unknown"] = Field("unknown", description="Always unknown: the models do not tell.")
    duration: float = Field(description="Seconds of sound.", examples=[2.71])
    text: str = Field(description="What was said, as the model wrote it.", examples=["BEFORE HE HAD TIME"])
    words: list[SpokenWord] | None = Field(None, exclude_if=lambda asked_for: asked_for is None)
    segments: list[SpokenSegment] | None = Field(None, exclude_if=lambda asked_for: asked_for is None)
    usage: Usage
    emotion: EmotionReply = Field(description="How it was said: none of OpenAI's members, but Hearsay's.")

    @classmethod
    def of(
        cls,
        transcript: SpeechOutput,
        emotion: EmotionReply,
        seconds: float,
        granularities: Collection[str],
    ) -> "Verbose":
        words = [SpokenWord.of(word) for word in transcript.words]
        segments = [SpokenSegment.of(number, segment) for number, segment in enumerate(transcript.segments)]
        return cls(
            duration=round(seconds, 2),
            text=transcript.text,
            words=words if "word" in granularities else None,
            segments=segments if "segment" in granularities else None,
            usage=Usage.of(seconds),
            emotion=emotion,
        )
