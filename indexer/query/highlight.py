"""Highlighting of the words of a transcript that match a query, for the page and the terminal."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Final, Literal

from hearsay.text.normalize import tokens
from indexer.query.explanation import Evidence

Mark = Literal["", "match", "possible"]
UNMARKED: Final[Mark] = ""

MarkedText = tuple[str, Mark]
"""A part of the text, and whether it is a match, a possible match, or neither."""

# One letter per character, see `_kind`; joining characters are inside words and not at their ends.
_STRETCH: Final = re.compile(r"w(?:j*w)*|c(?:j*c)*")


def highlight(text: str, evidence: Sequence[Evidence]) -> list[MarkedText]:
    """The text in pieces, complete and in order; pieces that are evidence for a query word are marked.

    In Chinese, Japanese and Korean, the matching pairs of characters are marked; otherwise whole words.
    """
    characters = list(_characters(text))
    marks = _marks(characters, evidence) if any(one.matched for one in evidence) else {}
    pieces: list[MarkedText] = []
    for mark, run in groupby(enumerate(characters), key=lambda item: marks.get(item[0], UNMARKED)):
        pieces.append(("".join(character for _, character in run), mark))
    return pieces


def _characters(text: str) -> Iterator[str]:
    """What a reader sees as one character: a letter with its marks, or the parts of a Korean syllable."""
    whole = ""
    for part in text:
        joins = whole and (
            unicodedata.category(part).startswith("M") or len(unicodedata.normalize("NFC", whole + part)) == 1
        )
        if joins:
            whole += part
            continue
        if whole:
            yield whole
        whole = part
    if whole:
        yield whole


@lru_cache(maxsize=10_000)
def _kind(character: str) -> str:
    """``c`` if tokens are pairs of such characters, ``w`` in other words, ``j`` if ignored inside words, else ``-``."""
    if tokens(character):
        return "c" if len(tokens(character * 3)) == 2 else "w"
    return "j" if tokens(f"a{character}a") == ["aa"] else "-"


def _marks(characters: Sequence[str], evidence: Sequence[Evidence]) -> dict[int, Mark]:
    """The marks of characters by position; a match takes precedence over a possible match."""
    kinds = "".join(map(_kind, characters))
    units = [unit for stretch in _STRETCH.finditer(kinds) for unit in _units(kinds, *stretch.span())]
    contained = [tokens("".join(characters[first : last + 1])) for first, last in units]  # ½ has two
    marks: dict[int, Mark] = {}
    for wanted, mark in sorted(_wanted(evidence), key=lambda item: item[1] == "match"):
        for at in range(len(units) - len(wanted) + 1):
            if all(word in here for word, here in zip(wanted, contained[at:], strict=False)):
                for first, last in units[at : at + len(wanted)]:
                    marks |= dict.fromkeys(range(first, last + 1), mark)
    return marks


def _wanted(evidence: Sequence[Evidence]) -> Iterator[tuple[tuple[str, ...], Mark]]:
    """Words to mark next to each other, and their mark."""
    for one in evidence:
        if one.match == "sounds like":
            yield one.matched, "possible"
        else:
            yield from (((token,), "match") for token in one.matched)


def _units(kinds: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """First and last position of each token: the whole word, or each pair of characters."""
    pairs = [at for at in range(start, end) if kinds[at] == "c"]
    if len(pairs) > 1:
        yield from pairwise(pairs)
    else:
        yield start, end - 1
