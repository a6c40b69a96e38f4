"""``POST /verify``: given texts scored against a recording, to check possible matches of a search."""

from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, File, Form, Request, UploadFile
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from asr.api.problems import documented
from asr.api.schemas import PRECISION, WEIGHTS, is_unknown
from asr.api.service import InferenceService, Ready, refuse_a_second_file, unless_disconnected
from asr.pipeline.identity import Identity, speech_columns
from asr.speech.scoring import MOST_SECONDS
from asr.types import SAMPLE_RATE, DecodedAudio, seconds
from hearsay.results.text_scores import TextScore, TextScores, WordsScore

MOST_TEXTS: Final = 10
"""Maximum number of texts of one request."""

MOST_CHARACTERS: Final = 2_000
"""Maximum length of the transcript and of each text."""

_Text = Annotated[str, Field(max_length=MOST_CHARACTERS)]


class WordsScoreReply(BaseModel):
    """Logarithms of the probabilities of some words, given the audio and the words before."""

    mean: float = Field(description="Mean over the tokens, in nats.", examples=[-0.13])
    least: float = Field(description="Least of the tokens, in nats.", examples=[-0.25])

    @classmethod
    def of(cls, score: WordsScore) -> Self:
        return cls(mean=score.mean, least=score.least)


class TextScoreReply(BaseModel):
    difference: float = Field(
        description="Logarithm of the probability of the text minus that of the transcript, in nats.", examples=[13.1]
    )
    placed: WordsScoreReply = Field(description="The words of the text that the transcript lacks in this place.")
    replaced: WordsScoreReply | None = Field(
        description="The words that the transcript has instead; null if it has none."
    )

    @classmethod
    def of(cls, score: TextScore) -> Self:
        return cls(
            difference=score.difference,
            placed=WordsScoreReply.of(score.placed),
            replaced=WordsScoreReply.of(score.replaced) if score.replaced else None,
        )


class ScoresReply(BaseModel):
    transcript: float = Field(
        description="Mean logarithm of the probability of the transcript's tokens, in nats.", examples=[-0.9]
    )
    texts: list[TextScoreReply] = Field(description="One entry per text, in the order of the request.")
    asr_model: str = Field(description="Name of the speech model.", examples=["whisper-tiny.en"])
    asr_weights: str = Field("", description=WEIGHTS, exclude_if=is_unknown)
    asr_precision: str = Field("", description=PRECISION, exclude_if=is_unknown)

    @classmethod
    def of(cls, scores: TextScores, model: Identity) -> Self:
        texts = [TextScoreReply.of(score) for score in scores.texts]
        return cls(transcript=scores.transcript, texts=texts, **speech_columns(model))


def verification_routes(guard: Any) -> APIRouter:
    """The route; ``guard`` documents the authentication in the OpenAPI document."""
    routes = APIRouter(tags=["recognition"], dependencies=[guard])
    refusals = documented([400, 401, 408, 413, 415, 422, 429, 500, 503])
    routes.post("/verify", summary="Score texts against a recording", responses=refusals)(verify)
    return routes


async def verify(
    request: Request,
    service: Ready,
    file: Annotated[UploadFile, File(description="One audio file.")],
    transcript: Annotated[str, Form(description="What was transcribed in the stretch.", max_length=MOST_CHARACTERS)],
    texts: Annotated[
        list[_Text],
        Form(
            description="The transcript with other words in some place, several as fields of the same name.",
            min_length=1,
            max_length=MOST_TEXTS,
        ),
    ],
    start: Annotated[float, Form(description="Start of the stretch, in seconds.", ge=0, allow_inf_nan=False)] = 0.0,
    end: Annotated[
        float | None,
        Form(description=f"Its end, at most {MOST_SECONDS:g} s later; by default that of the recording.", gt=0),
    ] = None,
) -> ScoresReply:
    """How probable the speech model finds each text, compared with the transcript, given the audio."""
    await refuse_a_second_file(request)
    return await unless_disconnected(request, _reply(service, file, transcript, texts, start, end))


async def _reply(
    service: InferenceService, file: UploadFile, transcript: str, texts: list[str], start: float, end: float | None
) -> ScoresReply:
    audio = _stretch(await service.audio(file), start, end)
    scores = await service.scores(audio, transcript, texts)
    return ScoresReply.of(scores, Identity.of(service.models.speech_model))


def _stretch(audio: DecodedAudio, start: float, end: float | None) -> DecodedAudio:
    length = seconds(audio.waveform)
    last = length if end is None else min(end, length)
    if start >= last:
        raise HTTPException(422, f"The recording has {length:.2f} s: there is nothing from {start:g} to {last:g} s.")
    return audio.part(int(start * SAMPLE_RATE), round(last * SAMPLE_RATE))
