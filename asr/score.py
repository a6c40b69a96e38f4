"""How well the transcripts were heard: word error rate over a table, whole and by slice."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import words
from hearsay.text.wer import WordErrors, word_errors

UNKNOWN: Final = "unknown"
"""The slice of clips whose column is empty."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Clips that share a value: how many, and the sum of their word errors."""

    clips: int = 0
    errors: WordErrors = field(default_factory=WordErrors)

    def plus(self, errors: WordErrors) -> "Slice":
        return Slice(self.clips + 1, self.errors + errors)

    def to_json(self) -> dict[str, Any]:
        rate = self.errors.rate
        return {
            "clips": self.clips,
            "words": self.errors.reference_words,
            "wer": None if rate is None else round(rate, 4),
            "substitutions": self.errors.substitutions,
            "deletions": self.errors.deletions,
            "insertions": self.errors.insertions,
        }


@dataclass(frozen=True, slots=True)
class Score:
    """Word errors of all clips that could be scored, the clips left out, and the slices by column and value."""

    whole: Slice
    left_out: int
    by: Mapping[str, Mapping[str, Slice]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        by = {name: {value: part.to_json() for value, part in parts.items()} for name, parts in self.by.items()}
        return self.whole.to_json() | {"left_out": self.left_out} | ({"by": by} if by else {})


def is_scorable(row: ClipRow) -> bool:
    """Whether word error rate can be counted: a reference with a word in it, and a clip that was transcribed.

    An empty transcript counts where a model is named: it is what the model heard. One that pieces are missing from does
    not count, since nobody could tell the model's errors from what is missing.
    """
    is_transcribed = bool(row.generated_text or row.asr_model) and not row.lacks_speech
    return is_transcribed and not row.deleted and bool(words(row.text))


def score(rows: Iterable[ClipRow], by: Sequence[str] = ()) -> Score:
    """Word error rate as Common Voice's users count it: errors over all clips by reference words over all clips.

    Both texts are normalised by `hearsay.text.normalize.words`. ``by`` names columns, unknown ones of the corpus
    among them; slices come with the most clips first.
    """
    whole, left_out = Slice(), 0
    parts: dict[str, defaultdict[str, Slice]] = {name: defaultdict(Slice) for name in by}
    for row in rows:
        if not is_scorable(row):
            left_out += 1
            continue
        errors = word_errors(words(row.text), words(row.generated_text))
        whole = whole.plus(errors)
        for name, slices in parts.items():
            value = value_of(row, name)
            slices[value] = slices[value].plus(errors)
    return Score(whole, left_out, {name: _largest_first(slices) for name, slices in parts.items()})


def value_of(row: ClipRow, column: str) -> str:
    """What the row has in a column, `UNKNOWN` where that is nothing."""
    return str(getattr(row, column, "") or row.extra.get(column, "") or UNKNOWN)


def _largest_first(slices: Mapping[str, Slice]) -> dict[str, Slice]:
    return dict(sorted(slices.items(), key=lambda item: (-item[1].clips, item[0])))
