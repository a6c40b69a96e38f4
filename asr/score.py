"""Word error rate of a table's transcripts, in total and by group."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import words
from hearsay.text.wer import word_errors
from hearsay.text.wer_by_slice import UNKNOWN, ErrorSlice, ScoredText, SlicedErrors, slice_errors


@dataclass(frozen=True, slots=True)
class TranscriptScore:
    """Word errors of all clips that can be scored, in total and by group, and the number of other clips."""

    errors: SlicedErrors
    left_out: int

    def to_json(self) -> dict[str, Any]:
        by = {
            column: {value: _to_json(part) for value, part in slices.items()}
            for column, slices in self.errors.by.items()
        }
        return _to_json(self.errors.whole) | {"left_out": self.left_out} | ({"by": by} if by else {})


def _to_json(part: ErrorSlice) -> dict[str, Any]:
    rate = part.errors.rate
    return {
        "clips": part.texts,
        "words": part.errors.reference_words,
        "wer": None if rate is None else round(rate, 4),
        "substitutions": part.errors.substitutions,
        "deletions": part.errors.deletions,
        "insertions": part.errors.insertions,
    }


def score(rows: Iterable[ClipRow], by: Sequence[str] = ()) -> TranscriptScore:
    """The word error rate: the errors of all clips divided by the reference words of all clips.

    Both texts are normalised by `hearsay.text.normalize.words`. Records that are not `ClipRow.is_scorable` are skipped.
    ``by`` names columns to group by, including other columns of the corpus; the group with the most clips is first.
    """
    left_out = 0

    def scored() -> Iterator[ScoredText]:
        nonlocal left_out
        for row in rows:
            if row.is_scorable:
                errors = word_errors(words(row.text), words(row.generated_text))
                yield ScoredText(errors, row.id, {column: value_of(row, column) for column in by})
            else:
                left_out += 1

    errors = slice_errors(scored(), by)
    return TranscriptScore(errors, left_out)


def value_of(row: ClipRow, column: str) -> str:
    """The value of a column in a record; `UNKNOWN` if it is empty."""
    return str(getattr(row, column, "") or row.extra.get(column, "") or UNKNOWN)
