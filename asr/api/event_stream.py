"""A transcript as server-sent events, as in OpenAI's contract, while a recording is transcribed piece by piece."""

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import Future
from typing import Final

from fastapi import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from asr.api.openai_schemas import StreamFailed, TextDelta, TextDone, TokenUsage
from asr.api.problems import OpenAiFault, refusal_of
from asr.errors import AsrError, ModelFailed
from asr.pipeline.records import sentence_of
from asr.pipeline.scheduler import PendingTranscript
from asr.types import SpeechOutput
from hearsay.errors import HearsayError
from hearsay.text.languages import UNSPACED

MEDIA_TYPE: Final = "text/event-stream"

_HEADERS: Final = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""Prevent proxies from buffering events; the second header is for nginx."""

Event = TextDelta | TextDone | StreamFailed


class TranscriptStream(StreamingResponse):
    """The events of a pending transcript. If the client disconnects, no further piece is transcribed."""

    def __init__(self, request: Request, pending: PendingTranscript, seconds: float) -> None:
        self._pending = pending
        super().__init__(_written(request, pending, seconds), headers=_HEADERS, media_type=MEDIA_TYPE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._pending.whole.cancel()


async def _written(request: Request, pending: PendingTranscript, seconds: float) -> AsyncIterator[str]:
    try:
        async for event in _events(pending, seconds):
            yield event_text(event)
    except HearsayError as problem:
        yield event_text(_failed(refusal_of(request, problem).detail))


async def _events(pending: PendingTranscript, seconds: float) -> AsyncIterator[Event]:
    """One delta per piece with text, then the whole text or an error about missing pieces. Raises `HearsayError`.

    A failed piece does not prevent later ones from being sent.
    """
    deltas: list[str] = []
    for piece in pending.pieces:
        try:
            transcript = await _outcome(piece)
        except ModelFailed:
            continue  # the final event reports it
        if transcript.text:
            is_spaced = bool(deltas) and transcript.language not in UNSPACED
            deltas.append(f" {transcript.text}" if is_spaced else transcript.text)
            yield TextDelta(delta=deltas[-1])
    whole = await _outcome(pending.whole)
    if whole.failed:
        yield _failed(f"The transcript is incomplete: {sentence_of(whole.failed)}")
    else:
        text = "".join(deltas)
        yield TextDone(text=text, usage=TokenUsage.of(seconds, text))


async def _outcome(future: "Future[SpeechOutput]") -> SpeechOutput:
    """The result; raises `AsrError` if the transcription fails or is cancelled."""
    waiting = asyncio.wrap_future(future)
    try:
        await asyncio.wait((waiting,))
    finally:
        waiting.cancel()  # if the client has gone
    if waiting.cancelled():
        raise AsrError("the models were closed before the recording was transcribed")
    if (problem := waiting.exception()) is not None and not isinstance(problem, HearsayError):
        raise AsrError(f"the recording could not be transcribed: {problem}") from problem
    return waiting.result()


def _failed(message: str) -> StreamFailed:
    return StreamFailed(error=OpenAiFault(message=message, type="server_error"))


def event_text(event: Event) -> str:
    """An event as it is sent; only ASCII, so that no Unicode line separator ends it early."""
    return f"event: {event.type}\ndata: {json.dumps(event.model_dump())}\n\n"


EXAMPLE: Final = event_text(TextDelta(delta="Before he had time")) + event_text(
    TextDone(text="Before he had time", usage=TokenUsage.of(3, "Before he had time"))
)
"""The events of a short clip."""
