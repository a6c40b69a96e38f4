"""Word error rate of a table's transcripts, in total and by group."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hearsay.records.clip import ClipRow
from hearsay.text.scoring import Normalizer, is_normalized_by_whisper, normalizer_version, scored_words
from hearsay.text.wer import WordErrors, word_errors
from hearsay.text.wer_by_slice import UNKNOWN, ErrorSlice, ScoredText, SlicedErrors, slice_errors


@dataclass(frozen=True, slots=True)
class TranscriptScore:
    """Word errors of all clips that could be scored, by slice too, and the number of clips left out.

    ``plain`` counts the clips that were normalised plainly although ``normalizer`` is another: those that are not
    English.
    """

    errors: SlicedErrors
    left_out: int
    normalizer: Normalizer = "whisper"
    plain: int = 0

    def to_json(self) -> dict[str, Any]:
        by = {
            column: {value: _to_json(part) for value, part in slices.items()}
            for column, slices in self.errors.by.items()
        }
        how = {
            "left_out": self.left_out,
            "normalizer": self.normalizer,
            "normalizer_version": normalizer_version(self.normalizer),
            "normalized_plainly": self.plain,
        }
        return _to_json(self.errors.whole) | how | ({"by": by} if by else {})


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


def score(rows: Iterable[ClipRow], by: Sequence[str] = (), normalizer: Normalizer = "whisper") -> TranscriptScore:
    """Word error rate as Common Voice's users count it: errors over all clips by reference words over all clips.

    Both texts are normalised by `hearsay.text.scoring.scored_words`; rows that are not `ClipRow.is_scorable`, or whose
    reference then has no word, are left out. ``by`` names columns, unknown ones of the corpus among them; slices come
    with the most clips first.
    """
    left_out = plain = 0

    def scored() -> Iterator[ScoredText]:
        nonlocal left_out, plain
        for row in rows:
            errors = _errors_of(row, normalizer) if row.is_scorable else WordErrors()
            if not errors.reference_words:
                left_out += 1
                continue
            if normalizer != "plain":
                plain += not is_normalized_by_whisper(row.text, row.generated_text, normalizer, language_of(row))
            yield ScoredText(errors, row.id, {column: value_of(row, column) for column in by})

    errors = slice_errors(scored(), by)
    return TranscriptScore(errors, left_out, normalizer, plain)


def _errors_of(row: ClipRow, normalizer: Normalizer) -> WordErrors:
    return word_errors(*scored_words(row.text, row.generated_text, normalizer, language_of(row)))


def language_of(row: ClipRow) -> str:
    """The language of a clip as its record or its corpus has it; empty where neither does."""
    return str(getattr(row, "language", "") or row.extra.get("language") or row.extra.get("locale") or "")


def value_of(row: ClipRow, column: str) -> str:
    """The value of a column in a record; `UNKNOWN` if it is empty."""
    return str(getattr(row, column, "") or row.extra.get(column, "") or UNKNOWN)
