"""Replies in the format of OpenAI's transcription API, as pydantic models; ``emotion`` is an addition of Hearsay."""

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
    created: int = Field(description="Unix time at which the server loaded its models.", examples=[1_760_000_000])
    owned_by: Literal["hearsay"] = "hearsay"


class ModelsReply(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelReply]


class Usage(BaseModel):
    type: Literal["duration"] = "duration"
    seconds: int = Field(description="Duration of the audio in seconds, rounded up.", examples=[3])

    @classmethod
    def of(cls, seconds: float) -> "Usage":
        return cls(seconds=ceil(seconds))


class TextOnly(BaseModel):
    """``response_format=json``."""

    text: str = Field(description="The transcript.", examples=["BEFORE HE HAD TIME"])
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
    """A segment in OpenAI's format. What only Whisper's decoder has (seek, tokens, temperature) is 0 or empty."""

    id: int = Field(description="Number of the segment, from 0.", examples=[0])
    seek: int = 0
    start: float = Field(description="Seconds from the start of the clip.", examples=[0.32])
    end: float = Field(examples=[1.87])
    text: str = Field(examples=["BEFORE HE HAD TIME"])
    tokens: list[int] = []
    temperature: float = 0.0
    avg_logprob: float = Field(
        description="Natural logarithm of the segment's confidence; 0 if the model gives none.", examples=[-0.094]
    )
    compression_ratio: float = Field(
        description="Bytes of the text divided by its zlib-compressed bytes, as in Whisper.", examples=[0.7]
    )
    no_speech_prob: float = Field(0.0, description="Always 0, because silence has no segment.")

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
    """``response_format=verbose_json``, with words and segments as ``timestamp_granularities[]`` selects them."""

    task: Literal["transcribe"] = "transcribe"
    language: Literal["unknown"] = Field("unknown", description="Always unknown: the speech models do not report it.")
    duration: float = Field(description="Duration of the audio in seconds.", examples=[2.71])
    text: str = Field(description="The transcript.", examples=["BEFORE HE HAD TIME"])
    words: list[SpokenWord] | None = Field(None, exclude_if=lambda found: found is None)
    segments: list[SpokenSegment] | None = Field(None, exclude_if=lambda found: found is None)
    usage: Usage
    emotion: EmotionReply = Field(description="The emotion in the voice; an extension of OpenAI's format.")

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
