"""Between requests and models: uploads are decoded and processed for as long as their client stays connected."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Request, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from asr.api.metrics import Metrics
from asr.audio.decoding import decode_audio
from asr.audio.vad import detect_speech
from asr.errors import CannotScore, ModelFailed
from asr.pipeline.assembly import Models, scheduler_for
from asr.pipeline.pipeline import AUDIO_DECODERS
from asr.pipeline.records import EmotionOutcome
from asr.pipeline.scheduler import BatchStats, PendingTranscript
from asr.settings import AsrSettings
from asr.speech.scoring import can_score
from asr.types import DecodedAudio, EmotionOutput, SpeechOutput
from hearsay.errors import HearsayError
from hearsay.results.text_scores import TextScores

Result = TypeVar("Result")
Other = TypeVar("Other")

RETRY_SECONDS: Final = "5"

TOO_MANY: Final = (
    "The form field file was sent more than once. Send one file; POST /asr accepts several in the field files."
)


class InferenceService:
    """Decodes uploads in its own threads, ahead of the models, and runs both models in parallel.

    ``since`` is the Unix time at which the models were loaded.
    """

    def __init__(self, models: Models, settings: AsrSettings, metrics: Metrics) -> None:
        self.models = models
        self.since = int(time.time())
        self._max_seconds = settings.max_clip_seconds
        self._metrics = metrics
        self._decoders = ThreadPoolExecutor(AUDIO_DECODERS, "decoding")
        self._scoring = ThreadPoolExecutor(1, "scoring")
        self._scheduler = scheduler_for(models, settings, self._count_batch)
        metrics.watch(self._scheduler)

    async def audio(self, file: UploadFile) -> DecodedAudio:
        """The decoded upload, with its stretches of speech; its name is ignored. Raises `AudioError`."""
        return await asyncio.get_running_loop().run_in_executor(self._decoders, self._decoded, file)

    async def transcript(self, audio: DecodedAudio) -> SpeechOutput:
        """The transcript; raises `Busy`."""
        return await asyncio.wrap_future(self._scheduler.transcript(audio))

    def transcript_in_pieces(self, audio: DecodedAudio) -> PendingTranscript:
        """The transcript, with the pieces of a long recording as they finish; raises `Busy`."""
        return self._scheduler.transcript_in_pieces(audio)

    async def emotion(self, audio: DecodedAudio) -> EmotionOutput:
        """The emotion; raises `Busy`."""
        return await asyncio.wrap_future(self._scheduler.emotion(audio))

    async def both(self, audio: DecodedAudio) -> tuple[SpeechOutput, EmotionOutcome]:
        """The transcript, and the emotion or the reason why there is none; raises `Busy`."""
        return await gather_both(self.transcript(audio), self._emotion_or_failure(audio))

    async def scores(self, audio: DecodedAudio, transcript: str, texts: Sequence[str]) -> TextScores:
        """The scores of texts, one request after the other; raises `CannotScore`."""
        model = self.models.speech_model
        if not can_score(model):
            raise CannotScore(f"The speech model {model.name} cannot score texts; serve a Whisper model (ASR_MODEL).")

        def score() -> TextScores:
            began = time.monotonic()
            scores = model.scorer().score(audio, transcript, texts)
            self._metrics.scored(time.monotonic() - began)
            return scores

        return await asyncio.get_running_loop().run_in_executor(self._scoring, score)

    async def _emotion_or_failure(self, audio: DecodedAudio) -> EmotionOutcome:
        try:
            return await self.emotion(audio)
        except ModelFailed as problem:
            return problem

    def close(self) -> None:
        """Accept no more work, and release the models."""
        self._decoders.shutdown(wait=False, cancel_futures=True)
        self._scoring.shutdown(wait=False, cancel_futures=True)
        self._scheduler.close()

    def _decoded(self, file: UploadFile) -> DecodedAudio:
        began = time.monotonic()
        waveform = decode_audio(file.file.read(), self._max_seconds)
        self._metrics.decoded(time.monotonic() - began)
        return detect_speech(waveform)

    def _count_batch(self, batch: BatchStats) -> None:
        self._metrics.observe_batch(batch, "asr" if batch.model == self.models.speech_model.name else "ser")


def ready_service(request: Request) -> InferenceService:
    """The app's `InferenceService`; 503 while the models load, and if they could not be loaded."""
    loading: asyncio.Task[InferenceService] = request.app.state.service
    if not loading.done():
        raise HTTPException(
            503, "The models are still loading. Retry in a few seconds.", {"Retry-After": RETRY_SECONDS}
        )
    if (problem := loading.exception()) is not None:
        raise HTTPException(503, f"Loading the models failed: {sentence_of(problem)}")
    return loading.result()


Ready = Annotated[InferenceService, Depends(ready_service)]
"""The service of a route that needs the models."""


async def refuse_a_second_file(request: Request) -> None:
    """Reject a repeated field: FastAPI passes on only the last file, so the others would be dropped silently."""
    if len((await request.form()).getlist("file")) > 1:
        raise HTTPException(422, TOO_MANY)


def sentence_of(problem: BaseException) -> str:
    """The message of an error; if it is not one of Hearsay's, with the name of its class."""
    return str(problem) if isinstance(problem, HearsayError) else f"{type(problem).__name__}: {problem}"


async def gather_both(first: Coroutine[Any, Any, Result], second: Coroutine[Any, Any, Other]) -> tuple[Result, Other]:
    """Both results. If one fails, the other is cancelled."""
    tasks = asyncio.ensure_future(first), asyncio.ensure_future(second)
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def unless_disconnected(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of the work. If the client disconnects, the work is cancelled and `ClientDisconnect` is raised.

    The body of the request must have been read, so that the next message is the disconnect.
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
