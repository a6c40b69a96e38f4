"""Finding: from what a person typed to the query of an index, and to the words that explain each hit."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Final

from indexer.documents import stem
from indexer.errors import WrongRequest
from indexer.index import PassageHit, SearchReader
from indexer.passages import Passage
from indexer.phonetics.expansion import Expander, Expansion
from indexer.phonetics.g2p import english
from indexer.phonetics.tables import Tables, shipped
from indexer.query.builder import (
    BUILDERS,
    DEFAULT_MODE,
    LEAST_PROBABILITY,
    MODES,
    MOST_EXPANSIONS,
    Weighing,
    certain_from,
)
from indexer.query.description import in_english
from indexer.query.explanation import Evidence, QueryTerm, evidence_of
from indexer.query.parser import Parsed, parse
from indexer.query.syntax_tree import (
    Conjunction,
    Disjunction,
    Negation,
    PhraseQuery,
    SyntaxTree,
    WordQuery,
    sounding,
    words_of,
)
from indexer.query_tree import Query
from indexer.settings import IndexSettings

MOST_WORDS: Final = 200
"""Words of one search; Elasticsearch refuses trees that are much larger."""

MOST_AS_ONE: Final = 3
"""Words that were typed side by side and are looked for as one: “never the less” too."""

_LEVELS: Final = {*(tenth / 10 for tenth in range(1, 10)), 2.0}
"""How likely the alternatives are that recognisers give, in tenths, and what is likelier than everything."""

_GUESSING: Final = ("forgiving", "sounds-like")


@dataclass(frozen=True, slots=True)
class Plan:
    """How one search is done: the ``query``, what it means in a ``sentence``, ``notes`` on what was not understood.

    ``terms`` has each word with what may stand for it. In a hit that scores ``certain_from`` or more every word was
    heard as it was asked for; below, one is missing, guessed or in another form. None in modes without such a line.
    """

    query: Query
    mode: str
    sentence: str
    notes: tuple[str, ...]
    terms: tuple[QueryTerm, ...]
    certain_from: float | None

    def evidence(self, passage: Passage) -> tuple[Evidence, ...]:
        """How the passage has each word that was asked for."""
        return evidence_of(passage, self.terms)

    def is_certain(self, hit: PassageHit) -> bool:
        """Whether every word that was asked for was heard in it as it was asked for."""
        return self.certain_from is None or hit.score >= self.certain_from


class Planner:
    """Plans searches of one index, with expansions among its own words, which are fetched when first needed."""

    def __init__(self, index: SearchReader, tables: Tables | None = None) -> None:
        self._index = index
        self._tables = tables
        self._expander: Expander | None = None

    def plan(self, typed: str, mode: str = DEFAULT_MODE) -> Plan:
        """How to search for what was typed; raises `WrongRequest` for a mode that there is not."""
        if mode not in MODES:
            raise WrongRequest(f"there is no mode {mode}; the modes are {', '.join(MODES)}")
        parsed = _read(typed)
        tree = parsed.tree
        words = list(dict.fromkeys(words_of(tree)))
        expander = cache(self.expander)  # all of one plan is guessed among the same words, which are asked for once
        as_one = _as_one(parsed.typed)

        @cache
        def expansions(word: str) -> tuple[Expansion, ...]:
            return expander().expansions(word, as_one.get(word, ()))[: MOST_EXPANSIONS // max(1, len(words))]

        def planned(least: float) -> Plan:
            weighing = Weighing(
                lambda word: tuple(expansion for expansion in expansions(word) if expansion.probability >= least),
                lambda word: expander().floor(word),
                is_loud=mode == "sounds-like",
                least=least,
            )
            return Plan(
                BUILDERS[mode](tree, weighing),
                mode,
                in_english(tree, mode),
                parsed.notes,
                _query_terms(tree, mode, weighing),
                certain_from(tree, weighing) if mode == "forgiving" and words else None,
            )

        return self._fitted(planned)

    def _fitted(self, planned: Callable[[float], Plan]) -> Plan:
        """The plan with all that is likely enough; where the index does not take so much, with the likeliest of it."""
        plan = planned(LEAST_PROBABILITY)
        if not self._index.excess(plan.query):
            return plan
        levels = sorted({expansion.probability for one in plan.terms for expansion in one.expansions} | _LEVELS)
        at = bisect_left(levels, True, key=lambda least: not self._index.excess(planned(least).query))
        fitted = planned(levels[min(at, len(levels) - 1)])
        return replace(fitted, notes=(*fitted.notes, _cut(plan, fitted)))

    def expander(self) -> Expander:
        """Expansions among the words that the index has now."""
        lexicon = self._index.lexicon()
        if self._expander is None or self._expander.lexicon is not lexicon:
            self._expander = Expander(lexicon, self._tables or shipped(), english())
        return self._expander


def planner_of(index: SearchReader, settings: IndexSettings) -> Planner:
    """Finds by the tables that were learned here, else by those that come with Hearsay."""
    tables = Tables.load(settings.sound_tables) if settings.sound_tables.exists() else None
    return Planner(index, tables)


def _cut(whole: Plan, fitted: Plan) -> str:
    """What is left out of a search that is larger than the index takes."""
    every, kept = (sum(len(one.expansions) for one in plan.terms) for plan in (whole, fitted))
    return (
        f"the index takes no search as large as this one: all of its words are looked for, and of {every:,} guesses "
        f"the likeliest {kept:,}; fewer words are guessed at more widely"
    )


def _query_terms(tree: SyntaxTree, mode: str, weighing: Weighing) -> tuple[QueryTerm, ...]:
    """Each word that is wanted, with what the mode takes for it."""
    loud, needed, alternatives = sounding(tree), _needed(tree), _alternatives(tree)

    def one(word: str) -> QueryTerm:
        expansions = weighing.expansions(word) if mode in _GUESSING or word in loud else ()
        either = () if word in needed else alternatives.get(word, ())
        return QueryTerm(word, None if mode == "baseline" else stem(word), expansions, word not in needed, either)

    return tuple(map(one, dict.fromkeys(words_of(tree))))


def _as_one(typed: Iterable[SyntaxTree]) -> dict[str, tuple[str, ...]]:
    """For each word that has neighbours in the search, what it and one or more of them are in one word."""
    found: dict[str, dict[str, None]] = {}
    for row in _rows(typed):
        for size in range(2, MOST_AS_ONE + 1):
            for several in {row[start : start + size]: None for start in range(len(row) - size + 1)}:
                for word in several:
                    found.setdefault(word, {})["".join(several)] = None
    return {word: tuple(wholes) for word, wholes in found.items()}


def _rows(typed: Iterable[SyntaxTree]) -> Iterator[tuple[str, ...]]:
    """Words that were typed side by side, with nothing between them."""
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


def _alternatives(tree: SyntaxTree) -> dict[str, tuple[str, ...]]:
    """For each word beside an OR, all the words that the OR stands between."""
    children = tree.children if isinstance(tree, Conjunction) else (tree,)
    groups = [tuple(words_of(child)) for child in children if isinstance(child, Disjunction)]
    return {word: words for words in groups for word in words}


def _needed(tree: SyntaxTree) -> frozenset[str]:
    """The words that are wanted whatever else is there: those beside an OR are not."""
    match tree:
        case Disjunction():
            return frozenset()
        case Conjunction(children):
            return frozenset[str]().union(*map(_needed, children))
        case _:
            return frozenset(words_of(tree))


def _read(typed: str) -> Parsed:
    """What was asked for, with no more words than one search takes."""
    parsed = parse(typed)
    if _size(parsed.tree) <= MOST_WORDS:
        return parsed
    shortened = " ".join(typed.split()[:MOST_WORDS])
    while _size((parsed := parse(shortened)).tree) > MOST_WORDS:  # hyphens join words, and Chinese has no spaces
        shortened = shortened[: len(shortened) * 3 // 4]
    note = f"a search takes up to {MOST_WORDS} words; what stands behind them was left out"
    return replace(parsed, notes=(*parsed.notes, note))


def _size(tree: SyntaxTree) -> int:
    """How many words and values it takes to say."""
    match tree:
        case PhraseQuery(tokens):
            return len(tokens)
        case Disjunction(children) | Conjunction(children):
            return sum(map(_size, children))
        case Negation(child):
            return _size(child)
        case _:
            return 1
