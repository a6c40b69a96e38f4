"""The API's replies as Python values.

Everything that reads a body raises `UNEXPECTED` if it does not have this version's structure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hearsay.errors import BadRow
from hearsay.records.clip import ClipRow
from hearsay.records.emotions import sentiment_of
from hearsay.results.emotion import Tagged
from hearsay.results.transcript import Recognised

if TYPE_CHECKING:
    import httpx

UNEXPECTED: Final = (ValueError, KeyError, TypeError, BadRow)
"""Exceptions that reading a body of another structure raises."""

_IDENTITY: Final = ("asr_weights", "asr_precision", "ser_weights", "ser_precision")
"""What an API may report about its models besides their names; older ones report nothing."""

_OPTIONAL_OF_TRANSCRIPT: Final = ("asr_weights", "asr_precision", "language", "language_probability")
"""Columns of a transcript that a reply omits if they are empty; older APIs do not know them."""


@dataclass(frozen=True, slots=True)
class Health:
    """The state of an API: ``status`` is ``loading``, ``ready`` or ``failed``.

    ``warnings`` say which requested models were not available, or why loading failed. ``asr_by_default`` is True
    if no speech model was named. Weights (a SHA-256 digest) and precision are empty if they are not known.
    """

    status: str
    asr_model: str | None = None
    ser_model: str | None = None
    device: str | None = None
    warnings: tuple[str, ...] = ()
    asr_by_default: bool = False
    asr_weights: str = ""
    asr_precision: str = ""
    ser_weights: str = ""
    ser_precision: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether it transcribes now."""
        return self.status == "ready"


def health_of(body: Any) -> Health:
    """The body of ``GET /health``."""
    if body["status"] not in ("ready", "loading", "failed"):
        raise ValueError(body["status"])
    models = (body.get("asr_model"), body.get("ser_model"), body.get("device"))
    identity = {name: body.get(name) or "" for name in _IDENTITY}
    return Health(
        body["status"], *models, tuple(map(str, body["warnings"])), bool(body.get("asr_by_default")), **identity
    )


def speech_columns_in(body: Any) -> dict[str, Any]:
    """The columns of a record that the body of ``POST /asr`` has of the transcript, as JSON has them."""
    required = {name: body[name] for name in ("confidence", "words", "segments", "asr_model")}
    optional = {name: body.get(name) for name in _OPTIONAL_OF_TRANSCRIPT}
    return required | optional | {"generated_text": body["transcription"], "duration": body["seconds"]}


def emotion_columns_in(body: Any) -> dict[str, Any]:
    """The columns that the body of ``POST /asr`` or ``POST /ser`` has of the emotion."""
    required = ("emotion", "emotion_score", "emotion_scores", "sentiment", "ser_model")
    return {name: body[name] for name in required} | {name: body.get(name) for name in ("ser_weights", "ser_precision")}


def recognised_in(body: Any) -> tuple[str, Recognised]:
    """The speech model and its transcript, of ``POST /asr``."""
    members = speech_columns_in(body) | {"failed_pieces": body.get("failed_pieces")}
    row = ClipRow.from_json({"filename": "-"} | members)
    return row.asr_model, Recognised(
        row.generated_text,
        row.words,
        row.segments,
        row.confidence,
        float(body["seconds"]),
        row.failed_pieces,
        row.language,
        row.language_probability,
    )


def tagged_in(body: Mapping[str, Any]) -> tuple[str, Tagged]:
    """The emotion model and what it found, of ``POST /ser``; the API gives the length with one decimal there."""
    label, probability = str(body["emotion"]), body["emotion_score"]
    probabilities = {str(name): float(score) for name, score in body["emotion_scores"].items()}
    probability = None if probability is None else float(probability)
    tagged = Tagged(label, probability, probabilities, sentiment_of(label), float(body["duration"]))
    return str(body["ser_model"]), tagged


def detail_of(response: "httpx.Response") -> str:
    """Why a request was refused: the detail of its problem+json, else the status in words."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{response.status_code} {response.reason_phrase}".rstrip()
