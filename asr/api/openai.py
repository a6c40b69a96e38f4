"""The OpenAI-compatible API of transcriptions and translations, served by the loaded models."""

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Request, Response, UploadFile
from starlette.responses import PlainTextResponse

from asr.api.event_stream import EXAMPLE, MEDIA_TYPE, TranscriptStream
from asr.api.openai_options import (
    TranscriptionOptions,
    check_model,
    names_of,
    transcription_options,
    translation_options,
)
from asr.api.openai_schemas import ModelReply, ModelsReply, TextOnly, Usage, Verbose
from asr.api.problems import documented_for_openai
from asr.api.schemas import EmotionReply
from asr.api.service import InferenceService, Ready, unless_disconnected
from asr.pipeline.records import failed_pieces
from asr.types import DecodedAudio, seconds
from hearsay.records.subtitles import cues, srt, vtt
from hearsay.records.transcript import FailedPiece

IGNORED: Final = "X-Ignored-Fields"
"""Reply header with the names of request fields that were ignored."""

FAILED: Final = "X-Failed-Pieces"
"""Reply header with the pieces that a model failed on, in seconds: ``transcript 31.2-61``."""

_TEXT: Final = "Before he had time\n"
_SRT: Final = "1\n00:00:00,320 --> 00:00:01,870\n" + _TEXT
_FORMATS: Final[dict[str, Any]] = {
    "text/plain": {"schema": {"type": "string"}, "examples": {"text": {"value": _TEXT}, "srt": {"value": _SRT}}},
    "text/vtt": {"schema": {"type": "string"}, "example": "WEBVTT\n\n00:00:00.320 --> 00:00:01.870\n" + _TEXT},
}
_EVENTS: Final[dict[str, Any]] = {MEDIA_TYPE: {"schema": {"type": "string"}, "example": EXAMPLE}}


def openai_routes(guard: Any) -> APIRouter:
    """The routes under /v1; ``guard`` documents the authentication in the OpenAPI document."""
    routes = APIRouter(prefix="/v1", tags=["OpenAI-compatible"], dependencies=[guard])
    refusals = documented_for_openai([400, 401, 404, 408, 413, 429, 500, 503])
    routes.post(
        "/audio/transcriptions",
        summary="Transcribe a file",
        response_model=TextOnly | Verbose,
        responses=_success("The transcript in the requested format.", _FORMATS | _EVENTS) | refusals,
    )(transcribe)
    routes.post(
        "/audio/translations",
        summary="Translate a file into English",
        response_model=TextOnly | Verbose,
        responses=_success("The translation in the requested format.", _FORMATS) | refusals,
    )(translate)
    refusals = documented_for_openai([401, 404, 503])
    routes.get("/models", summary="List the loaded speech model under both of its names", responses=refusals)(models)
    routes.get("/models/{model:path}", summary="Describe a model", responses=refusals)(model)
    return routes


def _success(description: str, content: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    headers = {
        IGNORED: {"description": "Request fields that were ignored.", "schema": {"type": "string"}},
        FAILED: {"description": "Pieces that a model failed on, in seconds.", "schema": {"type": "string"}},
    }
    return {200: {"description": description, "headers": headers, "content": content}}


async def transcribe(
    request: Request,
    response: Response,
    service: Ready,
    options: Annotated[TranscriptionOptions, Depends(transcription_options)],
    file: Annotated[UploadFile, File(description="The audio.")],
) -> TextOnly | Verbose | Response:
    if options.is_streamed:
        stream = await unless_disconnected(request, _stream(request, service, options, file))
        _name_ignored(stream, options)
        return stream
    return await _answer(request, response, service, options, file)


async def translate(
    request: Request,
    response: Response,
    service: Ready,
    options: Annotated[TranscriptionOptions, Depends(translation_options)],
    file: Annotated[UploadFile, File(description="The audio.")],
) -> TextOnly | Verbose | Response:
    return await _answer(request, response, service, options, file)


async def _answer(
    request: Request, response: Response, service: InferenceService, options: TranscriptionOptions, file: UploadFile
) -> TextOnly | Verbose | Response:
    reply, failed = await unless_disconnected(request, _reply(service, options, file))
    response = reply if isinstance(reply, Response) else response
    _name_ignored(response, options)
    if failed:
        response.headers[FAILED] = ", ".join(f"{piece.task} {piece.start:g}-{piece.end:g}" for piece in failed)
    return reply


def _name_ignored(response: Response, options: TranscriptionOptions) -> None:
    if options.ignored:
        response.headers[IGNORED] = ", ".join(options.ignored)


async def _audio(service: InferenceService, options: TranscriptionOptions, file: UploadFile) -> DecodedAudio:
    return replace(await service.audio(file), options=options.decoding)


async def _stream(
    request: Request, service: InferenceService, options: TranscriptionOptions, file: UploadFile
) -> TranscriptStream:
    audio = await _audio(service, options, file)
    return TranscriptStream(request, service.transcript_in_pieces(audio), seconds(audio.waveform))


async def _reply(
    service: InferenceService, options: TranscriptionOptions, file: UploadFile
) -> tuple[TextOnly | Verbose | Response, list[FailedPiece]]:
    """The reply, and the pieces that are missing from it."""
    audio = await _audio(service, options, file)
    if options.format == "verbose_json":
        transcript, emotion = await service.both(audio)
        length = seconds(audio.waveform)
        tagged = EmotionReply.of(emotion, service.models.emotion_model.name, f"{length:.1f}")
        verbose = Verbose.of(transcript, tagged, length, options.granularities, options.decoding)
        return verbose, failed_pieces(transcript, emotion, length)
    output = await service.transcript(audio)
    reply: TextOnly | Response
    match options.format:
        case "text":
            reply = PlainTextResponse(output.text + "\n")
        case "srt":
            reply = PlainTextResponse(srt(cues(output)))
        case "vtt":
            reply = PlainTextResponse(vtt(cues(output)), media_type="text/vtt")
        case _:
            reply = TextOnly(text=output.text, usage=Usage.of(seconds(audio.waveform)))
    return reply, list(output.failed)


async def models(service: Ready) -> ModelsReply:
    return ModelsReply(data=[_model(service, name) for name in names_of(service)])


async def model(service: Ready, model: str) -> ModelReply:
    check_model(service, model)
    return _model(service, model)


def _model(service: InferenceService, name: str) -> ModelReply:
    return ModelReply(id=name, created=service.since)
