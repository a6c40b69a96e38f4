"""The values of a record's columns: read from JSON and from the cells of a CSV, and written as JSON."""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, Final

from hearsay.errors import BadRow
from hearsay.records.schema import COLUMNS, MISSING, NUMBERED, READ_AS_IT_STANDS
from hearsay.records.transcript import TRANSCRIBING, Alternative, FailedPiece, ModelTranscript, Segment, Word

COUNTS: Final = frozenset({"up_votes", "down_votes"})
"""Columns of whole numbers."""

NUMBERS: Final = COUNTS | {"duration", "confidence", "emotion_score", "language_probability"}
"""Columns of numbers."""

_STRUCTURED: Final = frozenset({"words", "segments", "emotion_scores", "failed_pieces", "transcripts", "deleted"})

FIELD_OF: Final = {name: name for name in NUMBERED} | {
    "generated_text": "text",
    "asr_model": "model",
    "asr_weights": "weights",
    "asr_precision": "precision",
}
"""The fields of a `ModelTranscript`, which are its members in JSON, by the columns that hold them of the first one."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text, not {type(value).__name__}")
    value.encode()  # JSON accepts half a surrogate pair, UTF-8 does not
    return value


def _name(value: Any) -> str:
    """Text, or the number of a speaker or fold, as in JSON manifests."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)


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


def _transcripts(value: Any) -> tuple[ModelTranscript, ...]:
    """The further transcripts; as text if an older version, which does not know the column, wrote it back."""
    items = json.loads(value) if isinstance(value, str) else value
    if not isinstance(items, list):
        raise TypeError(f"a list, not {type(items).__name__}")
    return tuple(
        ModelTranscript(
            **{name: _READ[column](item[name]) for column, name in FIELD_OF.items() if item.get(name) not in (None, "")}
        )
        for item in items
    )


def _transcripts_members(items: tuple[ModelTranscript, ...]) -> list[dict[str, Any]]:
    return [members_of_transcript(item) for item in items]


def members_of_transcript(item: ModelTranscript) -> dict[str, Any]:
    """A transcript's fields that are not empty, with their values as JSON."""
    return filled_members(_FIELDS, [getattr(item, name) for name in _FIELDS])


_FIELDS: Final = tuple(field.name for field in fields(ModelTranscript))


def _without_empty(item: Word | Segment | Alternative | FailedPiece) -> dict[str, Any]:
    members = {member.name: getattr(item, member.name) for member in fields(item)}
    members["alternatives"] = [_without_empty(other) for other in members.get("alternatives", ())]
    return {name: value for name, value in members.items() if value not in (None, "", []) or name == "text"}


def _list_of_members(items: tuple[Word | Segment | FailedPiece, ...]) -> list[dict[str, Any]]:
    return [_without_empty(item) for item in items]


_READ: Final[dict[str, Callable[[Any], Any]]] = {
    **dict.fromkeys((column.name for column in COLUMNS[1:]), _text),
    **dict.fromkeys(COUNTS, _optional_count),
    **dict.fromkeys(("speaker", "split", "age"), _name),
    **dict.fromkeys(("confidence", "emotion_score", "language_probability"), _optional_number),
    "duration": _seconds,
    "words": _words,
    "segments": _segments,
    "emotion_scores": _scores,
    "failed_pieces": _failed_pieces,
    "transcripts": _transcripts,
    "deleted": _flag,
}
_WRITE: Final[dict[str, Callable[[Any], Any]]] = {
    "words": _list_of_members,
    "segments": _list_of_members,
    "failed_pieces": _list_of_members,
    "emotion_scores": dict,
    "transcripts": _transcripts_members,
}


def is_read(name: str) -> bool:
    """Whether a member of a record is a column with values of a special form; the id is not."""
    return name in _READ


def is_empty(value: Any) -> bool:
    """Whether a column is empty: zero is a value, false is not."""
    return value is None or value is False or (not isinstance(value, int | float) and not value)


def read_value(name: str, value: Any) -> Any:
    """A column's value from nonempty JSON; raises `BadRow` if it is invalid for the column."""
    try:
        return _READ[name](value)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as problem:
        meaning = next(column.meaning for column in COLUMNS if column.name == name)
        raise BadRow(f"{name} holds {value!r:.80}: expected {meaning} ({problem})") from problem


def read_unknown(name: str, value: Any) -> str:
    """The value of a column that is not Hearsay's, as text; raises `BadRow` if it is not UTF-8."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    try:
        (name + text).encode()
    except UnicodeEncodeError as problem:
        raise BadRow(f"the column {name!r:.80} holds {text!r:.80}, which is not UTF-8 text") from problem
    return text


def is_readable(name: str, value: Any) -> bool:
    """Whether a member's value is valid for its column."""
    if name in _READ and value in (None, ""):
        return True
    try:
        read_value(name, value) if name in _READ else read_unknown(name, value)
    except BadRow:
        return False
    return True


def filled_members(names: Iterable[str], values: Iterable[Any]) -> dict[str, Any]:
    """The columns that are not empty, with their values as JSON."""
    return {
        name: _WRITE[name](value) if name in _WRITE else value
        for name, value in zip(names, values, strict=True)
        if value or (value == 0 and not is_empty(value))  # most columns are empty: a call for each takes the most time
    }


def member_of_cell(name: str, cell: str) -> Any:
    """A CSV cell as the JSON that `read_value` reads; raises `BadRow`."""
    if _is_missing(name, cell):
        return ""
    if name == "deleted":
        return _parse_cell(name, cell.lower())  # as a spreadsheet writes it
    return _parse_cell(name, cell) if name in _STRUCTURED and cell else cell


def json_cell(value: Any) -> str:
    """A value as a CSV cell: text as it is, other values as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_missing(name: str, cell: str) -> bool:
    if bare := cell.strip():
        return bare.casefold() in MISSING and name in _READ and name not in READ_AS_IT_STANDS
    return name in NUMBERS or name in _STRUCTURED


def _parse_cell(name: str, cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as problem:
        raise BadRow(f"{name} holds {cell!r:.80}, which is not JSON: {problem}") from problem
