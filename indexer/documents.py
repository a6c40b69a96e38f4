"""Documents: what engines index of a passage, the same for all of them."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import chain, starmap
from threading import Lock
from typing import Any, Final

import snowballstemmer

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import LONGEST_TOKEN, tokens
from indexer.passages import Passage
from indexer.schema import FIELDS

SENTINEL: Final = "∅"
"""Stands where a text has no token, so that engines agree on how many documents there are and how long they are.

It is no letter, so nobody's words ever become it.
"""

LONGEST_KEYWORD: Final = 1000
"""Characters of a value that can be filtered and counted; a longer one is kept, given back, and counted as unknown."""

TOKEN_FIELDS: Final = tuple(field.name for field in FIELDS if field.kind == "tokens")
"""What a document has beside its passage's source."""

SCHEMA: Final = 3
"""Raised when documents change so that an index has to be loaded anew."""


LONGEST_LENGTH: Final = 10
"""Fours of words from which on passages count as equally long."""

POWERS: Final = (8, 4, 2, 1)
"""Of two: some of them add up to any number up to `LONGEST_LENGTH`, so that four tokens tell it instead of eleven."""

_ENGLISH: Final = snowballstemmer.stemmer("english")
_ONE_AT_A_TIME: Final = Lock()  # the stemmer keeps the word that it works on in itself

DocumentOf = Callable[[Passage], dict[str, Any]]
"""What engines ask for the document of a passage: `document_of`, or one who has it ready."""


@lru_cache(maxsize=200_000)
def stem(token: str) -> str:
    """The Snowball (Porter 2) stem of one normalised token; words of other languages mostly stay as they are."""
    with _ONE_AT_A_TIME:
        return str(_ENGLISH.stemWord(token))


def document_of(passage: Passage) -> dict[str, Any]:
    """The passage's source with the token fields of `indexer.schema` beside it, each a text split by single spaces."""
    heard = tokens(passage.row.generated_text)
    reference = tokens(passage.row.text)
    return passage.source() | {
        "tokens": " ".join(heard or [SENTINEL]),
        "stems": " ".join(map(stem, heard or [SENTINEL])),
        "text_tokens": " ".join(reference or [SENTINEL]),
        "alternatives": " ".join(starmap(_graded, alternatives_of(passage.row).items())) or SENTINEL,
        "shortness": " ".join(_powers(max(0, LONGEST_LENGTH - len(heard) // 4))) or SENTINEL,
    }


def heard_text(document: Mapping[str, Any]) -> str:
    """The transcript's tokens with single spaces between them, as the document has them; empty where there are none."""
    text: str = document["tokens"]
    return "" if text == SENTINEL else text


def alternatives_of(row: ClipRow) -> dict[str, float]:
    """The tokens that the recogniser nearly wrote, each with the best confidence it has (0..1), in order.

    What the transcript has anyway is none of them.
    """
    heard = frozenset(tokens(row.generated_text))
    best: dict[str, float] = {}
    for alternative in chain.from_iterable(word.alternatives for word in row.words):
        for token in tokens(alternative.text):
            if token not in heard:
                best[token] = max(best.get(token, 0.0), alternative.confidence)
    return best


def _powers(number: int) -> list[str]:
    """Those of `POWERS` that add up to the number: its binary digits."""
    return [str(power) for power in POWERS if number & power]


def _graded(token: str, confidence: float) -> str:
    """``TOKEN_D``, D being the confidence in tenths, 1 to 9; no more of the token than engines take whole with it."""
    return f"{token[: LONGEST_TOKEN - 1]}_{min(9, max(1, int(confidence * 10)))}"
