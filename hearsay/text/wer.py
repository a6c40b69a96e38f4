"""Word error rate, and the alignment that it is counted from."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Operation = Literal["equal", "substitute", "delete", "insert"]


@dataclass(frozen=True, slots=True)
class Edit:
    """One step of an alignment; ``reference`` is empty for an insertion, ``hypothesis`` for a deletion."""

    operation: Operation
    reference: str
    hypothesis: str


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> list[Edit]:
    """The minimal alignment of reference and hypothesis; each substitution, deletion and insertion costs one.

    The alignment of the Levenshtein distance over words; of equal alignments the one with the latest substitutions, so
    that the result is deterministic. Time and memory are proportional to the product of the lengths.
    """
    if list(reference) == list(hypothesis):  # as most are, and comparing is faster than aligning
        return [Edit("equal", word, word) for word in reference]
    costs = _cost_table(reference, hypothesis)
    edits: list[Edit] = []
    row, column = len(reference), len(hypothesis)
    while row or column:
        here = costs[row][column]
        if row and column:
            differs = reference[row - 1] != hypothesis[column - 1]
            if here == costs[row - 1][column - 1] + differs:
                row, column = row - 1, column - 1
                edits.append(Edit("substitute" if differs else "equal", reference[row], hypothesis[column]))
                continue
        if row and here == costs[row - 1][column] + 1:
            row -= 1
            edits.append(Edit("delete", reference[row], ""))
        else:
            column -= 1
            edits.append(Edit("insert", "", hypothesis[column]))
    return edits[::-1]


def differences(edits: Iterable[Edit]) -> Iterator[list[Edit]]:
    """The runs of consecutive edits in which reference and hypothesis differ; never empty."""
    for is_equal, run in groupby(edits, key=lambda edit: edit.operation == "equal"):
        if not is_equal:
            yield list(run)


def _cost_table(reference: Sequence[str], hypothesis: Sequence[str]) -> list[list[int]]:
    table = [list(range(len(hypothesis) + 1))]
    for count, wanted in enumerate(reference, 1):
        above = table[-1]
        row = [count]
        for column, word in enumerate(hypothesis, 1):
            row.append(min(above[column - 1] + (wanted != word), above[column] + 1, row[-1] + 1))
        table.append(row)
    return table


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Counts that add up over clips; ``rate`` is their word error rate."""

    reference_words: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @classmethod
    def of(cls, edits: Iterable[Edit]) -> "WordErrors":
        """The errors of an alignment."""
        counts = Counter(edit.operation for edit in edits)
        reference_words = counts["equal"] + counts["substitute"] + counts["delete"]
        return cls(reference_words, counts["substitute"], counts["delete"], counts["insert"])

    def __add__(self, other: "WordErrors") -> "WordErrors":
        return WordErrors(
            self.reference_words + other.reference_words,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Errors divided by reference words (above 1 with many insertions); None without reference words."""
        return self.errors / self.reference_words if self.reference_words else None


def word_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> WordErrors:
    """The errors of one hypothesis against its reference, both as `hearsay.text.normalize.words` makes them."""
    if list(reference) == list(hypothesis):  # a load counts thousands of them
        return WordErrors(len(reference))
    return WordErrors.of(align(reference, hypothesis))


def edit_distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """The number of errors of `align`, in memory proportional to the lengths: for recordings of hours.

    Myers' bit vectors in the form of Hyyrö (2003): one bit for each word of the reference.
    """
    if not reference:
        return len(hypothesis)
    places: dict[str, int] = {}
    for at, word in enumerate(reference):
        places[word] = places.get(word, 0) | 1 << at
    every, last = (1 << len(reference)) - 1, 1 << (len(reference) - 1)
    increases, decreases, distance = every, 0, len(reference)
    for word in hypothesis:
        equal = places.get(word, 0)
        diagonal = (((equal & increases) + increases) ^ increases) | equal | decreases
        rises = decreases | (every & ~(diagonal | increases))
        falls = increases & diagonal
        distance += bool(rises & last) - bool(falls & last)
        rises = (rises << 1 | 1) & every
        falls = falls << 1 & every
        increases = falls | (every & ~(diagonal | rises))
        decreases = rises & diagonal
    return distance
