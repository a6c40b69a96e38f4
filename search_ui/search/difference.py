"""A reference beside what was heard, as a person would mark it: words heard wrong struck out, words missed put in."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from itertools import groupby
from typing import Final

from hearsay.text.normalize import words
from hearsay.text.wer import align

_REMEMBERED: Final = 1000
"""Pairs of texts; a page shows the same ones again and again."""

_MEANINGS: Final = {"del": "heard, and not in the reference", "ins": "in the reference, and not heard"}

_PART: Final = re.compile(r"[\W_]*[^\W_]+[\W_]*")
"""A run of letters and digits with all that is around it."""

Marked = tuple[str, str]
"""A word as it is spelt, and what becomes of it: ``del``, ``ins``, or nothing."""


@lru_cache(_REMEMBERED)
def difference_html(reference: str, heard: str) -> str:
    """The reference, with what was heard in its place before each word that was not heard so.

    Every text in it is escaped. Marked are the words that word error rate counts, spelt as they stand in their text.
    """
    pieces = []
    for mark, run in groupby(_marked(reference, heard), key=lambda one: one[1]):
        text = escape("".join(word for word, _ in run).strip())
        pieces.append(f'<{mark} title="{_MEANINGS[mark]}">{text}</{mark}>' if mark else text)
    return " ".join(pieces)


def _marked(reference: str, heard: str) -> Iterator[Marked]:
    """All words in order; of a stretch that differs first those that were heard, then those that were to be."""
    said, spoken = iter(spelt(reference)), iter(spelt(heard.lower() if heard.isupper() else heard))
    edits = align(words(reference), words(heard))
    for is_equal, run in groupby(edits, key=lambda edit: edit.operation == "equal"):
        steps = list(run)
        instead = [next(spoken) for edit in steps if edit.operation != "delete"]
        spelling_suggestion = [next(said) for edit in steps if edit.operation != "insert"]
        if not is_equal:
            yield from ((word, "del") for word in instead)
        yield from ((word, "" if is_equal else "ins") for word in spelling_suggestion)


def spelt(text: str) -> list[str]:
    """Each of the text's `words` as it is written, with the signs around it, and a space where one follows.

    What cannot be told apart so, such as a line of Chinese, is written as it is counted.
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
