"""Highlighting of the words of a transcript that match a query, for the page and the terminal."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, Literal

from hearsay.text.normalize import are_overlapping, token_spans
from indexer.query.explanation import Evidence

Mark = Literal["", "match", "possible"]
UNMARKED: Final[Mark] = ""

Tokens = tuple[str, ...]

MarkedText = tuple[str, Mark]
"""A part of the text, and whether it is a match, a possible match, or neither."""


def highlight(text: str, evidence: Sequence[Evidence]) -> list[MarkedText]:
    """The text in pieces, complete and in order; pieces that are evidence for a query word are marked.

    In scripts without spaces, the matching pairs of characters are marked; otherwise whole words.
    """
    marks = _marks(text, evidence) if any(one.matched for one in evidence) else {}
    pieces: list[MarkedText] = []
    for mark, run in groupby(enumerate(text), key=lambda item: marks.get(item[0], UNMARKED)):
        pieces.append(("".join(character for _, character in run), mark))
    return pieces


def _marks(text: str, evidence: Sequence[Evidence]) -> dict[int, Mark]:
    """The marks of characters by position; a match takes precedence over a possible match."""
    spans = token_spans(text)
    found = tuple(token for token, _, _ in spans)
    marks: dict[int, Mark] = {}
    for wanted, mark in sorted(_wanted(evidence, found), key=lambda item: item[1] == "match"):
        for at in _places(wanted, found):
            for _, start, end in spans[at : at + len(wanted)]:
                marks |= dict.fromkeys(range(start, end), mark)
    return marks


def _places(wanted: Tokens, found: Tokens) -> Iterator[int]:
    """Where the wanted tokens are next to each other."""
    return (at for at in range(len(found) - len(wanted) + 1) if found[at : at + len(wanted)] == wanted)


def _wanted(evidence: Sequence[Evidence], found: Tokens) -> Iterator[tuple[Tokens, Mark]]:
    """Tokens to mark next to each other, and their mark.

    The pairs of characters of one word are marked together where the text has all of them in a row; pairs such as
    those of ``การ`` occur in many words.
    """
    for several in _rows(evidence):
        row = tuple(one.word for one in several)
        if len(row) > 1 and any(True for _ in _places(row, found)):
            yield row, "match"
            continue
        for one in several:
            if one.match == "sounds like":
                yield one.matched, "possible"
            else:
                yield from (((token,), "match") for token in one.matched)


def _rows(evidence: Sequence[Evidence]) -> Iterator[list[Evidence]]:
    """Evidence for pairs of characters that overlap, together; any other by itself."""
    row: list[Evidence] = []
    for one in evidence:
        if row and not are_overlapping(row[-1].word, one.word):
            yield row
            row = []
        row.append(one)
    if row:
        yield row
