"""The API's replies as Python values.

Everything that reads a body raises `UNEXPECTED` if it does not have this version's structure.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hearsay.errors import BadRow
from hearsay.records.clip import ClipRow
from hearsay.records.emotions import sentiment_of
from hearsay.results.emotion import Tagged
from hearsay.results.text_scores import TextScore, TextScores, WordsScore
from hearsay.results.transcript import Recognised

if TYPE_CHECKING:
    import httpx

UNEXPECTED: Final = (ValueError, KeyError, TypeError, BadRow)
"""Exceptions that reading a body of another structure raises."""

_IDENTITY: Final = ("asr_weights", "asr_precision", "ser_weights", "ser_precision")
"""Optional fields about the models, besides their names; older APIs omit them."""

TRANSCRIPT_COLUMNS: Final = (
    *("generated_text", "duration", "confidence", "words", "segments", "language", "language_probability"),
    *("asr_model", "asr_weights", "asr_precision"),
)
"""The columns of a record that a reply has for the transcript."""

EMOTION_COLUMNS: Final = (
    *("emotion", "emotion_score", "emotion_scores", "sentiment"),
    *("ser_model", "ser_weights", "ser_precision"),
)
"""The columns of a record that a reply has for the emotion."""

_MEMBERS: Final = {"generated_text": "transcription", "duration": "seconds"}
"""The names of two columns in replies."""

_OMITTED_IF_EMPTY: Final = frozenset({"language", "language_probability", *_IDENTITY})
"""Columns that a reply omits if they are empty; older APIs do not know them."""


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
        """Whether it accepts recordings now."""
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


def record_in(body: Any, clip_id: str = "-", *, has_transcript: bool = True, has_emotion: bool = True) -> ClipRow:
    """The record in the body of ``POST /asr``, with the pieces that failed and the error.

    Without the transcript, the body is that of ``POST /ser``; without the emotion, emotion fields are ignored.
    """
    columns = (TRANSCRIPT_COLUMNS if has_transcript else ()) + (EMOTION_COLUMNS if has_emotion else ())
    members = {_MEMBERS.get(name, name): name for name in columns}
    required = {name: body[member] for member, name in members.items() if name not in _OMITTED_IF_EMPTY}
    optional = {name: body.get(name) for name in (*_OMITTED_IF_EMPTY.intersection(columns), "failed_pieces", "error")}
    return ClipRow.from_json({"filename": clip_id} | required | optional)


def recognised_in(body: Any) -> tuple[str, Recognised]:
    """The speech model and its transcript, of ``POST /asr``."""
    row = record_in(body, has_emotion=False)
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


def tagged_in(body: Any) -> tuple[str, Tagged]:
    """The emotion model and its emotion, of ``POST /ser``, where the duration has one decimal."""
    row = record_in(body, has_transcript=False)
    sentiment = sentiment_of(row.emotion)
    tagged = Tagged(row.emotion, row.emotion_score, row.emotion_scores, sentiment, float(body["duration"]))
    return row.ser_model, tagged


def text_scores_in(body: Any) -> TextScores:
    """The scores in the body of ``POST /verify``."""
    return TextScores(str(body["asr_model"]), float(body["transcript"]), tuple(map(_text_score, body["texts"])))


def _text_score(body: Any) -> TextScore:
    replaced = body["replaced"]
    score = None if replaced is None else _words_score(replaced)
    return TextScore(float(body["difference"]), _words_score(body["placed"]), score)


def _words_score(body: Any) -> WordsScore:
    return WordsScore(float(body["mean"]), float(body["least"]))


def detail_of(response: "httpx.Response") -> str:
    """Why a request was rejected: the detail of its problem+json, else the status in words."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{response.status_code} {response.reason_phrase}".rstrip()
