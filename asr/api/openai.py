"""OpenAI's transcription contract: what its clients send and expect, heard by the models that are loaded here."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from starlette.responses import PlainTextResponse

from asr.api.openai_schemas import ModelReply, ModelsReply, TextOnly, Usage, Verbose
from asr.api.problems import BadField, documented_for_openai
from asr.api.schemas import EmotionReply
from asr.api.service import Hearing, ready_hearing, while_there
from asr.audio.decoding import seconds
from asr.pipeline.records import failed_pieces
from asr.types import Transcript, Waveform
from hearsay.records.clip import FailedPiece
from hearsay.records.subtitles import srt, vtt

ALIAS: Final = "whisper-1"
"""What OpenAI's own clients call the model; here it means the one that is loaded."""

IGNORED: Final = "X-Ignored-Fields"
"""Header of a reply that names the fields of its request that had no effect."""

FAILED: Final = "X-Failed-Pieces"
"""Header of a reply that names the pieces that a model failed on, in seconds: ``transcript 31.2-61``."""

Format = Literal["json", "text", "srt", "verbose_json", "vtt"]
Ready = Annotated[Hearing, Depends(ready_hearing)]

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
class Wishes:
    """The fields of a request beside its file, as far as they have an effect, and the names of those that have none."""

    format: Format
    granularities: tuple[str, ...]
    ignored: tuple[str, ...]


def wishes(
    hearing: Ready,
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
) -> Wishes:
    """Raises `BadField` for what cannot be had."""
    _check_model(hearing, model)
    if stream:
        raise BadField(400, "Transcripts are not streamed here; leave out stream.", "stream", "unsupported_value")
    if granularities and response_format != "verbose_json":
        advice = "timestamp_granularities[] needs response_format=verbose_json."
        raise BadField(400, advice, "timestamp_granularities[]", "unsupported_value")
    hints = {"language": language, "prompt": prompt, "temperature": temperature}
    ignored = tuple(name for name, value in hints.items() if value)
    return Wishes(response_format, tuple(granularities or ("segment",)), ignored)


async def transcribe(
    request: Request,
    response: Response,
    hearing: Ready,
    wishes: Annotated[Wishes, Depends(wishes)],
    file: Annotated[UploadFile, File(description="The audio.")],
) -> TextOnly | Verbose | Response:
    reply, failed = await while_there(request, _reply(hearing, wishes, file))
    headers = reply.headers if isinstance(reply, Response) else response.headers
    if wishes.ignored:
        headers[IGNORED] = ", ".join(wishes.ignored)
    if failed:
        headers[FAILED] = ", ".join(f"{piece.task} {piece.start:g}-{piece.end:g}" for piece in failed)
    return reply


async def _reply(
    hearing: Hearing, wishes: Wishes, file: UploadFile
) -> tuple[TextOnly | Verbose | Response, list[FailedPiece]]:
    """The reply, and the pieces that are missing from it."""
    sound = await hearing.sound(file)
    if wishes.format == "verbose_json":
        return await _verbose(hearing, wishes, sound)
    transcript = await hearing.transcript(sound)
    return _as(wishes.format, transcript, seconds(sound)), list(transcript.failed)


async def _verbose(hearing: Hearing, wishes: Wishes, sound: Waveform) -> tuple[Verbose, list[FailedPiece]]:
    transcript, emotion = await hearing.both(sound)
    tagged = EmotionReply.of(emotion, hearing.models.tagger.name, f"{seconds(sound):.1f}")
    verbose = Verbose.of(transcript, tagged, seconds(sound), wishes.granularities)
    return verbose, failed_pieces(transcript, emotion, seconds(sound))


def _as(form: Format, transcript: Transcript, length: float) -> TextOnly | Response:
    if form == "text":
        return PlainTextResponse(transcript.text + "\n")
    if form == "srt":
        return PlainTextResponse(srt(transcript.segments))
    if form == "vtt":
        return PlainTextResponse(vtt(transcript.segments), media_type="text/vtt")
    return TextOnly(text=transcript.text, usage=Usage.of(length))


async def models(hearing: Ready) -> ModelsReply:
    return ModelsReply(data=[_model(hearing, name) for name in _names(hearing)])


async def model(hearing: Ready, model: str) -> ModelReply:
    _check_model(hearing, model)
    return _model(hearing, model)


def _names(hearing: Hearing) -> tuple[str, ...]:
    return ALIAS, hearing.models.transcriber.name


def _model(hearing: Hearing, name: str) -> ModelReply:
    return ModelReply(id=name, created=hearing.since)


def _check_model(hearing: Hearing, name: str) -> None:
    if name not in _names(hearing):
        known = " and ".join(_names(hearing))
        raise BadField(404, f"There is no model {name} here; there is {known}.", "model", "model_not_found")
