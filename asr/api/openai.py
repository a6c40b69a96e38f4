"""OpenAI's transcription contract: what its clients send and expect, heard by the models that are loaded here."""

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
"""What OpenAI's own clients call the model; here it means the one that is loaded."""

IGNORED: Final = "X-Ignored-Fields"
"""Header of a reply that names the fields of its request that had no effect."""

FAILED: Final = "X-Failed-Pieces"
"""Header of a reply that names the pieces that a model failed on, in seconds: ``transcript 31.2-61``."""

Format = Literal["json", "text", "srt", "verbose_json", "vtt"]
Ready = Annotated[InferenceService, Depends(ready_service)]

_TEXT: Final = "BEFORE HE HAD TIME\n"
_SRT: Final = "1\n00:00:00,320 --> 00:00:01,870\n" + _TEXT
_SUCCESS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The transcript, in the format that was asked for.",
        "headers": {
            IGNORED: {"description": "Fields that had no effect.", "schema": {"type": "string"}},
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
    """The routes under /v1; ``guard`` says in the OpenAPI document who is let in."""
    routes = APIRouter(prefix="/v1", tags=["as OpenAI has it"], dependencies=[guard])
    refusals = documented_for_openai([400, 401, 408, 413, 429, 500, 503])
    routes.post(
        "/audio/transcriptions",
        summary="What was said in a file",
        response_model=TextOnly | Verbose,
        responses=_SUCCESS | refusals,
    )(transcribe)
    refusals = documented_for_openai([401, 404, 503])
    routes.get("/models", summary="The model that is loaded, under both its names", responses=refusals)(models)
    routes.get("/models/{model:path}", summary="One of them", responses=refusals)(model)
    return routes


@dataclass(frozen=True, slots=True)
class TranscriptionOptions:
    """The fields of a request beside its file, as far as they have an effect, and the names of those that have none."""

    format: Format
    granularities: tuple[str, ...]
    ignored: tuple[str, ...]


def options(
    service: Ready,
    model: Annotated[str, Form(description="whisper-1, or the name of the loaded model.", examples=[ALIAS])],
    response_format: Annotated[Format, Form()] = "json",
    granularities: Annotated[
        list[Literal["word", "segment"]] | None,
        Form(alias="timestamp_granularities[]", description="Only with verbose_json; segment where nothing is said."),
    ] = None,
    language: Annotated[
        str, Form(description="Has no effect: the loaded model hears the language that it knows.")
    ] = "",
    prompt: Annotated[str, Form(description="Has no effect.")] = "",
    temperature: Annotated[float, Form(ge=0, le=1, description="Has no effect: what is heard is not drawn.")] = 0.0,
    stream: Annotated[bool, Form(description="Only false: a transcript is answered when it is whole.")] = False,
) -> TranscriptionOptions:
    """Raises `BadField` for what cannot be had."""
    _check_model(service, model)
    if stream:
        raise BadField(400, "Transcripts are not streamed here; leave out stream.", "stream", "unsupported_value")
    if granularities and response_format != "verbose_json":
        advice = "timestamp_granularities[] needs response_format=verbose_json."
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
        known = " and ".join(_names(service))
        raise BadField(404, f"There is no model {name} here; there is {known}.", "model", "model_not_found")
