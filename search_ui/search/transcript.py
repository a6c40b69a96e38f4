"""The words of a transcript as HTML: each has its start time and the highlighting of the search."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import accumulate

from hearsay.records.transcript import Word
from indexer.query.highlight import MarkedText

Place = tuple[int, int, float | None]
"""Start and end of a stretch of text, in characters, and the start time of its word; None between words."""


def words_html(pieces: Sequence[MarkedText], words: Sequence[Word] = ()) -> str:
    """A transcript, given in `pieces`; each of its ``words`` becomes a span with ``data-start``, in seconds.

    Only the first word is a tab stop and arrow keys reach the others, because a page has hundreds of words. If the
    words are not those of the transcript, no word has a time. Text that is all in capitals is shown in lower case.
    """
    text = "".join(piece for piece, _ in pieces)
    is_upper = text.isupper()
    tab_stop, html = ' tabindex="0"', ""
    for begin, end, start in _places(text, words):
        inside = ""
        for piece, mark in _cut(pieces, begin, end):
            shown = escape(piece.lower() if is_upper else piece)
            inside += f'<mark class="{mark}">{shown}</mark>' if mark else shown
        if start is None:
            html += inside
        else:
            html += f'<span class="word" data-start="{start:g}"{tab_stop}>{inside}</span>'
            tab_stop = ""
    return html


def _places(text: str, words: Sequence[Word]) -> list[Place]:
    """The whole text in order: its words and the stretches between them."""
    places: list[Place] = []
    reached = 0
    for word in words:
        begin = text.find(word.text, reached) if word.text else -1
        if begin < 0:
            return [(0, len(text), None)]
        places += [(reached, begin, None), (begin, begin + len(word.text), word.start)]
        reached = begin + len(word.text)
    return [*places, (reached, len(text), None)]


def _cut(pieces: Sequence[MarkedText], begin: int, end: int) -> Iterator[MarkedText]:
    """The parts of the pieces between two character positions."""
    for (piece, mark), after in zip(pieces, accumulate(len(piece) for piece, _ in pieces), strict=True):
        before = after - len(piece)
        if cut := piece[max(0, begin - before) : max(0, end - before)]:
            yield cut, mark
