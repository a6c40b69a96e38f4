"""Between a request and the models: an upload becomes samples, and is heard for as long as its client waits."""

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from fastapi import Request, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from asr.api.metrics import Metrics
from asr.audio.decoding import decode_audio
from asr.errors import ModelFailed
from asr.models.registry import AUTO, limits_for, open_tagger, open_transcriber
from asr.pipeline.pieces import cut
from asr.pipeline.pipeline import AUDIO_DECODERS
from asr.pipeline.records import Tagged
from asr.pipeline.scheduler import Batch, Scheduler
from asr.settings import AsrSettings
from asr.types import Emotion, EmotionTagger, Transcriber, Transcript, Waveform
from hearsay.errors import HearsayError

Result = TypeVar("Result")
Other = TypeVar("Other")

RETRY_SECONDS: Final = "5"


@dataclass(frozen=True, slots=True)
class Models:
    """Both models, loaded, what had to be said about their choice, and whether nobody chose the speech model."""

    transcriber: Transcriber
    tagger: EmotionTagger
    warnings: tuple[str, ...]
    is_speech_by_default: bool = False


def load_models(settings: AsrSettings) -> Models:
    """The models that the settings choose; raises `ModelUnavailable`."""
    transcriber, tagger = open_transcriber(settings), open_tagger(settings)
    warnings = tuple(chosen.warning for chosen in (transcriber, tagger) if chosen.warning)
    return Models(transcriber.model, tagger.model, warnings, settings.asr_model == AUTO)


class Hearing:
    """Decodes uploads in threads of its own, ahead of the models, and lets both models hear side by side.

    ``since`` is when the models were loaded, in seconds since 1970.
    """

    def __init__(self, models: Models, settings: AsrSettings, metrics: Metrics) -> None:
        self.models = models
        self.since = int(time.time())
        self._max_seconds = settings.max_clip_seconds
        self._metrics = metrics
        self._decoders = ThreadPoolExecutor(AUDIO_DECODERS, "decoding")
        self._scheduler = Scheduler(
            models.transcriber, models.tagger, limits_for(models.transcriber, settings), self._told
        )
        metrics.watch(self._scheduler)

    async def sound(self, file: UploadFile) -> Waveform:
        """The upload as a waveform; its name is not looked at. Raises `AudioError`."""
        return await asyncio.get_running_loop().run_in_executor(self._decoders, self._decoded, file)

    async def transcript(self, sound: Waveform) -> Transcript:
        """What was said; raises `Busy`."""
        whole = await asyncio.get_running_loop().run_in_executor(self._decoders, cut, sound)
        return await asyncio.wrap_future(self._scheduler.transcript_of(whole, sound))

    async def emotion(self, sound: Waveform) -> Emotion:
        """How it was said; raises `Busy`."""
        return await asyncio.wrap_future(self._scheduler.emotion(sound))

    async def both(self, sound: Waveform) -> tuple[Transcript, Tagged]:
        """What was said and how, or why the latter is not known; raises `Busy`."""
        return await together(self.transcript(sound), self._emotion_or_failure(sound))

    async def _emotion_or_failure(self, sound: Waveform) -> Tagged:
        try:
            return await self.emotion(sound)
        except ModelFailed as problem:
            return problem

    def close(self) -> None:
        """Take nothing any more, and give back what the models hold."""
        self._decoders.shutdown(wait=False, cancel_futures=True)
        self._scheduler.close()

    def _decoded(self, file: UploadFile) -> Waveform:
        began = time.monotonic()
        waveform = decode_audio(file.file.read(), self._max_seconds)
        self._metrics.decoded(time.monotonic() - began)
        return waveform

    def _told(self, batch: Batch) -> None:
        self._metrics.heard(batch, "asr" if batch.model == self.models.transcriber.name else "ser")


def ready_hearing(request: Request) -> Hearing:
    """The app's `Hearing`; 503 as long as the models load, and where they could not be loaded."""
    loading: asyncio.Task[Hearing] = request.app.state.hearing
    if not loading.done():
        raise HTTPException(503, "The models are still loading; ask again soon.", {"Retry-After": RETRY_SECONDS})
    if (problem := loading.exception()) is not None:
        raise HTTPException(503, f"The models could not be loaded: {sentence_of(problem)}")
    return loading.result()


def sentence_of(problem: BaseException) -> str:
    """What went wrong, for a person; of a fault that is none of ours also its kind."""
    return str(problem) if isinstance(problem, HearsayError) else f"{type(problem).__name__}: {problem}"


async def together(first: Coroutine[Any, Any, Result], second: Coroutine[Any, Any, Other]) -> tuple[Result, Other]:
    """Both results; where one fails the other is given up."""
    tasks = asyncio.ensure_future(first), asyncio.ensure_future(second)
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def while_there(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of the work, which is given up when the client goes away; raises `ClientDisconnect` then.

    The request's body must have been read: what comes after it is that the client went away.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
