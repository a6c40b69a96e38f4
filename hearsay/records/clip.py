"""The clip row: one clip, what its corpus says of it, what was heard in it. The columns stand in one table."""

import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from hearsay.errors import BadRow
from hearsay.text.normalize import words

SCHEMA_VERSION: Final = 1
"""Written into every journal line; raised when a column changes its meaning."""

LONGEST_ID: Final = 500
"""Bytes of a clip id in UTF-8; Elasticsearch takes 512, and a passage adds its number."""


TOLERANCE: Final = 0.05
"""Seconds that times may be off by rounding."""

TRANSCRIBING: Final = "transcript"
TAGGING: Final = "emotion"
"""The tasks of a `FailedPiece`: what is missing."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another word that the recogniser would have accepted here, and how sure it was (0..1)."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Word:
    """One heard word; ``start`` and ``end`` in seconds from the beginning of the clip, ``confidence`` 0..1."""

    text: str
    start: float
    end: float
    confidence: float | None = None
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a clip between pauses; times in seconds, ``emotion`` empty where it was not tagged by itself."""

    start: float
    end: float
    text: str
    confidence: float | None = None
    emotion: str = ""
    emotion_score: float | None = None


@dataclass(frozen=True, slots=True)
class FailedPiece:
    """A piece of a clip that a model failed on: times in seconds, the reason, and which ``task`` it is missing from."""

    start: float
    end: float
    reason: str
    task: str = TRANSCRIBING


@dataclass(frozen=True, slots=True)
class ClipRow:
    """One clip. Every field but ``id`` may be empty; `COLUMNS` says what each of them holds.

    ``given`` names the columns that its source had, also where they were empty: an empty cell says something, and a
    column that is not there says nothing. A filled column is given in any case.
    """

    id: str
    text: str = ""
    up_votes: int | None = None
    down_votes: int | None = None
    age: str = ""
    gender: str = ""
    accent: str = ""
    duration: float | None = None
    dataset: str = ""
    audio_digest: str = ""
    generated_text: str = ""
    confidence: float | None = None
    words: tuple[Word, ...] = ()
    segments: tuple[Segment, ...] = ()
    emotion: str = ""
    emotion_score: float | None = None
    emotion_scores: Mapping[str, float] = field(default_factory=dict)
    sentiment: str = ""
    asr_model: str = ""
    ser_model: str = ""
    asr_weights: str = ""
    asr_precision: str = ""
    ser_weights: str = ""
    ser_precision: str = ""
    decoded_at: str = ""
    error: str = ""
    failed_pieces: tuple[FailedPiece, ...] = ()
    deleted: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)
    given: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    def __post_init__(self) -> None:
        try:
            size = len(self.id.encode())
        except UnicodeEncodeError as problem:
            raise BadRow(f"a clip id is UTF-8 text, this one is not: {self.id!r:.80}; rename the file") from problem
        if not 1 <= size <= LONGEST_ID:
            raise BadRow(f"a clip id has 1 to {LONGEST_ID} bytes, this one has {size}: {self.id[:80]!r}")
        if taken := _RESERVED & self.extra.keys():
            raise BadRow(f"{self.id}: {min(taken)} is Hearsay's own column and cannot be another one's name too")

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> "ClipRow":
        """A row from one journal line's object; members that are no column of ours go to ``extra`` as text.

        Raises `BadRow` with the column's name where a value is not what the column holds.
        """
        if not isinstance(members.get("filename"), str):
            raise BadRow("a clip row needs a filename, the clip's id, as text")
        values: dict[str, Any] = {"id": members["filename"]}
        extra: dict[str, str] = {}
        for name, value in members.items():
            if name in _READ:
                values[name] = _read_value(name, value)
            elif name not in ("filename", "schema_version") and value is not None:
                extra[name] = _unknown_value(name, value)
        given = frozenset(members)
        if "schema_version" in members:  # Hearsay leaves out what its models left empty
            given |= TRANSCRIPT if values.get("asr_model") else frozenset()
            given |= EMOTION if values.get("ser_model") else frozenset()
        return cls(**values, extra=extra, given=given)

    @classmethod
    def from_readable_json(cls, members: Mapping[str, Any]) -> "ClipRow":
        """A row as `from_json` makes it, without the members that their columns do not hold."""
        return cls.from_json({name: value for name, value in members.items() if _is_readable(name, value)})

    @classmethod
    def from_cells(cls, cells: Mapping[str, str]) -> "ClipRow":
        """A row from the cells of a CSV, in which lists and maps are JSON, and `MISSING` stands for an empty cell."""
        return cls.from_json({name: _member_of_cell(name, cell) for name, cell in cells.items()})

    @property
    def lacks_speech(self) -> bool:
        """Whether its transcript, or a part of it, is missing because something failed."""
        if not self.failed_pieces:
            return bool(self.error)
        return any(piece.task == TRANSCRIBING for piece in self.failed_pieces)

    @property
    def is_scorable(self) -> bool:
        """Whether its word errors can be counted: a reference with a word in it, and a transcript.

        An empty transcript counts where a model is named: it is what the model recognised. One that pieces are missing
        from does not count, since nobody could tell the model's errors from what is missing.
        """
        is_transcribed = bool(self.generated_text or self.asr_model) and not self.lacks_speech
        return is_transcribed and not self.deleted and bool(words(self.text))

    @property
    def is_failed(self) -> bool:
        """Whether transcribing it failed as a whole; it may have an older transcript all the same."""
        return bool(self.error) and not self.failed_pieces

    @property
    def is_measured(self) -> bool:
        """Whether a model was given its audio, so that its duration was measured and not taken from a table."""
        has_result = bool(self.generated_text) or not self.is_failed
        return self.duration is not None and bool(self.audio_digest or self.asr_model) and has_result

    def to_json(self) -> dict[str, Any]:
        """The journal line's object: the columns that are not empty, then the unknown ones."""
        members: dict[str, Any] = {"filename": self.id}
        for column in COLUMNS[1:]:
            value = getattr(self, column.name)
            if not _is_empty(value):
                members[column.name] = _WRITE.get(column.name, _as_is)(value)
        return members | dict(self.extra)

    def to_record(self) -> dict[str, Any]:
        """`to_json` for a log, in which a column of the corpus that was given and empty is null."""
        emptied = (name for name in CORPUS_COLUMNS if name in self.given and name not in ("filename", "duration"))
        members = self.to_json()
        return members | {name: None for name in emptied if name not in members}

    def to_cells(self) -> dict[str, str]:
        """The cells of a CSV line; a column that is empty has no cell."""
        return {
            name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in self.to_json().items()
        }

    def of_one_run(self) -> "ClipRow":
        """The row as all that one run has to say of the clip's transcript and emotion, also where that is nothing."""
        return replace(self, given=self.given | TRANSCRIPT | EMOTION)

    def merged_with(self, later: "ClipRow") -> "ClipRow":
        """The row with every column that ``later`` was given: a filled one replaces, an emptied one empties.

        What one run produced stays together: with another transcript, or an error, go all columns of `TRANSCRIPT`, with
        another emotion all of `EMOTION`. A known duration is never emptied. One that was measured from the audio stays
        unless another was measured too, and one that ends before the words or segments that are kept is not taken. A
        deletion stays one.
        """
        given = later._given()
        if later.error or self._differs(later, given, ("generated_text",)):
            given |= TRANSCRIPT
        is_other_emotion = self._differs(later, given, ("emotion", "sentiment"))
        if is_other_emotion:
            given |= EMOTION
        changes = {name: getattr(later, name) for name in given & _EMPTY_OF.keys() - _NEVER_EMPTIED}
        if is_other_emotion and "segments" not in changes:
            changes["segments"] = tuple(replace(one, emotion="", emotion_score=None) for one in self.segments)
        merged = replace(
            self,
            **changes,
            deleted=self.deleted or later.deleted,
            extra=self._extra_with(later),
            given=self.given | later.given,
        )
        if later.duration is None or (self.is_measured and not later.is_measured):
            return merged
        is_too_short = later.duration + TOLERANCE < merged._last_end()
        return merged if is_too_short else replace(merged, duration=later.duration)

    def _last_end(self) -> float:
        """When the last word or segment ends; 0 without any."""
        return max((item.end for items in (self.words, self.segments) for item in items), default=0.0)

    def _given(self) -> frozenset[str]:
        return self.given | {name for name in _EMPTY_OF if not _is_empty(getattr(self, name))}

    def _differs(self, later: "ClipRow", given: frozenset[str], names: Iterable[str]) -> bool:
        return any(name in given and getattr(self, name) != getattr(later, name) for name in names)

    def _extra_with(self, later: "ClipRow") -> dict[str, str]:
        emptied = {name: "" for name in self.extra if name in later.given or name in later.extra}
        return {**self.extra, **emptied, **{name: value for name, value in later.extra.items() if value}}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the clip row: its name in CSV and journal, whose it is, and what it means."""

    name: str
    ours: bool
    meaning: str


COLUMNS: Final = (
    Column("filename", False, "the clip's id: DATASET/path under the source, with /"),
    Column("text", False, "what the speaker was asked to say (the reference)"),
    Column("up_votes", False, "listeners who found that the clip says its text"),
    Column("down_votes", False, "listeners who did not"),
    Column("age", False, "the speaker's age, as the corpus spells it"),
    Column("gender", False, "the speaker's gender"),
    Column("accent", False, "the speaker's accent, as the corpus spells it"),
    Column("duration", False, "length in seconds, two decimals; decode measures it from the audio"),
    Column("dataset", True, "the collection that the clip belongs to"),
    Column("audio_digest", True, "SHA-256 of the audio file, in hexadecimal"),
    Column("generated_text", True, "the transcript, as the model wrote it"),
    Column("confidence", True, "how sure the recogniser is of the transcript, 0..1"),
    Column("words", True, "words with start and end in seconds, confidence and alternatives"),
    Column("segments", True, "stretches between pauses: start, end, text, confidence, emotion"),
    Column("emotion", True, "the granular label, or uncertain"),
    Column("emotion_score", True, "how sure the tagger is of the label, 0..1"),
    Column("emotion_scores", True, "the score of every label that the tagger knows"),
    Column("sentiment", True, "negative, neutral, positive or uncertain"),
    Column("asr_model", True, "the model that made the transcript"),
    Column("ser_model", True, "the model that made the emotion"),
    Column("asr_weights", True, "SHA-256 of that model's files, in hexadecimal"),
    Column("asr_precision", True, "the precision that PRECISION set for it; empty where it was left to the machine"),
    Column("ser_weights", True, "SHA-256 of the emotion model's files, in hexadecimal"),
    Column("ser_precision", True, "the precision that PRECISION set for it; empty where it was left to the machine"),
    Column("decoded_at", True, "when, as ISO 8601 in UTC"),
    Column("error", True, "why it has no transcript, or only an older one, or which pieces have none"),
    Column("failed_pieces", True, "pieces that a model failed on: start, end, reason, task (transcript or emotion)"),
    Column("deleted", True, "true where the clip was taken out of the index"),
)
"""Every column in the order of the CSV: Common Voice's own, then those that ``asr decode`` adds."""

CORPUS_COLUMNS: Final = tuple(column.name for column in COLUMNS if not column.ours)
OUR_COLUMNS: Final = tuple(column.name for column in COLUMNS if column.ours)
IDENTITY_COLUMNS: Final = ("asr_weights", "asr_precision", "ser_weights", "ser_precision")
"""What tells models of one name apart: for a log, which must know what is done, and not for an index."""

TRANSCRIPT: Final = frozenset(
    {
        *("generated_text", "confidence", "words", "segments"),
        *("asr_model", "asr_weights", "asr_precision", "decoded_at", "error", "failed_pieces"),
    }
)
"""Columns that one run of a speech model produced, and that are replaced together."""

EMOTION: Final = frozenset(
    {
        *("emotion", "emotion_score", "emotion_scores", "sentiment"),
        *("ser_model", "ser_weights", "ser_precision"),
    }
)
"""Columns that one run of an emotion model produced, and that are replaced together."""

_NEVER_EMPTIED: Final = frozenset({"id", "duration", "deleted", "extra", "given"})
"""Fields that merging has rules of their own for."""

_RESERVED: Final = frozenset({"schema_version", *CORPUS_COLUMNS, *OUR_COLUMNS})
"""Names that no column of a corpus can have in a record beside ours."""

MISSING: Final = frozenset({"nan", "-nan", "na", "n/a", "<na>", "#n/a", "#na", "nat", "null", "none"})
"""How tables write that a value is missing, but for an empty cell, in letters of any size."""

ASIDE: Final = "corpus_"
"""What the name of a corpus's own column begins with where Hearsay has one of the same name."""

SIGNS: Final = frozenset({"audio_digest", "generated_text", "asr_model", "ser_model", "decoded_at"})
"""Columns that no corpus has by itself: a record or a table with one of them is about what Hearsay made."""

READ_AS_IT_STANDS: Final = frozenset({"filename", "text", "generated_text", "error"})
"""Columns in which somebody may have said "none" or "NaN": their cells are what they are."""

_NUMBERS: Final = frozenset({"up_votes", "down_votes", "duration", "confidence", "emotion_score"})
_STRUCTURED: Final = frozenset({"words", "segments", "emotion_scores", "failed_pieces", "deleted"})


def kept_aside(names: Collection[str]) -> dict[str, str]:
    """The names under which a corpus's columns are kept whose own names are those of Hearsay's."""
    found: dict[str, str] = {}
    for name in names:
        if name in OUR_COLUMNS or name == "schema_version":
            aside = ASIDE + name
            while aside in names:
                aside = ASIDE + aside
            found[name] = aside
    return found


def kept_beside_ours(names: Collection[str]) -> dict[str, str]:
    """`kept_aside` where records are merged, which takes columns of Hearsay's at their word beside one of `SIGNS`.

    So a corpus's ``emotion`` is no correction of ours, and that beside a ``generated_text`` or ``ser_model`` is one.
    ``deleted`` says the same to everybody.
    """
    if not SIGNS.isdisjoint(names):
        return {}
    return {name: aside for name, aside in kept_aside(names).items() if name != "deleted"}


def _is_empty(value: Any) -> bool:
    return value is None or value is False or (not isinstance(value, int | float) and not value)


def _as_is(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text, not {type(value).__name__}")
    value.encode()  # half a surrogate pair is text to JSON and to nobody else
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(number := float(value)):
        raise ValueError("a finite number")
    return number


def _optional_number(value: Any) -> float | None:
    return None if value in (None, "") else _number(value)


def _optional_count(value: Any) -> int | None:
    if value in (None, ""):
        return None
    if (number := _number(value)) != int(number):  # pandas writes a column of counts with gaps as 2.0
        raise ValueError("a whole number")
    return int(number)


def _seconds(value: Any) -> float | None:
    if (number := _optional_number(value)) is not None and number < 0:
        raise ValueError("seconds, zero or more")
    return number


def _words(value: Any) -> tuple[Word, ...]:
    return tuple(
        Word(
            _text(item["text"]),
            _number(item["start"]),
            _number(item["end"]),
            _optional_number(item.get("confidence")),
            tuple(
                Alternative(_text(other["text"]), _number(other["confidence"]))
                for other in item.get("alternatives") or ()
            ),
        )
        for item in value
    )


def _segments(value: Any) -> tuple[Segment, ...]:
    return tuple(
        Segment(
            _number(item["start"]),
            _number(item["end"]),
            _text(item["text"]),
            _optional_number(item.get("confidence")),
            _text(item.get("emotion") or ""),
            _optional_number(item.get("emotion_score")),
        )
        for item in value
    )


def _failed_pieces(value: Any) -> tuple[FailedPiece, ...]:
    return tuple(
        FailedPiece(
            _number(item["start"]), _number(item["end"]), _text(item["reason"]), _text(item.get("task", TRANSCRIBING))
        )
        for item in value
    )


def _scores(value: Any) -> dict[str, float]:
    return {_text(label): _number(score) for label, score in value.items()}


def _without_empty(item: Word | Segment | Alternative | FailedPiece) -> dict[str, Any]:
    members = {member.name: getattr(item, member.name) for member in fields(item)}
    members["alternatives"] = [_without_empty(other) for other in members.get("alternatives", ())]
    return {name: value for name, value in members.items() if value not in (None, "", []) or name == "text"}


def _list_of_members(items: tuple[Word | Segment | FailedPiece, ...]) -> list[dict[str, Any]]:
    return [_without_empty(item) for item in items]


_READ: Final[dict[str, Callable[[Any], Any]]] = {
    **dict.fromkeys((column.name for column in COLUMNS[1:]), _text),
    **dict.fromkeys(("up_votes", "down_votes"), _optional_count),
    **dict.fromkeys(("confidence", "emotion_score"), _optional_number),
    "duration": _seconds,
    "words": _words,
    "segments": _segments,
    "emotion_scores": _scores,
    "failed_pieces": _failed_pieces,
    "deleted": _flag,
}
_WRITE: Final[dict[str, Callable[[Any], Any]]] = {
    "words": _list_of_members,
    "segments": _list_of_members,
    "failed_pieces": _list_of_members,
    "emotion_scores": dict,
}
_EMPTY_OF: Final = {member.name: getattr(ClipRow("-"), member.name) for member in fields(ClipRow)}


def _read_value(name: str, value: Any) -> Any:
    if value is None or value == "":
        return _EMPTY_OF[name]
    try:
        return _READ[name](value)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as problem:
        raise BadRow(f"{name} holds {value!r:.80}: {_expected(name)} ({problem})") from problem


def _is_readable(name: str, value: Any) -> bool:
    try:
        _read_value(name, value) if name in _READ else _unknown_value(name, value)
    except BadRow:
        return False
    return True


def _unknown_value(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    try:
        (name + text).encode()
    except UnicodeEncodeError as problem:
        raise BadRow(f"the column {name!r:.80} holds {text!r:.80}, which is not UTF-8 text") from problem
    return text


def _expected(name: str) -> str:
    return "expected " + next(column.meaning for column in COLUMNS if column.name == name)


def _member_of_cell(name: str, cell: str) -> Any:
    if _is_missing(name, cell):
        return ""
    if name == "deleted":
        return _parse_cell(name, cell.lower())  # as a spreadsheet writes it
    return _parse_cell(name, cell) if name in _STRUCTURED and cell else cell


def _is_missing(name: str, cell: str) -> bool:
    if bare := cell.strip():
        return bare.casefold() in MISSING and name in _READ and name not in READ_AS_IT_STANDS
    return name in _NUMBERS or name in _STRUCTURED


def _parse_cell(name: str, cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as problem:
        raise BadRow(f"{name} holds {cell!r:.80}, which is not JSON: {problem}") from problem
