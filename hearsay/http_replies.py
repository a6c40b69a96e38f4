"""What the API's answers say, as the values that Python has of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hearsay.emotion import Tagged
from hearsay.records.clip import ClipRow
from hearsay.records.emotions import sentiment_of
from hearsay.transcript import Recognised

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Health:
    """What an API says of itself: ``status`` is ``loading``, ``ready`` or ``failed``.

    ``warnings`` say which models were wanted and could not be had, or why loading failed.
    """

    status: str
    asr_model: str | None
    ser_model: str | None
    device: str | None
    warnings: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Whether it transcribes now."""
        return self.status == "ready"


def health_of(body: Mapping[str, Any]) -> Health:
    """The body of ``GET /health``; it and those below raise what a body of another shape leads to."""
    models = (body["asr_model"], body["ser_model"], body["device"])
    return Health(str(body["status"]), *models, tuple(map(str, body["warnings"])))


def recognised_in(body: Mapping[str, Any]) -> tuple[str, Recognised]:
    """The speech model and its transcript, of ``POST /asr``."""
    members = {name: body[name] for name in ("words", "segments", "confidence")}
    members["failed_pieces"] = body.get("failed_pieces")
    row = ClipRow.from_json({"filename": "-", "generated_text": body["transcription"]} | members)
    said = (row.generated_text, row.words, row.segments, row.confidence)
    return str(body["asr_model"]), Recognised(*said, float(body["seconds"]), row.failed_pieces)


def tagged_in(body: Mapping[str, Any]) -> tuple[str, Tagged]:
    """The emotion model and what it found, of ``POST /ser``; the API gives the length with one decimal there."""
    label, probability = str(body["emotion"]), body["emotion_score"]
    probabilities = {str(name): float(score) for name, score in body["emotion_scores"].items()}
    probability = None if probability is None else float(probability)
    tagged = Tagged(label, probability, probabilities, sentiment_of(label), float(body["duration"]))
    return str(body["ser_model"]), tagged


def detail_of(answer: "httpx.Response") -> str:
    """Why a request was refused: the detail of its problem+json, else the status in words."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.reason_phrase}".rstrip()
