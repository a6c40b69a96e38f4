"""Replies in the format of OpenAI's transcription API, as pydantic models; ``emotion`` is an addition of Hearsay."""

import zlib
from collections.abc import Collection
from math import ceil, log
from typing import Final, Literal

from pydantic import BaseModel, Field

from asr.api.problems import OpenAiFault
from asr.api.schemas import EmotionReply
from asr.languages import LANGUAGE_NAMES
from asr.pipeline.records import rounded_segment, rounded_word
from asr.types import DecodingOptions, SpeechOutput, Task
from hearsay.records.transcript import Segment, Word

UNKNOWN_LANGUAGE: Final = "unknown"


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

    text: str = Field(description="The transcript.", examples=["Before he had time"])
    usage: Usage


class SpokenWord(BaseModel):
    word: str = Field(examples=["Before"])
    start: float = Field(description="Seconds from the start of the clip.", examples=[0.32])
    end: float = Field(examples=[0.64])

    @classmethod
    def of(cls, word: Word) -> "SpokenWord":
        word = rounded_word(word)
        return cls(word=word.text, start=word.start, end=word.end)


class SpokenSegment(BaseModel):
    """A segment in OpenAI's format. ``seek`` and ``tokens``, which only OpenAI's decoder has, are 0 and empty."""

    id: int = Field(description="Number of the segment, from 0.", examples=[0])
    seek: int = 0
    start: float = Field(description="Seconds from the start of the clip.", examples=[0.32])
    end: float = Field(examples=[1.87])
    text: str = Field(examples=["Before he had time"])
    tokens: list[int] = []
    temperature: float = Field(0.0, description="The requested temperature, if the model supports it.")
    avg_logprob: float = Field(
        description="Natural logarithm of the segment's confidence; 0 if the model does not report one.",
        examples=[-0.094],
    )
    compression_ratio: float = Field(
        description="Bytes of the text divided by its zlib-compressed bytes, as in Whisper.", examples=[0.7]
    )
    no_speech_prob: float = Field(0.0, description="Always 0, because silence has no segment.")

    @classmethod
    def of(cls, number: int, segment: Segment, temperature: float = 0.0) -> "SpokenSegment":
        segment = rounded_segment(segment)
        data = segment.text.encode()
        return cls(
            id=number,
            start=segment.start,
            end=segment.end,
            text=segment.text,
            temperature=temperature,
            avg_logprob=round(log(segment.confidence), 3) if segment.confidence else 0.0,
            compression_ratio=round(len(data) / len(zlib.compress(data)), 3),
        )


class Verbose(BaseModel):
    """``response_format=verbose_json``, with words and segments as ``timestamp_granularities[]`` selects them."""

    task: Task = "transcribe"
    language: str = Field(
        description="English name of the language of the text, in lower case; unknown if the model does not report it.",
        examples=["english"],
    )
    duration: float = Field(description="Duration of the audio in seconds.", examples=[2.71])
    text: str = Field(description="The transcript.", examples=["Before he had time"])
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
        decoding: DecodingOptions,
    ) -> "Verbose":
        words = [SpokenWord.of(word) for word in transcript.words]
        segments = [
            SpokenSegment.of(number, segment, decoding.temperature)
            for number, segment in enumerate(transcript.segments)
        ]
        language = "en" if decoding.task == "translate" else transcript.language
        return cls(
            task=decoding.task,
            language=LANGUAGE_NAMES.get(language, language) or UNKNOWN_LANGUAGE,
            duration=round(seconds, 2),
            text=transcript.text,
            words=words if "word" in granularities else None,
            segments=segments if "segment" in granularities else None,
            usage=Usage.of(seconds),
            emotion=emotion,
        )


class TokenUsage(BaseModel):
    """Usage in a stream. OpenAI counts tokens, which differ by model; here they are seconds of audio, and words."""

    type: Literal["tokens"] = "tokens"
    input_tokens: int = Field(description="Seconds of audio, rounded up.", examples=[3])
    output_tokens: int = Field(description="Words of the text.", examples=[4])
    total_tokens: int = Field(description="Sum of input_tokens and output_tokens.", examples=[7])

    @classmethod
    def of(cls, seconds: float, text: str) -> "TokenUsage":
        given, written = ceil(seconds), len(text.split())
        return cls(input_tokens=given, output_tokens=written, total_tokens=given + written)


class TextDelta(BaseModel):
    """Stream event with the next part of the text. Joined together, the deltas are the text."""

    type: Literal["transcript.text.delta"] = "transcript.text.delta"
    delta: str = Field(examples=["Before he had time"])


class TextDone(BaseModel):
    """Event of a stream: the last one, with the whole text."""

    type: Literal["transcript.text.done"] = "transcript.text.done"
    text: str = Field(examples=["Before he had time"])
    usage: TokenUsage


class StreamFailed(BaseModel):
    """Event of a stream: the last one, in place of ``transcript.text.done``, if text is missing."""

    type: Literal["error"] = "error"
    error: OpenAiFault
