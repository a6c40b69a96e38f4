"""Word error rate of a table's transcripts, whole and by slice."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import words
from hearsay.text.wer import word_errors
from hearsay.text.wer_by_slice import UNKNOWN, ErrorSlice, ScoredText, SlicedErrors, slice_errors


@dataclass(frozen=True, slots=True)
class TranscriptScore:
    """Word errors of all clips that could be scored, by slice too, and the number of clips left out."""

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
    """Word error rate as Common Voice's users count it: errors over all clips by reference words over all clips.

    Both texts are normalised by `hearsay.text.normalize.words`; rows that are not `ClipRow.is_scorable` are left out.
    ``by`` names columns, unknown ones of the corpus among them; slices come with the most clips first.
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
    """What the row has in a column, `UNKNOWN` where that is nothing."""
    return str(getattr(row, column, "") or row.extra.get(column, "") or UNKNOWN)
