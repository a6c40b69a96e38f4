"""The words of a transcript as HTML that plays: each knows when it was said, and keeps the marks of the search."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import accumulate

from hearsay.records.clip import Word
from indexer.query.highlight import Mark, Piece

Place = tuple[int, int, float | None]
"""Where a stretch of text begins and ends, in characters, and when its word starts; None between words."""


def words_html(pieces: Sequence[Piece], words: Sequence[Word] = ()) -> str:
    """A transcript in `pieces`; each of its ``words`` a span that knows its start (``data-start``, in seconds).

    The Tab key reaches the first of them, arrows the others from there: a page of hits has hundreds. Where the words
    are not those of the transcript, none has a time. What is all in capitals is shown in small letters.
    """
    text = "".join(piece for piece, _ in pieces)
    loud = text.isupper()
    reach, html = ' tabindex="0"', ""
    for begin, end, start in _places(text, words):
        cut = _cut(pieces, begin, end)
        inside = "".join(_marked(piece.lower() if loud else piece, mark) for piece, mark in cut)
        if start is None:
            html += inside
        else:
            html += f'<span class="word" data-start="{start:g}"{reach}>{inside}</span>'
            reach = ""
    return html


def _places(text: str, words: Sequence[Word]) -> list[Place]:
    """The text in words and what lies between them, in order and complete."""
    places: list[Place] = []
    reached = 0
    for word in words:
        begin = text.find(word.text, reached) if word.text else -1
        if begin < 0:
            return [(0, len(text), None)]
        places += [(reached, begin, None), (begin, begin + len(word.text), word.start)]
        reached = begin + len(word.text)
    return [*places, (reached, len(text), None)]


def _cut(pieces: Sequence[Piece], begin: int, end: int) -> Iterator[Piece]:
    """What of the pieces lies between two characters."""
    for (piece, mark), after in zip(pieces, accumulate(len(piece) for piece, _ in pieces), strict=True):
        before = after - len(piece)
        if cut := piece[max(0, begin - before) : max(0, end - before)]:
            yield cut, mark


def _marked(text: str, mark: Mark) -> str:
    return f'<mark class="{mark}">{escape(text)}</mark>' if mark else escape(text)
