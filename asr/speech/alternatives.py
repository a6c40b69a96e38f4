"""Alternatives: other words that a speech model considered, their positions in the transcript, and which are kept."""

from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from hearsay.records.transcript import Alternative
from hearsay.text.wer import align

MIN_CONFIDENCE: Final = 0.02
"""Confidence below which an alternative is dropped from a record."""


def substitutes_in(written: Sequence[str], other: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The words of another hypothesis that differ from the transcript, each with the index of the word it replaces.

    Both are aligned as for the word error rate. In a run of differences the words are spread evenly over those of the
    transcript, one to one if there are as many. If the transcript has none there, they belong to the word before, or
    else to the first.
    """
    at = 0
    for is_same, run in groupby(align(written, other), key=lambda edit: edit.operation == "equal"):
        edits = list(run)
        width = sum(edit.operation != "insert" for edit in edits)
        if not is_same:
            words = [edit.hypothesis for edit in edits if edit.hypothesis]
            for number, word in enumerate(words):
                yield (at + (2 * number + 1) * width // (2 * len(words)) if width else max(0, at - 1)), word
        at += width


def most_confident(
    written: Sequence[str], found: Sequence[Mapping[str, float]], most: int
) -> list[tuple[Alternative, ...]]:
    """For each word, at most ``most`` alternatives with confidences to two decimals, the highest first.

    ``found`` has the confidences by alternative, one map per word of ``written``. The word itself and its direct
    neighbours in the transcript are not alternatives.
    """
    return [tuple(ranked(others, set(written[max(0, at - 1) : at + 2]), most)) for at, others in enumerate(found)]


def ranked(others: Mapping[str, float], known: Container[str], most: int) -> list[Alternative]:
    """The ``most`` of one word's alternatives that are surest and not among ``known``, surest first."""
    unknown = [(-confidence, word) for word, confidence in others.items() if word not in known]
    rounded = [Alternative(word, round(-negative, 2)) for negative, word in sorted(unknown)[:most]]
    return [alternative for alternative in rounded if alternative.confidence >= MIN_CONFIDENCE]
