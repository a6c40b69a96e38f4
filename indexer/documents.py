"""Documents: what both engines index of a passage."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from threading import Lock
from typing import Any, Final

import snowballstemmer

from hearsay.corpora.values import facet_values, keys
from hearsay.records.clip import ClipRow
from hearsay.text.normalize import LONGEST_TOKEN, tokens
from indexer.passages import Passage
from indexer.schema import FIELDS, FURTHER_STEMS, TEXT_KEY, VALUE_FACETS, VALUE_KEYS, counted_in

SENTINEL: Final = "∅"
"""The only token of a text without tokens, so that both engines count the same documents and the same lengths.

It is not a letter, so no normalised word can equal it.
"""

LONGEST_KEYWORD: Final = 1000
"""Characters of a value that can be filtered and counted; a longer one is stored and returned, but counts as
unknown."""

TOKEN_FIELDS: Final = tuple(field.name for field in FIELDS if field.kind == "tokens")
DERIVED_FIELDS: Final = tuple(field.name for field in FIELDS if field.kind in ("tokens", "values"))
"""Fields of a document that are derived from its passage's source."""

SCHEMA: Final = 8
"""Version of the documents; a change of what is indexed increments it."""

OLDEST_SEARCHABLE: Final = 7
"""The earliest version whose indexes can still be searched; changes need the present one."""


LONGEST_LENGTH: Final = 10
"""Passages of at least this many groups of four words have the same (no) shortness."""

POWERS: Final = (8, 4, 2, 1)
"""Powers of two whose sums give every number up to `LONGEST_LENGTH`: four tokens instead of eleven."""

_SHORTNESS: Final = tuple(
    " ".join(str(power) for power in POWERS if shortness & power) or SENTINEL for shortness in range(LONGEST_LENGTH + 1)
)
"""The field ``shortness`` for each number from 0 to `LONGEST_LENGTH`."""

_ENGLISH: Final = snowballstemmer.stemmer("english")
_ONE_AT_A_TIME: Final = Lock()  # the stemmer stores its current word in itself, so it is not thread-safe

DocumentOf = Callable[[Passage], dict[str, Any]]
"""Makes the document of a passage: `document_of`, or a function that returns a prepared one."""


@lru_cache(maxsize=200_000)
def stem(token: str) -> str:
    """The Snowball (Porter 2) stem of one normalised token; most words of other languages stay unchanged."""
    with _ONE_AT_A_TIME:
        return str(_ENGLISH.stemWord(token))


def document_of(passage: Passage) -> dict[str, Any]:
    """The passage's source and its `DERIVED_FIELDS`; tokens are separated by single spaces."""
    transcript = tokens(passage.row.generated_text)
    reference = tokens(passage.row.text)
    alternatives = (  # TOKEN_D with the confidence in tenths, 1 to 9, cut so that it fits an engine's limit
        f"{token[: LONGEST_TOKEN - 1]}_{min(9, max(1, int(confidence * 10)))}"
        for token, confidence in alternatives_of(passage.row).items()
    )
    return (
        passage.source()
        | _values_of(passage.row)
        | ({TEXT_KEY: text_key(reference)} if reference and passage.is_whole else {})
        | ({FURTHER_STEMS: further} if (further := _further_stems(passage.row, transcript)) else {})
        | {
            "tokens": " ".join(transcript or [SENTINEL]),
            "stems": " ".join(map(stem, transcript or [SENTINEL])),
            "text_tokens": " ".join(reference or [SENTINEL]),
            "alternatives": " ".join(alternatives) or SENTINEL,
            "shortness": _SHORTNESS[max(0, LONGEST_LENGTH - len(transcript) // 4)],
        }
    )


def _further_stems(row: ClipRow, transcript: Sequence[str]) -> str:
    """The stems of tokens in further transcripts that the transcript lacks, each once."""
    if not row.transcripts:
        return ""
    own = set(map(stem, transcript))
    found = (stem(token) for further in row.transcripts for token in tokens(further.text))
    return " ".join(one for one in dict.fromkeys(found) if one not in own)


def text_key(reference: Sequence[str]) -> str:
    """The value of the field `TEXT_KEY` for the tokens of a reference."""
    return blake2b(" ".join(reference).encode(), digest_size=8).hexdigest()


def _values_of(row: ClipRow) -> dict[str, list[str]]:
    """The values of the cells that corpora spell in different ways, and the keys by which they are found."""
    found: dict[str, list[str]] = {}
    all_keys: list[str] = []
    for facet in VALUE_FACETS:
        if cell := getattr(row, facet):
            values, own_keys = _values_of_cell(facet, cell)
            if values:
                found[counted_in(facet)] = [*values]
            all_keys += own_keys
    return found | {VALUE_KEYS: all_keys} if all_keys else found


@lru_cache(maxsize=50_000)
def _values_of_cell(facet: str, cell: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    values, own_keys = facet_values(facet, cell), (f"{facet}={key}" for key in keys(facet, cell))
    return tuple(filter(_is_indexable, values)), tuple(filter(_is_indexable, own_keys))


def _is_indexable(value: str) -> bool:
    return len(value) <= LONGEST_KEYWORD


def transcript_text(document: Mapping[str, Any]) -> str:
    """The transcript's tokens, separated by single spaces, as the document has them; empty if there are none."""
    text: str = document["tokens"]
    return "" if text == SENTINEL else text


def alternatives_of(row: ClipRow) -> dict[str, float]:
    """Tokens of the speech model's alternatives that the transcript lacks, each with its best confidence (0..1).

    In the order of the words.
    """
    if not row.words:
        return {}
    transcript = frozenset(tokens(row.generated_text))
    best: dict[str, float] = {}
    for alternative in chain.from_iterable(word.alternatives for word in row.words):
        for token in tokens(alternative.text):
            if token not in transcript:
                best[token] = max(best.get(token, 0.0), alternative.confidence)
    return best
