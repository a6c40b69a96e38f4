"""Hypothesis strategies for query trees of every node, typed queries and requests; and rows in every script."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Alternative, Word
from hearsay.text.normalize import tokens
from indexer.index import Range, Request, SearchWriter, Sort
from indexer.query_tree import (
    EVERYTHING,
    AllOf,
    AnyOf,
    BestOf,
    Between,
    Constant,
    Favouring,
    Missing,
    Phrase,
    Prefix,
    Query,
    Term,
    Without,
)
from indexer.schema import FACETS, FIELDS, RANGES, SORTS, UNKNOWN

_NUMBERS: Final = tuple(field.name for field in FIELDS if field.kind in ("number", "integer"))
_TOKEN_FIELDS: Final = ("tokens", "tokens", "tokens", "stems", "text_tokens", "alternatives", "shortness")

_SCRIPTS: Final = (
    "the a boy ran far home no don't",
    "e\u0301te\u0301 Z\u0351\u036b\u0343\u036a\u0302a\u0314 n\u0303ino",  # combining marks, many on one letter
    "مرحبا بالعالم \u202eשלום\u202c עולם",
    "👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈 smile🙂smile 🇩🇪",
    "京都大学 東京 大 안녕하세요 カタカナ ｶﾀｶﾅ ㍿",
    "नमस्ते क्षत्रिय ไทยแลนด์ မြန်မာ",
    "nul\x00nul bell\x07bell \x1b[31m tab\there line\u2028end \ufffe\uffff",
    "ß ﬁ Ⅷ ½ ﷺ İ ı ſ Σας 𝔘𝔫𝔦 𐌰𐌱 ǅ",
    "long" * 100 + " " + "क्" * 200 + " " + "𐌰" * 130,
    '_ - -- "quoted" (a) b: *c* d~ \\ / <b> &amp; %00 ${x}',
)
"""Lines of words: each is a script, or another kind of text that occurs in corpora."""


def rows_in_every_script(number: int) -> list[ClipRow]:
    """Rows with words of all scripts, also in ids, facets and extra columns, some without words; always the same."""
    chance = random.Random(23)
    words = [word for line in _SCRIPTS for word in line.split(" ")]

    def sentence(most: int) -> str:
        return " ".join(chance.choices(words[:8] if chance.random() < 0.5 else words, k=chance.randint(0, most)))

    return [
        ClipRow(
            f"made/{chance.choice(words)[:20]}/{at:04}.mp3",
            generated_text=sentence(9),
            text=sentence(4),
            age=chance.choice(["", "twenties", "fourties", UNKNOWN]),
            gender=chance.choice(["", "male", "female"]),
            accent=chance.choice(["", *words]),
            emotion=chance.choice(["", "uncertain", "happiness"]),
            duration=chance.choice([None, 0.0, 1.5, 4.0, 29.97]),
            confidence=chance.choice([None, 0.0, 0.5, 0.82, 1.0]),
            asr_model=chance.choice(["", "one/large", "other"]),
            up_votes=chance.choice([None, -1, 0, 3]),
            words=(Word("a", 0.0, 0.5, 0.5, (Alternative(chance.choice(words), chance.random()),)),),
            extra={chance.choice(words).replace("\x00", ""): chance.choice(words)},
        )
        for at in range(number)
    ]


@dataclass(frozen=True, slots=True, repr=False)
class Known:
    """The content of an index: its ``words``, some ``transcripts``, and the ``values`` of each facet.

    It has no repr, because hypothesis prints it with every failure.
    """

    words: Sequence[str]
    transcripts: Sequence[Sequence[str]]
    values: Mapping[str, Sequence[str]]


def known_of(index: SearchWriter) -> Known:
    """Words and values for queries, so that they find something."""
    found = index.search(Request(facets=FACETS, size=300))
    transcripts = [tokens(hit.passage.row.generated_text) for hit in found.hits]
    return Known(
        sorted(index.vocabulary()),
        [recognised for recognised in transcripts if len(recognised) > 2],
        {facet: sorted({*counts, UNKNOWN, "nobody"}) for facet, counts in found.facets.items()},
    )


@st.composite
def _words(draw: st.DrawFn, known: Known) -> str:
    """A word of the index, from a transcript as often as from the vocabulary."""
    frequent = draw(st.sampled_from(known.transcripts))[:3]
    return draw(st.sampled_from(known.words) | st.sampled_from(frequent))


@st.composite
def _keywords(draw: st.DrawFn, known: Known) -> tuple[str, str]:
    """A facet and a value of it."""
    facet = draw(st.sampled_from(FACETS))
    return facet, draw(st.sampled_from(known.values[facet]))


@st.composite
def _pieces(draw: st.DrawFn, known: Known) -> tuple[str, ...]:
    """Two to four successive words of a transcript."""
    transcript = draw(st.sampled_from(known.transcripts))
    at = draw(st.integers(0, len(transcript) - 2))
    return tuple(transcript[at : at + draw(st.integers(2, 4))])


_WEIGHT: Final = st.sampled_from([1.0, 0.5, 3.0, 0.1])
_FLOATS: Final = st.floats(allow_nan=False, allow_infinity=False)
_END: Final = st.none() | st.sampled_from([-1.0, 0.0, 0.5, 1.5, 3.0, 6.0]) | _FLOATS
_START: Final = st.integers(1, 4)
_KEYWORDS: Final = st.sampled_from([*FACETS, "error", "dataset", "extra.a", "extra.нет"])


@st.composite
def _word_leaves(draw: st.DrawFn, known: Known) -> Query:
    """A node about words, of every kind."""
    field, word = draw(st.sampled_from(_TOKEN_FIELDS)), draw(_words(known))
    match draw(st.integers(0, 4)):
        case 0:
            return Term(field, draw(st.sampled_from([word, f"{word}_5", "1", "2"])), draw(_WEIGHT))
        case 1:
            return Phrase(draw(st.sampled_from(["tokens", "stems"])), draw(_pieces(known)))
        case 2:
            return Prefix(field, word[: draw(_START)])
        case _:
            return Term("tokens", word, draw(_WEIGHT))


@st.composite
def _other_leaves(draw: st.DrawFn, known: Known) -> Query:
    """A node about keywords, numbers or everything, of every kind."""
    facet, value = draw(_keywords(known))
    match draw(st.integers(0, 4)):
        case 0:
            return Term(facet, value, draw(_WEIGHT))
        case 1:
            return Prefix(facet, value[: draw(_START)])
        case 2:
            return Between(draw(st.sampled_from(_NUMBERS)), draw(_END), draw(_END))
        case 3:
            return Missing(draw(_KEYWORDS))
        case _:
            return EVERYTHING


@st.composite
def trees(draw: st.DrawFn, known: Known, depth: int = 3) -> Query:
    """A tree of all kinds of nodes, of at most this depth."""
    kind = draw(st.sampled_from(["leaf", AllOf, AnyOf, BestOf, Favouring, "constant", "without"])) if depth else "leaf"
    child = trees(known, depth - 1)
    match kind:
        case "leaf":
            return draw(_word_leaves(known) | _other_leaves(known))
        case "constant":
            return Constant(draw(child), draw(st.sampled_from([0.0, 0.25, 1 / 3, 64.0])))
        case "without":
            return Without(draw(child), draw(child))
        case _ if kind is Favouring:
            return Favouring(draw(child), tuple(draw(st.lists(child, min_size=1, max_size=3))))
        case _:
            return kind(tuple(draw(st.lists(child, min_size=1, max_size=3))))


@st.composite
def _things(draw: st.DrawFn, known: Known) -> str:
    """One element of the query language, or any text."""
    one, other, pieces = draw(_words(known)), draw(_words(known)), " ".join(draw(_pieces(known)))
    facet, value = draw(_keywords(known))
    span = f"{draw(st.sampled_from(_NUMBERS))}:{draw(st.integers(0, 4))}-{draw(st.sampled_from(['', '2', '6']))}"
    return draw(
        st.sampled_from(
            [
                *(one, f"{one}~", f"{one[: draw(_START)]}*", pieces, f'"{pieces}"', f"-{one}", f"{one} OR {other}"),
                *(f'{facet}:"{value}"', f'-{facet}:"{value}"', span, draw(st.text(st.characters(), max_size=8))),
            ]
        )
    )


def typed(known: Known) -> st.SearchStrategy[str]:
    """Typed queries."""
    return st.lists(_things(known), max_size=4).map(" ".join)


@st.composite
def requests(draw: st.DrawFn, known: Known, query: Query = EVERYTHING) -> Request:
    """A request for a query: any filters, ranges, facets, size, page and order."""
    chosen = draw(st.sets(st.sampled_from(FACETS), max_size=2)) if draw(st.booleans()) else set()
    filters = {
        facet: draw(st.frozensets(st.sampled_from(known.values[facet]), min_size=1, max_size=3))
        for facet in sorted(chosen)
    }
    end = st.none() | st.sampled_from([0.0, 1.5, 3.0, 4.0, 6.5])
    facets = tuple(draw(st.lists(st.sampled_from(FACETS), unique=True)))
    bounds = Range(draw(end), draw(end))
    ranges = {} if draw(st.booleans()) else {draw(st.sampled_from(RANGES)): bounds}
    sort = draw(st.none() | st.builds(Sort, st.sampled_from(SORTS), st.booleans()))
    size, page = draw(st.sampled_from([1, 7, 10, 50, 400])), draw(st.sampled_from([1, 1, 2, 3, 9]))
    return Request(query, filters, ranges, facets, size, page, sort, draw(st.booleans()))
