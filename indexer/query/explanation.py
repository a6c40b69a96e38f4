"""Explanation: why a passage is a hit, query word by query word, and how certain each match is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Final, Literal

from hearsay.text.normalize import tokens
from indexer.documents import alternatives_of, stem
from indexer.passages import Passage
from indexer.phonetics.expansion import Expansion

MatchKind = Literal["word", "other form", "sounds like", "alternative", "second transcript", "missing"]
"""The word itself, a word with its stem, a phonetic expansion, a word that is only an alternative of the speech model,
and one that only a second model transcribed."""

_FORMER_KINDS: Final[Mapping[MatchKind, str]] = {"word": "heard"}
"""Kinds that `Evidence.how` calls by another name, which programs rely on."""

ALONE: Final = 0.5
"""One word of a pair is reported without its neighbour if its own probability is at least this share of the pair's.

Chosen by inspection: of 51 pairs that were evidence for a lost word, 19 are reduced to the word that was misrecognised,
and “to morrow” stays two words.
"""


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """One query word, and what matches it besides itself: words with its ``stem``, and phonetic ``expansions``.

    A ``word`` that ends in ``*`` is a prefix. An optional term that does not match is not reported as missing, unless
    all of ``either``, the operands of its OR, are missing.
    """

    word: str
    stem: str | None = None
    expansions: tuple[Expansion, ...] = ()
    is_optional: bool = False
    either: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecondModel:
    """The ``word`` that another speech ``model`` transcribed, with its ``confidence`` (0..1).

    ``place`` has the positions of the tokens that the first transcript has there: the first, and the one after the
    last. They are equal if it has none there, and None if the place is unknown.
    """

    model: str
    word: str
    confidence: float
    place: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a passage matches one query ``word``.

    ``matched`` are the words of the transcript that match it, and ``probability`` (0..1) that of the query word having
    been said. If an expansion is a pair of words, both are listed, unless one of them is about as likely on its own.
    ``second`` is what a second model transcribed in its place, if that is the word or another form of it.
    """

    word: str
    match: MatchKind
    matched: tuple[str, ...] = ()
    probability: float = 0.0
    second: SecondModel | None = None

    @property
    def how(self) -> str:
        """The former name of ``match``, in which the kind ``word`` has the value ``heard``."""
        return _FORMER_KINDS.get(self.match, self.match)

    @property
    def heard_as(self) -> tuple[str, ...]:
        """The former name of ``matched``."""
        return self.matched


@dataclass(frozen=True, slots=True)
class _Transcript:
    """The tokens of a passage, indexed in the ways in which evidence is looked up."""

    tokens: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    by_stem: Mapping[str, tuple[str, ...]]
    alternatives: Mapping[str, float]

    @classmethod
    def of(cls, passage: Passage) -> "_Transcript":
        words = tokens(passage.row.generated_text)
        by_stem: dict[str, tuple[str, ...]] = {}
        for token in dict.fromkeys(words):
            by_stem[stem(token)] = (*by_stem.get(stem(token), ()), token)
        return cls(frozenset(words), frozenset(pairwise(words)), by_stem, alternatives_of(passage.row))

    def has(self, expansion: Expansion) -> bool:
        if len(expansion.tokens) == 1:
            return expansion.tokens[0] in self.tokens
        return expansion.tokens in self.pairs


def evidence_of(passage: Passage, terms: Sequence[QueryTerm]) -> tuple[Evidence, ...]:
    """The best evidence for each term, in the order of the terms.

    Optional terms without evidence are left out; if all operands of an OR are missing, they are reported as one.
    """
    transcript = _Transcript.of(passage)
    found = [(term, _best_evidence(term, transcript)) for term in terms]
    missing = {term.word for term, evidence in found if evidence.match == "missing"}
    missing_groups = dict.fromkeys(term.either for term in terms if term.either and missing.issuperset(term.either))
    return (
        *(evidence for term, evidence in found if evidence.match != "missing" or not term.is_optional),
        *(Evidence(" OR ".join(words), "missing") for words in missing_groups),
    )


def _best_evidence(term: QueryTerm, transcript: _Transcript) -> Evidence:
    if term.word.endswith("*"):
        found = tuple(sorted(token for token in transcript.tokens if token.startswith(term.word[:-1])))
        return Evidence(term.word, "word", found, 1.0) if found else Evidence(term.word, "missing")
    forms = transcript.by_stem.get(term.stem, ()) if term.stem is not None else ()
    if term.word in transcript.tokens:
        return Evidence(term.word, "word", tuple(dict.fromkeys((term.word, *forms))), 1.0)
    if forms:
        return Evidence(term.word, "other form", forms, 1.0)
    confidence = transcript.alternatives.get(term.word, 0.0) if term.expansions or term.stem else 0.0
    for expansion in term.expansions:  # in order of decreasing probability
        if expansion.probability >= confidence and transcript.has(expansion):
            least = ALONE * expansion.probability  # of “the vainted” only the word that is as likely on its own
            alone = (other.tokens for other in term.expansions if len(other.tokens) == 1 and other.probability >= least)
            matched = next((words for words in alone if words[0] in expansion.tokens), expansion.tokens)
            return Evidence(term.word, "sounds like", matched, expansion.probability)
    return Evidence(term.word, "alternative", (), confidence) if confidence else Evidence(term.word, "missing")


def explanation_of(evidence: Sequence[Evidence]) -> str:
    """A phrase for people about the words that do not match as typed; empty if all do.

    Example: ``transcribed “vainted” for “painted”, “colour” for “colours”; without “cup”``.
    """
    grouped = list(_grouped(evidence))
    transcribed = [_phrase(one) for one in grouped if one.match in ("sounds like", "other form")]
    alternatives = [f"“{one.word}”" for one in grouped if one.match == "alternative"]
    missing = [f"“{one.word}”" for one in evidence if one.match == "missing"]
    seconded = dict.fromkeys(_seconded(one.second) for one in evidence if one.second)
    parts = (
        f"transcribed {', '.join(transcribed)}" if transcribed else "",
        *seconded,
        f"{', '.join(alternatives)} considered by the speech model" if alternatives else "",
        f"without {', '.join(missing)}" if missing else "",
    )
    return "; ".join(filter(None, parts))


def _grouped(evidence: Sequence[Evidence]) -> Iterator[Evidence]:
    """Neighbouring query words with the same matched words as one: “some one” for “someone”, but “us” and “dog”."""
    for _, alike in groupby(evidence, key=lambda one: (one.matched, one.match if one.matched else one.word)):
        first, *others = alike
        words = (first.word, *(one.word for one in others))
        yield replace(first, word=(" " if "".join(words) in first.matched else "” and “").join(words))


def _seconded(second: SecondModel) -> str:
    """``whisper-tiny.en transcribed “blacksmith” (0.91)``."""
    return f"{second.model or 'the second model'} transcribed “{second.word}” ({second.confidence:.2f})"


def _phrase(one: Evidence) -> str:
    return f"“{' '.join(one.matched) if one.match == 'sounds like' else one.matched[0]}” for “{one.word}”"
