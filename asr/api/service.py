"""Between a request and the models: an upload becomes samples, and is heard for as long as its client waits."""

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from fastapi import Request, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from asr.api.metrics import Metrics
from asr.audio.decoding import decode_audio
from asr.audio.vad import detect_speech
from asr.errors import ModelFailed
from asr.pipeline.assembly import Models, scheduler_for
from asr.pipeline.pipeline import AUDIO_DECODERS
from asr.pipeline.records import EmotionOutcome
from asr.pipeline.scheduler import BatchStats
from asr.settings import AsrSettings
from asr.types import DecodedAudio, EmotionOutput, SpeechOutput
from hearsay.errors import HearsayError

Result = TypeVar("Result")
Other = TypeVar("Other")

RETRY_SECONDS: Final = "5"


class InferenceService:
    """Decodes uploads in threads of its own, ahead of the models, and lets both models hear side by side.

    ``since`` is when the models were loaded, in seconds since 1970.
    """

    def __init__(self, models: Models, settings: AsrSettings, metrics: Metrics) -> None:
        self.models = models
        self.since = int(time.time())
        self._max_seconds = settings.max_clip_seconds
        self._metrics = metrics
        self._decoders = ThreadPoolExecutor(AUDIO_DECODERS, "decoding")
        self._scheduler = scheduler_for(models, settings, self._count_batch)
        metrics.watch(self._scheduler)

    async def audio(self, file: UploadFile) -> DecodedAudio:
        """The decoded upload, with its stretches of speech; its name is ignored. Raises `AudioError`."""
        return await asyncio.get_running_loop().run_in_executor(self._decoders, self._decoded, file)

    async def transcript(self, audio: DecodedAudio) -> SpeechOutput:
        """What was said; raises `Busy`."""
        return await asyncio.wrap_future(self._scheduler.transcript(audio))

    async def emotion(self, audio: DecodedAudio) -> EmotionOutput:
        """How it was said; raises `Busy`."""
        return await asyncio.wrap_future(self._scheduler.emotion(audio))

    async def both(self, audio: DecodedAudio) -> tuple[SpeechOutput, EmotionOutcome]:
        """What was said and how, or why the latter is not known; raises `Busy`."""
        return await gather_both(self.transcript(audio), self._emotion_or_failure(audio))

    async def _emotion_or_failure(self, audio: DecodedAudio) -> EmotionOutcome:
        try:
            return await self.emotion(audio)
        except ModelFailed as problem:
            return problem

    def close(self) -> None:
        """Take nothing any more, and give back what the models hold."""
        self._decoders.shutdown(wait=False, cancel_futures=True)
        self._scheduler.close()

    def _decoded(self, file: UploadFile) -> DecodedAudio:
        began = time.monotonic()
        waveform = decode_audio(file.file.read(), self._max_seconds)
        self._metrics.decoded(time.monotonic() - began)
        return detect_speech(waveform)

    def _count_batch(self, batch: BatchStats) -> None:
        self._metrics.observe_batch(batch, "asr" if batch.model == self.models.speech_model.name else "ser")


def ready_service(request: Request) -> InferenceService:
    """The app's `InferenceService`; 503 as long as the models load, and where they could not be loaded."""
    loading: asyncio.Task[InferenceService] = request.app.state.service
    if not loading.done():
        raise HTTPException(503, "The models are still loading; ask again soon.", {"Retry-After": RETRY_SECONDS})
    if (problem := loading.exception()) is not None:
        raise HTTPException(503, f"The models could not be loaded: {sentence_of(problem)}")
    return loading.result()


def sentence_of(problem: BaseException) -> str:
    """What went wrong, for a person; of a fault that is none of ours also its kind."""
    return str(problem) if isinstance(problem, HearsayError) else f"{type(problem).__name__}: {problem}"


async def gather_both(first: Coroutine[Any, Any, Result], second: Coroutine[Any, Any, Other]) -> tuple[Result, Other]:
    """Both results; where one fails the other is given up."""
    tasks = asyncio.ensure_future(first), asyncio.ensure_future(second)
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def unless_disconnected(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of the work, which is given up when the client goes away; raises `ClientDisconnect` then.

    The request's body must have been read: what comes after it is that the client went away.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
