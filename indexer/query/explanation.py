"""Evidence: what makes a passage a hit, word by word, and how sure that is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Final, Literal

from hearsay.text.normalize import tokens
from indexer.documents import alternatives_of, stem
from indexer.passages import Passage
from indexer.phonetics.expansion import Expansion

How = Literal["heard", "other form", "sounds like", "alternative", "missing"]
"""From the surest to none: the word itself, its stem, an expansion, and what the recogniser nearly wrote."""


ALONE: Final = 0.5
"""Share of a pair's probability from which on one of its words is told without its neighbour.

Chosen by looking: of 51 pairs that told of a lost word 19 become the one that was misheard, and “to morrow” stays two.
"""


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """One word that was asked for, and what may stand for it: words with its ``stem``, and ``expansions``.

    A word that ends in ``*`` is the beginning of one. One that ``is_optional`` is not missed where it is not, unless
    all of ``either``, the words that OR stands between, are missing.
    """

    word: str
    stem: str | None = None
    expansions: tuple[Expansion, ...] = ()
    is_optional: bool = False
    either: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a passage has one ``word``: ``heard_as`` the words in it that stand for it, ``probability`` that it was said.

    Of an expansion that is two words, those stand side by side; one that is as good without the other is told alone.
    """

    word: str
    how: How
    heard_as: tuple[str, ...] = ()
    probability: float = 0.0


@dataclass(frozen=True, slots=True)
class Heard:
    """A passage's words, as evidence is looked for in them."""

    tokens: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    by_stem: Mapping[str, tuple[str, ...]]
    alternatives: Mapping[str, float]

    @classmethod
    def of(cls, passage: Passage) -> "Heard":
        heard = tokens(passage.row.generated_text)
        by_stem: dict[str, tuple[str, ...]] = {}
        for token in dict.fromkeys(heard):
            by_stem[stem(token)] = (*by_stem.get(stem(token), ()), token)
        return cls(frozenset(heard), frozenset(pairwise(heard)), by_stem, alternatives_of(passage.row))

    def has(self, expansion: Expansion) -> bool:
        if len(expansion.tokens) == 1:
            return expansion.tokens[0] in self.tokens
        return expansion.tokens in self.pairs


def evidence_of(passage: Passage, terms: Sequence[QueryTerm]) -> tuple[Evidence, ...]:
    """The best evidence for each word; none for an optional one that is missing, and one for all of an OR together."""
    heard = Heard.of(passage)
    found = [(one, _evidence(one, heard)) for one in terms]
    missing = {one.word for one, evidence in found if evidence.how == "missing"}
    lacking = dict.fromkeys(one.either for one in terms if one.either and missing.issuperset(one.either))
    return (
        *(evidence for one, evidence in found if evidence.how != "missing" or not one.is_optional),
        *(Evidence(" OR ".join(words), "missing") for words in lacking),
    )


def _evidence(one: QueryTerm, heard: Heard) -> Evidence:
    if one.word.endswith("*"):
        found = tuple(sorted(token for token in heard.tokens if token.startswith(one.word[:-1])))
        return Evidence(one.word, "heard", found, 1.0) if found else Evidence(one.word, "missing")
    forms = heard.by_stem.get(one.stem, ()) if one.stem is not None else ()
    if one.word in heard.tokens:
        return Evidence(one.word, "heard", tuple(dict.fromkeys((one.word, *forms))), 1.0)
    if forms:
        return Evidence(one.word, "other form", forms, 1.0)
    confidence = heard.alternatives.get(one.word, 0.0) if one.expansions or one.stem else 0.0
    for expansion in one.expansions:  # the likeliest first
        if expansion.probability >= confidence and heard.has(expansion):
            return Evidence(one.word, "sounds like", _told_of(expansion, one.expansions), expansion.probability)
    return Evidence(one.word, "alternative", (), confidence) if confidence else Evidence(one.word, "missing")


def _told_of(expansion: Expansion, expansions: Sequence[Expansion]) -> tuple[str, ...]:
    """The words of an expansion, but of “the vainted” only the one that is about as likely by itself."""
    least = ALONE * expansion.probability
    alone = (other.tokens for other in expansions if len(other.tokens) == 1 and other.probability >= least)
    return next((words for words in alone if words[0] in expansion.tokens), expansion.tokens)


def told(evidence: Sequence[Evidence]) -> str:
    """What a person should know beside the marks: what words were heard as, and which are missing; else empty."""
    parts = [_told(one) for one in _together(evidence)]
    missing = [f"“{one.word}”" for one in evidence if one.how == "missing"]
    return "; ".join(filter(None, [*parts, f"without {', '.join(missing)}" if missing else ""]))


def _together(evidence: Sequence[Evidence]) -> Iterator[Evidence]:
    """Neighbours for which the same was heard, as one: “some one”, that was heard as “someone”, but “us” and “dog”."""
    for _, alike in groupby(evidence, key=lambda one: (one.heard_as, one.how if one.heard_as else one.word)):
        first, *others = alike
        words = (first.word, *(one.word for one in others))
        yield replace(first, word=(" " if "".join(words) in first.heard_as else "” and “").join(words))


def _told(one: Evidence) -> str:
    match one.how:
        case "sounds like":
            return f"heard “{' '.join(one.heard_as)}” for “{one.word}”"
        case "other form":
            return f"“{one.heard_as[0]}” for “{one.word}”"
        case "alternative":
            return f"“{one.word}” was nearly heard"
        case _:
            return ""
