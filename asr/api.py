"""The API: one audio file in, what was said and how it was said out."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, File, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from asr.audio import decode_audio, seconds
from asr.emotion import EmotionTagger
from asr.models import open_tagger, open_transcriber
from asr.problems import Problem, add_problems
from asr.replies import EmotionReply, HealthReply, TranscriptReply
from asr.settings import AsrSettings
from asr.transcript import Transcriber, Waveform
from clips.errors import HearsayError

log = logging.getLogger(__name__)

RETRY_SECONDS = "5"


@dataclass(frozen=True, slots=True)
class Models:
    """Both models, loaded, and what had to be said about their choice."""

    transcriber: Transcriber
    tagger: EmotionTagger
    warnings: tuple[str, ...]

    def close(self) -> None:
        self.transcriber.close()
        self.tagger.close()


def load_models(settings: AsrSettings) -> Models:
    """The models that the settings choose; raises `ModelUnavailable`."""
    transcriber, tagger = open_transcriber(settings), open_tagger(settings)
    warnings = tuple(chosen.warning for chosen in (transcriber, tagger) if chosen.warning)
    return Models(transcriber.model, tagger.model, warnings)


def create_app(settings: AsrSettings, say: Callable[[str], None] = log.info) -> FastAPI:
    """The application. Models load in the background, so that ``/ping`` and ``/health`` answer from the start.

    ``say`` is told when they are ready, and what was wanted and could not be had.
    """

    def load() -> Models:
        try:
            models = load_models(settings)
        except HearsayError as problem:
            say(f"the models could not be loaded: {problem}")
            raise
        for warning in models.warnings:
            say(f"warning: {warning}")
        say(f"ready: speech {models.transcriber.name} · emotion {models.tagger.name}")
        return models

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.models = asyncio.create_task(run_in_threadpool(load))
        yield
        for models in await asyncio.gather(app.state.models, return_exceptions=True):
            if isinstance(models, Models):
                await run_in_threadpool(models.close)

    app = FastAPI(
        title="Hearsay",
        summary="What was said in a voice clip, and how it was said.",
        version="1",
        lifespan=lifespan,
        responses={status: {"model": Problem} for status in (413, 415, 422, 503)},
    )
    app.state.settings = settings
    add_problems(app)
    _add_routes(app)
    return app


def _ready_models(request: Request) -> Models:
    loading: asyncio.Task[Models] = request.app.state.models
    if not loading.done():
        raise HTTPException(503, "The models are still loading; ask again soon.", {"Retry-After": RETRY_SECONDS})
    if (problem := loading.exception()) is not None:
        raise HTTPException(503, f"The models could not be loaded: {problem}")
    return loading.result()


async def _uploaded_sound(request: Request, file: Annotated[UploadFile, File(description="The audio.")]) -> Waveform:
    """The upload as a waveform; its name is not looked at, and nothing of it stays on the disk."""
    settings: AsrSettings = request.app.state.settings
    if file.size is not None and file.size > settings.max_upload_bytes:
        raise HTTPException(413, f"The file has {file.size} bytes; at most {settings.max_upload_bytes} are taken.")
    return await run_in_threadpool(decode_audio, await file.read(), settings.max_clip_seconds)


Sound = Annotated[Waveform, Depends(_uploaded_sound)]
Ready = Annotated[Models, Depends(_ready_models)]


def _add_routes(app: FastAPI) -> None:
    app.get("/", include_in_schema=False)(to_the_documents)
    app.get("/ping", summary="Whether the server is there")(ping)
    app.get("/health", summary="Which models are at work, and whether they are ready")(health)
    app.post("/asr", summary="What was said in a file, and how")(transcribe)
    app.post("/ser", summary="How it was said")(tag)


async def to_the_documents() -> RedirectResponse:
    return RedirectResponse("/docs")


async def ping() -> str:
    return "pong"


async def health(request: Request) -> HealthReply:
    loading: asyncio.Task[Models] = request.app.state.models
    if not loading.done():
        return HealthReply(status="loading", ready=False, warnings=[])
    if (problem := loading.exception()) is not None:
        return HealthReply(status="failed", ready=False, warnings=[_sentence(problem)])
    models = loading.result()
    return HealthReply(
        status="ready",
        ready=True,
        asr_model=models.transcriber.name,
        ser_model=models.tagger.name,
        device=models.transcriber.device,
        warnings=list(models.warnings),
    )


def _sentence(problem: BaseException) -> str:
    return str(problem) if isinstance(problem, HearsayError) else f"{type(problem).__name__}: {problem}"


async def transcribe(models: Ready, sound: Sound) -> TranscriptReply:
    transcripts, emotion = await asyncio.gather(
        run_in_threadpool(models.transcriber.transcribe, [sound]), tag(models, sound)
    )
    return TranscriptReply.of_both(transcripts[0], models.transcriber.name, emotion, seconds(sound))


async def tag(models: Ready, sound: Sound) -> EmotionReply:
    emotions = await run_in_threadpool(models.tagger.tag, [sound])
    return EmotionReply.of(emotions[0], models.tagger.name, f"{seconds(sound):.1f}")
