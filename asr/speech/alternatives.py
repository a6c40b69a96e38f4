"""Other words that a recogniser would have accepted: where they stand beside what it wrote, and which are kept."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from hearsay.records.transcript import Alternative
from hearsay.text.wer import Edit, align

MIN_CONFIDENCE: Final = 0.02
"""Confidence below which an alternative is not worth its place in a row."""


def substitutes_in(written: Sequence[str], other: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The words of another hypothesis that differ from the ones heard, each with the index of the word it stands for.

    Both are aligned as for the word error rate. In a run of differences the words are spread evenly over those heard,
    one for one where they are as many; where none was heard, they belong to the word before, or else to the first.
    """
    at = 0
    for is_same, run in groupby(align(written, other), key=lambda edit: edit.operation == "equal"):
        edits = list(run)
        width = sum(edit.operation != "insert" for edit in edits)
        if not is_same:
            yield from _spread(edits, at, width)
        at += width


def _spread(edits: Sequence[Edit], at: int, width: int) -> Iterator[tuple[int, str]]:
    words = [edit.hypothesis for edit in edits if edit.hypothesis]
    for number, word in enumerate(words):
        yield (at + (2 * number + 1) * width // (2 * len(words)) if width else max(0, at - 1)), word


def most_confident(
    written: Sequence[str], found: Sequence[Mapping[str, float]], most: int
) -> list[tuple[Alternative, ...]]:
    """For each heard word the ``most`` alternatives that are surest, confidences to two decimals, surest first.

    ``found`` has the confidences by word, one map per heard word. What the transcript itself has there, as the word or
    as a direct neighbour, is no alternative.
    """
    return [tuple(_ranked(others, set(written[max(0, at - 1) : at + 2]), most)) for at, others in enumerate(found)]


def _ranked(others: Mapping[str, float], known: set[str], most: int) -> list[Alternative]:
    ranked = sorted(others.items(), key=lambda item: (-item[1], item[0]))
    rounded = [Alternative(word, round(confidence, 2)) for word, confidence in ranked if word not in known]
    return [alternative for alternative in rounded[:most] if alternative.confidence >= MIN_CONFIDENCE]
