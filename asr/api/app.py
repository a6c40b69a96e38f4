"""The HTTP API: audio files in, transcripts and emotions out."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, File, Form, Query, Request, Response, Security, UploadFile
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline
from pydantic import WithJsonSchema
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse

from asr.api.authentication import DOCUMENT_FILES, AuthenticationMiddleware, authenticators_of
from asr.api.head import HeadMiddleware
from asr.api.metrics import Metrics, MetricsMiddleware
from asr.api.openai import openai_routes
from asr.api.problems import Problem, RequestIdMiddleware, add_problems, documented, refusal_of
from asr.api.schemas import (
    EmotionReply,
    FilesReply,
    Granularity,
    GranularReply,
    HealthReply,
    LiveReply,
    SentimentReply,
    TranscriptReply,
)
from asr.api.service import InferenceService, Ready, refuse_a_second_file, sentence_of, unless_disconnected
from asr.api.upload_limits import UploadLimits
from asr.api.verification import verification_routes
from asr.pipeline.assembly import Models, load_models
from asr.pipeline.identity import Identity, emotion_columns, speech_columns
from asr.pipeline.records import EmotionOutcome, failed_pieces
from asr.settings import AsrSettings
from asr.types import DecodedAudio, seconds
from hearsay.audio.formats import FORMAT_NAMES
from hearsay.errors import HearsayError
from hearsay.glossary import GLOSSARY
from hearsay.version import VERSION

log = logging.getLogger(__name__)

CONCURRENT_FILES = 8
"""Files of one request that are processed at a time, so that a request with many files leaves room for others."""

METRICS_EXAMPLE = 'hearsay_queue_seconds{model="whisper-tiny.en"} 0.0\n'

METRICS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": METRICS_EXAMPLE}}}
}

PONG: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"example": "pong"}}}}

UPLOAD_SCHEMA = {"type": "string", "contentMediaType": "application/octet-stream"}
"""The schema of an optional `UploadFile` in the OpenAPI document, which is omitted rather than null."""

UPLOADS = ("/asr", "/ser", "/predict/", "/verify", "/v1/audio/transcriptions", "/v1/audio/translations")

FILE_EXPECTED = (
    "Send either one file in the form field file, for example: curl -F file=@clip.mp3, or several in the field files."
)

DESCRIPTION = """\
Audio files in, transcripts and emotions out. Formats: FORMATS.

| term | meaning |
|---|---|
| transcript | text, words, segments and confidence, as the speech model wrote them |
| emotion | a label or `uncertain`, its probability, the probabilities of all labels, and the sentiment |
| segment | a stretch of speech between pauses |
| confidence | how sure a model is, from 0 to 1 |
| request id | the id of a request, in the header `X-Request-ID`, in error replies and in the server's log |

All terms are in the [glossary](/glossary). Times are in seconds.
""".replace("FORMATS", FORMAT_NAMES)


def create_app(settings: AsrSettings, notify: Callable[[str], None] = log.info) -> FastAPI:
    """The application. Models load in the background, so that ``/ping`` and ``/health`` reply from the start.

    ``notify`` is called with a sentence when the models are ready, for each fallback, and if loading fails. Raises
    `BadSettings`.
    """
    metrics = Metrics()

    def load() -> InferenceService:
        try:
            models = load_models(settings)
        except HearsayError as problem:
            notify(f"the models could not be loaded: {problem}")
            raise
        for warning in models.warnings:
            notify(f"warning: {warning}")
        notify(f"ready: speech model {models.speech_model.name}, emotion model {models.emotion_model.name}")
        return InferenceService(models, settings, metrics)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.service = asyncio.create_task(run_in_threadpool(load))
        yield
        for service in await asyncio.gather(app.state.service, return_exceptions=True):
            if isinstance(service, InferenceService):
                await run_in_threadpool(service.close)

    app = FastAPIOffline(  # serves /docs without files from the internet
        redoc_url=None,
        static_url=DOCUMENT_FILES,
        title="Hearsay",
        summary="Transcribe voice recordings and recognise the emotion in the voice.",
        description=DESCRIPTION,
        version=VERSION,
        lifespan=lifespan,
    )
    app.state.metrics = metrics
    add_problems(app)
    app.add_middleware(  # the innermost first
        UploadLimits,
        at_once=settings.max_uploads,
        max_bytes=settings.max_upload_bytes,
        max_seconds=settings.max_upload_seconds,
    )
    app.add_middleware(AuthenticationMiddleware, authenticators=authenticators_of(settings))
    app.add_middleware(RequestIdMiddleware)
    app.add_middleware(MetricsMiddleware, answered=metrics.answered, paths=UPLOADS)
    app.add_middleware(HeadMiddleware)
    for router in (OPEN_ROUTES, GUARDED_ROUTES, verification_routes(BEARER), openai_routes(BEARER)):
        app.include_router(router)
    return app


BEARER = Security(
    HTTPBearer(
        auto_error=False,
        description="An API key, or an identity token of Google Cloud, if the server requires one.",
    )
)
"""Documents in the OpenAPI document what `AuthenticationMiddleware` requires."""


OPEN_ROUTES = APIRouter(tags=["status"])
GUARDED_ROUTES = APIRouter(tags=["recognition"], dependencies=[BEARER])
REFUSALS = documented([400, 401, 408, 413, 415, 422, 429, 500, 503])


@OPEN_ROUTES.get("/", include_in_schema=False)
async def to_the_documents() -> RedirectResponse:
    return RedirectResponse("/docs")


@OPEN_ROUTES.get("/glossary", include_in_schema=False, response_class=PlainTextResponse)
async def glossary_page() -> str:
    return GLOSSARY.read_text(encoding="utf-8")


@OPEN_ROUTES.get("/ping", summary="Check that the server responds", responses=PONG)
async def ping() -> str:
    return "pong"


@OPEN_ROUTES.get("/health", summary="Names, state and warnings of the models")
async def health(request: Request) -> HealthReply:
    loading: asyncio.Task[InferenceService] = request.app.state.service
    if not loading.done():
        return HealthReply(status="loading", ready=False, warnings=[])
    if (problem := loading.exception()) is not None:
        return HealthReply(status="failed", ready=False, warnings=[sentence_of(problem)])
    return _ready_health(loading.result().models)


@OPEN_ROUTES.get("/health/live", summary="Liveness: restart the server if this fails")
async def live() -> LiveReply:
    return LiveReply(status="live")


def _ready_health(models: Models) -> HealthReply:
    return HealthReply(
        status="ready",
        ready=True,
        **speech_columns(Identity.of(models.speech_model)),
        **emotion_columns(Identity.of(models.emotion_model)),
        asr_by_default=models.is_speech_by_default,
        device=models.speech_model.device,
        warnings=list(models.warnings),
    )


@OPEN_ROUTES.get("/health/ready", summary="Readiness: send no requests while this fails", responses=documented([503]))
async def ready(service: Ready) -> HealthReply:
    return _ready_health(service.models)


@GUARDED_ROUTES.post("/asr", summary="Transcribe one or more files and recognise the emotion", responses=REFUSALS)
async def transcribe(
    request: Request,
    service: Ready,
    file: Annotated[
        UploadFile | None,
        File(description="One audio file. The reply is its transcript and emotion."),
        WithJsonSchema(UPLOAD_SCHEMA),
    ] = None,
    files: Annotated[
        list[UploadFile], File(description="Several audio files. The reply has one entry per file, in order.")
    ] = [],  # noqa: B006  FastAPI copies it
) -> TranscriptReply | FilesReply:
    if (file is None) is (not files):
        raise HTTPException(422, FILE_EXPECTED)
    if file is not None:
        await refuse_a_second_file(request)
        return await unless_disconnected(request, _reply(service, file))
    return await unless_disconnected(request, _replies(request, service, files))


async def _replies(request: Request, service: InferenceService, files: list[UploadFile]) -> FilesReply:
    slots = asyncio.Semaphore(CONCURRENT_FILES)

    async def of_one(file: UploadFile) -> TranscriptReply | Problem:
        async with slots:
            try:
                return await _reply(service, file)
            except HearsayError as problem:
                return refusal_of(request, problem)

    return FilesReply(replies=await asyncio.gather(*map(of_one, files)))


async def _reply(service: InferenceService, file: UploadFile) -> TranscriptReply:
    audio = await service.audio(file)
    transcript, emotion = await service.both(audio)
    speech = Identity.of(service.models.speech_model)
    failed = failed_pieces(transcript, emotion, seconds(audio.waveform))
    emotion_reply = _emotion_reply(service, emotion, audio)
    reply = TranscriptReply.of_both(transcript, speech.name, emotion_reply, seconds(audio.waveform), failed)
    return reply.model_copy(update=speech_columns(speech))


@GUARDED_ROUTES.post("/predict/", summary="Alias of /ser", responses=REFUSALS)
@GUARDED_ROUTES.post("/ser", summary="Recognise the emotion in a file", responses=REFUSALS)
async def tag(
    request: Request,
    service: Ready,
    file: Annotated[UploadFile, File(description="One audio file.")],
    granularity: Annotated[
        Granularity | None,
        Query(description="The part of the reply: the emotion, the sentiment, or both (the default)."),
    ] = None,
    granularity_in_form: Annotated[
        Granularity | None, Form(alias="granularity", description="The same as the query parameter.")
    ] = None,
) -> EmotionReply | GranularReply | SentimentReply:
    await refuse_a_second_file(request)
    reply = await unless_disconnected(request, _emotion(service, file))
    return reply.at(granularity or granularity_in_form or "both")


@GUARDED_ROUTES.get(
    "/metrics",
    summary="Metrics in the text format of Prometheus",
    response_class=Response,
    responses=METRICS | documented([401]),
)
async def metrics_page(request: Request) -> Response:
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.page(), media_type="text/plain; version=0.0.4")


async def _emotion(service: InferenceService, file: UploadFile) -> EmotionReply:
    audio = await service.audio(file)
    return _emotion_reply(service, await service.emotion(audio), audio)


def _emotion_reply(service: InferenceService, emotion: EmotionOutcome, audio: DecodedAudio) -> EmotionReply:
    model = Identity.of(service.models.emotion_model)
    return EmotionReply.of(emotion, model.name, f"{seconds(audio.waveform):.1f}").model_copy(
        update=emotion_columns(model)
    )
