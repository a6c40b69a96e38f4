"""Word error rate of many texts, in total and by slice, each with its interval.

Used by ``hearsay score``, `hearsay.word_error_rate` and the page's statistics.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hearsay.text.intervals import Estimate, error_rate
from hearsay.text.wer import WordErrors

UNKNOWN: Final = "unknown"
"""The slice of texts that have no value."""


FEWEST_CLIPS: Final = 20
"""A slice with fewer clips is marked, or has no error rate, because the rate could be due to chance."""

TOO_FEW: Final = f"n < {FEWEST_CLIPS}"
"""The mark of a slice that is too small."""


@dataclass(frozen=True, slots=True)
class ScoredText:
    """The word errors of one text, whose reference has at least one word, and its value in each column of interest.

    Texts of one ``source``, a speaker or a clip, are not independent: the bootstrap draws them together.
    """

    errors: WordErrors
    source: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ErrorSlice:
    """Texts that share a value: their number, their word errors, and their word error rate with its interval.

    ``estimate`` is None if intervals were not wanted, and if the texts have too few sources to draw from.
    """

    texts: int = 0
    errors: WordErrors = field(default_factory=WordErrors)
    estimate: Estimate | None = None


@dataclass(frozen=True, slots=True)
class SlicedErrors:
    """All texts together, and the slices by column and value, those with the most texts first."""

    whole: ErrorSlice
    by: Mapping[str, Mapping[str, ErrorSlice]] = field(default_factory=dict)


def slice_errors(
    texts: Iterable[ScoredText], columns: Sequence[str] = (), *, fewest_sources: int | None = None
) -> SlicedErrors:
    """The word error rate of texts: errors by reference words over all of them, whole and by the values of ``columns``.

    A slice of ``fewest_sources`` different sources or more gets the 95 % interval of `hearsay.text.intervals`, for
    which every text's errors are held in memory; None, the default, computes no intervals.
    """
    whole = _Sum()
    sums: dict[str, defaultdict[str, _Sum]] = {column: defaultdict(_Sum) for column in columns}
    for text in texts:
        whole.add(text, is_kept=fewest_sources is not None)
        for column, slices in sums.items():
            slices[text.values.get(column) or UNKNOWN].add(text, is_kept=fewest_sources is not None)
    by = {}
    for column, slices in sums.items():
        largest_first = sorted(slices.items(), key=lambda item: (-item[1].texts, item[0]))
        by[column] = {value: found.result(fewest_sources) for value, found in largest_first}
    return SlicedErrors(whole.result(fewest_sources), by)


class _Sum:
    """The running totals of a slice while its texts are read."""

    def __init__(self) -> None:
        self.texts = 0
        self._errors = WordErrors()
        self._kept: list[ScoredText] = []

    def add(self, text: ScoredText, *, is_kept: bool) -> None:
        self.texts += 1
        self._errors += text.errors
        if is_kept:
            self._kept.append(text)

    def result(self, fewest_sources: int | None) -> ErrorSlice:
        sources = [text.source for text in self._kept]
        is_enough = fewest_sources is not None and len(set(sources)) >= max(1, fewest_sources)
        estimate = error_rate([text.errors for text in self._kept], sources) if is_enough else None
        return ErrorSlice(self.texts, self._errors, estimate)
