"""The OpenAI-compatible transcription API, served by the loaded models."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from starlette.responses import PlainTextResponse

from asr.api.openai_schemas import ModelReply, ModelsReply, TextOnly, Usage, Verbose
from asr.api.problems import BadField, documented_for_openai
from asr.api.schemas import EmotionReply
from asr.api.service import InferenceService, ready_service, unless_disconnected
from asr.audio.decoding import seconds
from asr.pipeline.records import failed_pieces
from asr.types import DecodedAudio, SpeechOutput
from hearsay.records.subtitles import srt, vtt
from hearsay.records.transcript import FailedPiece

ALIAS: Final = "whisper-1"
"""The model name that OpenAI's clients send; here it stands for the loaded speech model."""

IGNORED: Final = "X-Ignored-Fields"
"""Reply header with the names of request fields that were ignored."""

FAILED: Final = "X-Failed-Pieces"
"""Reply header with the pieces that a model failed on, in seconds: ``transcript 31.2-61``."""

Format = Literal["json", "text", "srt", "verbose_json", "vtt"]
Ready = Annotated[InferenceService, Depends(ready_service)]

_TEXT: Final = "BEFORE HE HAD TIME\n"
_SRT: Final = "1\n00:00:00,320 --> 00:00:01,870\n" + _TEXT
_SUCCESS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The transcript in the requested format.",
        "headers": {
            IGNORED: {"description": "Request fields that were ignored.", "schema": {"type": "string"}},
            FAILED: {"description": "Pieces that a model failed on, in seconds.", "schema": {"type": "string"}},
        },
        "content": {
            "text/plain": {
                "schema": {"type": "string"},
                "examples": {"text": {"value": _TEXT}, "srt": {"value": _SRT}},
            },
            "text/vtt": {"schema": {"type": "string"}, "example": "WEBVTT\n\n00:00:00.320 --> 00:00:01.870\n" + _TEXT},
        },
    }
}


def openai_routes(guard: Any) -> APIRouter:
    """The routes under /v1; ``guard`` documents the authentication in the OpenAPI document."""
    routes = APIRouter(prefix="/v1", tags=["OpenAI-compatible"], dependencies=[guard])
    refusals = documented_for_openai([400, 401, 408, 413, 429, 500, 503])
    routes.post(
        "/audio/transcriptions",
        summary="Transcribe a file",
        response_model=TextOnly | Verbose,
        responses=_SUCCESS | refusals,
    )(transcribe)
    refusals = documented_for_openai([401, 404, 503])
    routes.get("/models", summary="List the loaded speech model under both of its names", responses=refusals)(models)
    routes.get("/models/{model:path}", summary="Describe a model", responses=refusals)(model)
    return routes


@dataclass(frozen=True, slots=True)
class TranscriptionOptions:
    """The fields of a request that have an effect, apart from the file, and the names of those that were ignored."""

    format: Format
    granularities: tuple[str, ...]
    ignored: tuple[str, ...]


def options(
    service: Ready,
    model: Annotated[str, Form(description="whisper-1, or the name of the loaded speech model.", examples=[ALIAS])],
    response_format: Annotated[Format, Form()] = "json",
    granularities: Annotated[
        list[Literal["word", "segment"]] | None,
        Form(alias="timestamp_granularities[]", description="Only with verbose_json; segment by default."),
    ] = None,
    language: Annotated[str, Form(description="Ignored: the loaded model determines the language.")] = "",
    prompt: Annotated[str, Form(description="Ignored.")] = "",
    temperature: Annotated[float, Form(ge=0, le=1, description="Ignored: decoding is deterministic.")] = 0.0,
    stream: Annotated[bool, Form(description="Must be false: transcripts are not streamed.")] = False,
) -> TranscriptionOptions:
    """The options of a request; raises `BadField` for a model or value that is not supported."""
    _check_model(service, model)
    if stream:
        raise BadField(400, "Streaming is not supported. Omit the field stream.", "stream", "unsupported_value")
    if granularities and response_format != "verbose_json":
        advice = "timestamp_granularities[] requires response_format=verbose_json. Add it, or omit the field."
        raise BadField(400, advice, "timestamp_granularities[]", "unsupported_value")
    hints = {"language": language, "prompt": prompt, "temperature": temperature}
    ignored = tuple(name for name, value in hints.items() if value)
    return TranscriptionOptions(response_format, tuple(granularities or ("segment",)), ignored)


async def transcribe(
    request: Request,
    response: Response,
    service: Ready,
    options: Annotated[TranscriptionOptions, Depends(options)],
    file: Annotated[UploadFile, File(description="The audio.")],
) -> TextOnly | Verbose | Response:
    reply, failed = await unless_disconnected(request, _reply(service, options, file))
    headers = reply.headers if isinstance(reply, Response) else response.headers
    if options.ignored:
        headers[IGNORED] = ", ".join(options.ignored)
    if failed:
        headers[FAILED] = ", ".join(f"{piece.task} {piece.start:g}-{piece.end:g}" for piece in failed)
    return reply


async def _reply(
    service: InferenceService, options: TranscriptionOptions, file: UploadFile
) -> tuple[TextOnly | Verbose | Response, list[FailedPiece]]:
    """The reply, and the pieces that are missing from it."""
    audio = await service.audio(file)
    if options.format == "verbose_json":
        return await _verbose(service, options, audio)
    transcript = await service.transcript(audio)
    return _formatted(options.format, transcript, seconds(audio.waveform)), list(transcript.failed)


async def _verbose(
    service: InferenceService, options: TranscriptionOptions, audio: DecodedAudio
) -> tuple[Verbose, list[FailedPiece]]:
    transcript, emotion = await service.both(audio)
    tagged = EmotionReply.of(emotion, service.models.emotion_model.name, f"{seconds(audio.waveform):.1f}")
    verbose = Verbose.of(transcript, tagged, seconds(audio.waveform), options.granularities)
    return verbose, failed_pieces(transcript, emotion, seconds(audio.waveform))


def _formatted(form: Format, transcript: SpeechOutput, length: float) -> TextOnly | Response:
    if form == "text":
        return PlainTextResponse(transcript.text + "\n")
    if form == "srt":
        return PlainTextResponse(srt(transcript.segments))
    if form == "vtt":
        return PlainTextResponse(vtt(transcript.segments), media_type="text/vtt")
    return TextOnly(text=transcript.text, usage=Usage.of(length))


async def models(service: Ready) -> ModelsReply:
    return ModelsReply(data=[_model(service, name) for name in _names(service)])


async def model(service: Ready, model: str) -> ModelReply:
    _check_model(service, model)
    return _model(service, model)


def _names(service: InferenceService) -> tuple[str, ...]:
    return ALIAS, service.models.speech_model.name


def _model(service: InferenceService, name: str) -> ModelReply:
    return ModelReply(id=name, created=service.since)


def _check_model(service: InferenceService, name: str) -> None:
    if name not in _names(service):
        known = " or ".join(_names(service))
        raise BadField(404, f"The model {name} is not loaded here. Use {known}.", "model", "model_not_found")
