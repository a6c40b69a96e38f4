"""The planner: from what a person typed to the query of an index, and to the terms that explain each hit."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Final

from indexer.documents import stem
from indexer.errors import WrongRequest
from indexer.index import Request, SearchReader
from indexer.passages import Passage
from indexer.phonetics.expansion import Expander, Expansion
from indexer.phonetics.g2p import english
from indexer.phonetics.tables import Tables, has_own_tables, shipped
from indexer.query.builder import (
    BUILDERS,
    DEFAULT_MODE,
    LEAST_AMONG_SEVERAL,
    LEAST_PROBABILITY,
    MODES,
    MOST_EXPANSIONS,
    EvidenceWeights,
    candidates,
    value_query,
)
from indexer.query.description import describe_query
from indexer.query.explanation import Evidence, QueryTerm, evidence_of
from indexer.query.filters import missing_value_note
from indexer.query.parser import Parsed, parse
from indexer.query.syntax_tree import (
    Conjunction,
    Disjunction,
    FieldQuery,
    Negation,
    PhraseQuery,
    PrefixQuery,
    RangeQuery,
    SyntaxTree,
    WordQuery,
    phonetic_words,
    values_of,
    words_of,
)
from indexer.query_tree import Query
from indexer.schema import FACETS, UNKNOWN
from indexer.settings import IndexSettings

MOST_WORDS: Final = 200
"""Maximum number of words of one search; Elasticsearch rejects much larger trees."""

MOST_CHECKED: Final = 5
"""Values of fields in a query that the index is asked for, each with a search, to report a mistyped one."""

MOST_AS_ONE: Final = 3
"""Maximum number of adjacent words that are also searched for as one: “never the less”."""

_LEVELS: Final = {*(tenth / 10 for tenth in range(1, 10)), 2.0}
"""The probabilities of alternatives, in tenths, and a probability above all others."""

_PHONETIC_MODES: Final = ("forgiving", "sounds-like", "any")


@dataclass(frozen=True, slots=True)
class Words:
    """One or several words of a query that must all be found; ``is_phrase`` if next to each other in this order."""

    terms: tuple[QueryTerm, ...]
    is_phrase: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of one search: the ``query`` for the matches, its meaning as a ``sentence``, and ``notes`` on what was
    not understood.

    ``candidates`` is the query for the passages among which possible matches are, None if there are none. ``terms`` has
    each query word with its expansions. ``wanted`` has what was typed: of each item, the alternatives that OR joins.
    """

    query: Query
    mode: str
    sentence: str
    notes: tuple[str, ...]
    terms: tuple[QueryTerm, ...]
    candidates: Query | None = None
    wanted: tuple[tuple[Words, ...], ...] = ()

    def evidence(self, passage: Passage) -> tuple[Evidence, ...]:
        """Which words of the query a match contains and which it lacks, without what sounds like the latter.

        The probability of that is known for possible matches only; in a match, it would be noise.
        """
        return evidence_of(passage, [replace(term, expansions=()) for term in self.terms])


class Planner:
    """Plans searches of one index. The index's lexicon is fetched when the first expansions are needed.

    Without ``tables``, those that ship for the speech model of most passages are used (`usual_speech_model`).
    """

    def __init__(self, index: SearchReader, tables: Tables | None = None) -> None:
        self.index = index
        self._tables = tables
        self._expander: Expander | None = None

    def plan(self, typed: str, mode: str = DEFAULT_MODE) -> Plan:
        """The plan of a search for the typed text; raises `WrongRequest` for an unknown mode."""
        if mode not in MODES:
            raise WrongRequest(f"there is no mode {mode}; the modes are {', '.join(MODES)}")
        parsed = _parsed(typed)
        tree = parsed.tree
        words = list(dict.fromkeys(words_of(tree)))
        expander = cache(self.expander)  # one lexicon for all words of a plan, fetched once
        as_one = _as_one(parsed.typed)
        notes = (*self._missing_values(tree), *parsed.notes)

        @cache
        def expansions(word: str) -> tuple[Expansion, ...]:
            return expander().expansions(word, as_one.get(word, ()))[: MOST_EXPANSIONS // max(1, len(words))]

        def planned(least: float) -> Plan:
            weighing = EvidenceWeights(
                lambda word: tuple(expansion for expansion in expansions(word) if expansion.probability >= least),
                lambda word: expander().floor(word),
                least,
            )
            terms = _query_terms(tree, mode, weighing)
            return Plan(
                BUILDERS[mode](tree, weighing),
                mode,
                describe_query(tree, mode),
                notes,
                terms,
                candidates(tree, mode, weighing),
                _wanted(tree, {term.word: term for term in terms}),
            )

        return self._fitted(planned, LEAST_PROBABILITY if len(words) < 2 else LEAST_AMONG_SEVERAL)

    def _missing_values(self, tree: SyntaxTree) -> Iterator[str]:
        """A note on each value that no passage has, of the first `MOST_CHECKED` values of facets in the query."""
        for asked in [asked for asked in dict.fromkeys(values_of(tree)) if asked.field in FACETS][:MOST_CHECKED]:
            found = self.index.search(Request(value_query(asked.field, asked.value), size=1))
            if not found.total and asked.value != UNKNOWN:
                every = self.index.search(Request(facets=(asked.field,), size=1))
                yield missing_value_note(asked.field, asked.value, every.facets[asked.field])

    def _fitted(self, planned: Callable[[float], Plan], least: float) -> Plan:
        """The plan with all expansions; if the index has a limit below that, with the most likely ones."""
        plan = planned(least)
        if not self._exceeds(plan):
            return plan
        levels = sorted({expansion.probability for one in plan.terms for expansion in one.expansions} | _LEVELS)
        at = bisect_left(levels, True, key=lambda least: not self._exceeds(planned(least)))
        fitted = planned(levels[min(at, len(levels) - 1)])
        every, kept = (sum(len(one.expansions) for one in either.terms) for either in (plan, fitted))
        note = (
            f"the index limits the size of a search: all words are searched for, but of {every:,} expansions only the "
            f"{kept:,} most likely; use fewer words to include more"
        )
        return replace(fitted, notes=(*fitted.notes, note))

    def _exceeds(self, plan: Plan) -> bool:
        return any(query is not None and self.index.excess(query) > 0 for query in (plan.query, plan.candidates))

    def expander(self) -> Expander:
        """Finds expansions in the index's current lexicon."""
        lexicon = self.index.lexicon()
        if self._expander is None or self._expander.lexicon is not lexicon:
            self._expander = Expander(lexicon, self.tables(), english())
        return self._expander

    def tables(self) -> Tables:
        """The phonetic tables for the passages that the index has now."""
        return self._tables or shipped(usual_speech_model(self.index))

    def notes_on_tables(self) -> tuple[str, ...]:
        """A note if the speech model of the index has no tables of its own."""
        model = "" if self._tables else usual_speech_model(self.index)
        if not model or has_own_tables(model):
            return ()
        return (f"the probabilities are general ones: there are none for the speech model {model}",)


def usual_speech_model(index: SearchReader) -> str:
    """The speech model of most passages of an index, of several the last by name; empty if no passage names one."""
    counts = index.search(Request(facets=("asr_model",), size=0)).facets["asr_model"]
    named = {model: count for model, count in counts.items() if model != UNKNOWN}
    return max(named, key=lambda model: (named[model], model), default="")


def planner_of(index: SearchReader, settings: IndexSettings) -> Planner:
    """A planner with the tables that were learned here, otherwise with those that ship for the index's speech model."""
    tables = Tables.load(settings.phonetic_tables) if settings.phonetic_tables.exists() else None
    return Planner(index, tables)


def _query_terms(tree: SyntaxTree, mode: str, weighing: EvidenceWeights) -> tuple[QueryTerm, ...]:
    """Each query word, with the expansions that the mode uses."""
    children = tree.children if isinstance(tree, Conjunction) else (tree,)
    groups = [tuple(words_of(child)) for child in children if isinstance(child, Disjunction)]
    alternatives = {word: words for words in groups for word in words}  # for each operand of an OR, all of the OR
    phonetic, needed = phonetic_words(tree), _needed(tree)

    def one(word: str) -> QueryTerm:
        expansions = weighing.expansions(word) if mode in _PHONETIC_MODES or word in phonetic else ()
        either = () if word in needed else alternatives.get(word, ())
        return QueryTerm(word, None if mode == "baseline" else stem(word), expansions, word not in needed, either)

    return tuple(map(one, dict.fromkeys(words_of(tree))))


def _wanted(tree: SyntaxTree, terms: Mapping[str, QueryTerm]) -> tuple[tuple[Words, ...], ...]:
    """What must be found in a transcript: of each item that was typed, its alternatives; without conditions."""
    children = tree.children if isinstance(tree, Conjunction) else (tree,)
    alternatives = (tuple(_alternatives(child, terms)) for child in children)
    return tuple(filter(None, alternatives))


def _alternatives(tree: SyntaxTree, terms: Mapping[str, QueryTerm]) -> Iterator[Words]:
    match tree:
        case WordQuery() | PhraseQuery() | PrefixQuery():
            yield Words(tuple(terms[word] for word in words_of(tree)), isinstance(tree, PhraseQuery))
        case Disjunction(children):
            for child in children:
                yield from _alternatives(child, terms)
        case FieldQuery() | RangeQuery() | Negation() | Conjunction():
            return


def _as_one(typed: Iterable[SyntaxTree]) -> dict[str, tuple[str, ...]]:
    """For each word with neighbours in the query, the words that it forms with them."""
    found: dict[str, dict[str, None]] = {}
    for row in _rows(typed):
        for size in range(2, MOST_AS_ONE + 1):
            for several in {row[start : start + size]: None for start in range(len(row) - size + 1)}:
                for word in several:
                    found.setdefault(word, {})["".join(several)] = None
    return {word: tuple(wholes) for word, wholes in found.items()}


def _rows(typed: Iterable[SyntaxTree]) -> Iterator[tuple[str, ...]]:
    """Sequences of words that were typed next to each other."""
    for is_word, several in groupby(typed, key=lambda one: isinstance(one, WordQuery)):
        if is_word:
            yield tuple(one.token for one in several if isinstance(one, WordQuery))
            continue
        for one in several:
            match one:
                case PhraseQuery(tokens):
                    yield tokens
                case Disjunction(children):
                    for child in children:
                        yield from _rows((child,))
                case Conjunction(children):
                    yield from _rows(children)


def _needed(tree: SyntaxTree) -> frozenset[str]:
    """The words that every hit should contain: all but the operands of an OR."""
    match tree:
        case Disjunction():
            return frozenset()
        case Conjunction(children):
            return frozenset[str]().union(*map(_needed, children))
        case WordQuery() | PhraseQuery() | PrefixQuery() | FieldQuery() | RangeQuery() | Negation():
            return frozenset(words_of(tree))


def _parsed(typed: str) -> Parsed:
    """The parsed text, shortened to the maximum number of words."""
    parsed = parse(typed)
    if _size(parsed.tree) <= MOST_WORDS:
        return parsed
    shortened = " ".join(typed.split()[:MOST_WORDS])
    while _size((parsed := parse(shortened)).tree) > MOST_WORDS:  # hyphens join words, and Chinese has no spaces
        shortened = shortened[: len(shortened) * 3 // 4]
    note = f"a search is limited to {MOST_WORDS} words; the rest was ignored"
    return replace(parsed, notes=(*parsed.notes, note))


def _size(tree: SyntaxTree) -> int:
    """The number of words and values of a tree."""
    match tree:
        case PhraseQuery(tokens):
            return len(tokens)
        case Disjunction(children) | Conjunction(children):
            return sum(map(_size, children))
        case Negation(child):
            return _size(child)
        case WordQuery() | PrefixQuery() | FieldQuery() | RangeQuery():
            return 1
