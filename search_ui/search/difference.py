"""A reference, or a second transcript, with its differences to the transcript marked: words that only the transcript
has are struck out, words that it lacks are underlined.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from itertools import groupby
from typing import Final

from hearsay.text.normalize import words
from hearsay.text.scoring import scored_words
from hearsay.text.wer import align

_CACHED_PAIRS: Final = 1000
"""Pairs of texts whose differences are cached: a page shows the same pairs on every run."""


_PART: Final = re.compile(r"[\W_]*[^\W_]+[\W_]*")
"""A run of letters and digits with the characters around it."""

Marked = tuple[str, str]
"""A word as it is spelt, and its HTML element: ``del``, ``ins``, or nothing."""


@lru_cache(_CACHED_PAIRS)
def difference_html(reference: str, transcript: str, language: str = "", name: str = "reference") -> str:
    """The reference; before each word that was not recognised, the words that the transcript has in its place.

    ``name`` is what the reference is called, for example “second transcript”. Words that the normaliser of word error
    rate treats as equal, such as “twenty” and “20”, are not marked. All words have their original spelling, and all
    text is escaped.
    """
    pieces = []
    for mark, run in groupby(_marked(reference, transcript, language), key=lambda one: one[1]):
        text = escape("".join(word for word, _ in run).strip())
        pieces.append(f'<{mark} title="{_title(mark, name)}">{text}</{mark}>' if mark else text)
    return " ".join(pieces)


def _title(mark: str, name: str) -> str:
    here, there = ("transcript", name) if mark == "del" else (name, "transcript")
    return f"in the {here}, not in the {there}"


def _marked(reference: str, transcript: str, language: str) -> Iterator[Marked]:
    """All words in order; if the texts differ, first those of the transcript, then those of the reference."""
    expected = iter(spelt(reference))
    recognised = iter(spelt(transcript.lower() if transcript.isupper() else transcript))
    edits = align(words(reference), words(transcript))
    for is_equal, run in groupby(edits, key=lambda edit: edit.operation == "equal"):
        steps = list(run)
        of_transcript = [next(recognised) for edit in steps if edit.operation != "delete"]
        of_reference = [next(expected) for edit in steps if edit.operation != "insert"]
        said, found = scored_words("".join(of_reference), "".join(of_transcript), language=language)
        is_error = not is_equal and said != found
        if is_error:
            yield from ((word, "del") for word in of_transcript)
        yield from ((word, "ins" if is_error else "") for word in of_reference)


def spelt(text: str) -> list[str]:
    """Each of the text's `words` in its original spelling, with punctuation, and a space if one follows.

    Words that cannot be separated in the original, such as a line of Chinese, have their normalised spelling.
    """
    found: list[str] = []
    for piece in text.split():
        inside = words(piece)
        parts = [piece] if len(inside) == 1 else _PART.findall(piece)
        if not inside:
            parts = [f"{found.pop()}{piece}" if found else ""]
        elif [words(part) for part in parts] != [[word] for word in inside]:
            parts = inside
        found += [*parts[:-1], f"{parts[-1]} "] if any(parts) else []
    return found
