"""Highlighting: which words of a transcript were asked for, told alike to page and terminal."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Final

from clips.normalise import tokens
from indexer.modes import DEFAULT_MODE
from indexer.stems import stem

Piece = tuple[str, bool]
"""A stretch of the text as it stands, and whether it was asked for."""

# One letter a character, see `_kind`: what joins stands inside words and at no end of them.
_STRETCH: Final = re.compile(r"w(?:j*w)*|c(?:j*c)*")


def highlight(text: str, words: str, mode: str = DEFAULT_MODE) -> list[Piece]:
    """The text in pieces, in order and complete; those are marked that a search for ``words`` matches.

    In mode ``exact`` a word is also marked that only has its stem in common. Chinese, Japanese and Korean are marked by
    the pairs of characters that were asked for, other words whole.
    """
    asked = frozenset(tokens(words))
    stems = frozenset(map(stem, asked)) if mode == "exact" else frozenset()

    def is_asked(part: str) -> bool:
        return any(token in asked or stem(token) in stems for token in tokens(part))

    characters = list(_characters(text))
    marked = _marked(characters, is_asked) if asked else frozenset()
    numbered = groupby(enumerate(characters), key=lambda item: item[0] in marked)
    return [("".join(character for _, character in run), is_match) for is_match, run in numbered]


def _characters(text: str) -> Iterator[str]:
    """What a reader takes for one character: a letter with its marks, the parts of a Korean syllable."""
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
    """``c`` where tokens are pairs of such characters, ``w`` in other words, ``j`` inside words unseen, else ``-``."""
    if tokens(character):
        return "c" if len(tokens(character * 3)) == 2 else "w"
    return "j" if tokens(f"a{character}a") == ["aa"] else "-"


def _marked(characters: Sequence[str], is_asked: Callable[[str], bool]) -> frozenset[int]:
    """The positions of the characters that were asked for."""
    kinds = "".join(map(_kind, characters))
    marked: set[int] = set()
    for stretch in _STRETCH.finditer(kinds):
        start, end = stretch.span()
        for first, last in _units(kinds, start, end):
            if is_asked("".join(characters[first : last + 1])):
                marked.update(range(first, last + 1))
    return frozenset(marked)


def _units(kinds: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """First and last position of what the index holds of a stretch: the whole word, or each pair of characters."""
    pairs = [at for at in range(start, end) if kinds[at] == "c"]
    if len(pairs) > 1:
        yield from pairwise(pairs)
    else:
        yield start, end - 1
