"""Transcripts in which a decoder repeats itself: how they are recognised."""

import zlib
from collections.abc import Sequence
from typing import Final

MOST_COMPRESSION: Final = 2.4
"""Bytes of a text by those of its zlib form, above which it repeats itself; OpenAI's decoder has the same limit."""

_RUN: Final = 3  # tokens that a sentence seldom says twice


def repeats_tokens(tokens: Sequence[int]) -> bool:
    """Whether a run of three tokens occurs twice: a reason to look again, which real sentences give, too."""
    runs = [tuple(tokens[first : first + _RUN]) for first in range(len(tokens) - _RUN + 1)]
    return len(set(runs)) < len(runs)


def is_loop(words: Sequence[str]) -> bool:
    """Whether words are those of a decoder in a loop, and not of a person.

    Three or more words stand twice running, or one or two four times running, which no reference of Common Voice's
    validated clips has; or the text compresses beyond `MOST_COMPRESSION`.
    """
    for length in range(1, len(words) // 2 + 1):
        times = 2 if length >= _RUN else 4
        for first in range(len(words) - times * length + 1):
            unit = list(words[first : first + length])
            if list(words[first : first + times * length]) == unit * times:
                return True
    return compression(" ".join(words)) > MOST_COMPRESSION


def compression(text: str) -> float:
    """Bytes of a text in UTF-8 by those of its zlib form; 0 of no text."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0
