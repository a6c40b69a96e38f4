"""Finding: from what a person typed to the query of an index, and to the words that explain each hit."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Final

from indexer.documents import stem
from indexer.errors import WrongRequest
from indexer.index import Hit, SearchReader
from indexer.passages import Passage
from indexer.phonetics.expansion import Guess, Guesser
from indexer.phonetics.g2p import english
from indexer.phonetics.tables import Tables, shipped
from indexer.query.builder import (
    BUILDERS,
    DEFAULT_MODE,
    LEAST_PROBABILITY,
    MODES,
    MOST_GUESSES,
    Weighing,
    certain_from,
)
from indexer.query.description import in_english
from indexer.query.explanation import Evidence, Sought, evidence_of
from indexer.query.parser import Parsed, parse
from indexer.query.syntax_tree import Asked, Either, Every, Not, Word, Words, sounding, words_of
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

    ``sought`` has each word with what may stand for it. In a hit that scores ``certain_from`` or more every word was
    heard as it was asked for; below, one is missing, guessed or in another form. None in modes without such a line.
    """

    query: Query
    mode: str
    sentence: str
    notes: tuple[str, ...]
    sought: tuple[Sought, ...]
    certain_from: float | None

    def evidence(self, passage: Passage) -> tuple[Evidence, ...]:
        """How the passage has each word that was asked for."""
        return evidence_of(passage, self.sought)

    def is_certain(self, hit: Hit) -> bool:
        """Whether every word that was asked for was heard in it as it was asked for."""
        return self.certain_from is None or hit.score >= self.certain_from


class Finder:
    """Plans searches of one index, with guesses among its own words; those are fetched when a plan first needs them."""

    def __init__(self, index: SearchReader, tables: Tables | None = None) -> None:
        self._index = index
        self._tables = tables
        self._guesser: Guesser | None = None

    def plan(self, typed: str, mode: str = DEFAULT_MODE) -> Plan:
        """How to search for what was typed; raises `WrongRequest` for a mode that there is not."""
        if mode not in MODES:
            raise WrongRequest(f"there is no mode {mode}; the modes are {', '.join(MODES)}")
        parsed = _read(typed)
        asked = parsed.asked
        words = list(dict.fromkeys(words_of(asked)))
        guesser = cache(self.guesser)  # all of one plan is guessed among the same words, which are asked for once
        as_one = _as_one(parsed.typed)

        @cache
        def guesses(word: str) -> tuple[Guess, ...]:
            return guesser().guesses(word, as_one.get(word, ()))[: MOST_GUESSES // max(1, len(words))]

        def planned(least: float) -> Plan:
            weighing = Weighing(
                lambda word: tuple(guess for guess in guesses(word) if guess.probability >= least),
                lambda word: guesser().floor(word),
                is_loud=mode == "sounds-like",
                least=least,
            )
            return Plan(
                BUILDERS[mode](asked, weighing),
                mode,
                in_english(asked, mode),
                parsed.notes,
                _sought(asked, mode, weighing),
                certain_from(asked, weighing) if mode == "forgiving" and words else None,
            )

        return self._fitted(planned)

    def _fitted(self, planned: Callable[[float], Plan]) -> Plan:
        """The plan with all that is likely enough; where the index does not take so much, with the likeliest of it."""
        plan = planned(LEAST_PROBABILITY)
        if not self._index.excess(plan.query):
            return plan
        levels = sorted({guess.probability for one in plan.sought for guess in one.guesses} | _LEVELS)
        at = bisect_left(levels, True, key=lambda least: not self._index.excess(planned(least).query))
        fitted = planned(levels[min(at, len(levels) - 1)])
        return replace(fitted, notes=(*fitted.notes, _cut(plan, fitted)))

    def guesser(self) -> Guesser:
        """Guesses among the words that the index has now."""
        lexicon = self._index.lexicon()
        if self._guesser is None or self._guesser.lexicon is not lexicon:
            self._guesser = Guesser(lexicon, self._tables or shipped(), english())
        return self._guesser


def finder_of(index: SearchReader, settings: IndexSettings) -> Finder:
    """Finds by the tables that were learned here, else by those that come with Hearsay."""
    tables = Tables.load(settings.sound_tables) if settings.sound_tables.exists() else None
    return Finder(index, tables)


def _cut(whole: Plan, fitted: Plan) -> str:
    """What is left out of a search that is larger than the index takes."""
    every, kept = (sum(len(one.guesses) for one in plan.sought) for plan in (whole, fitted))
    return (
        f"the index takes no search as large as this one: all of its words are looked for, and of {every:,} guesses "
        f"the likeliest {kept:,}; fewer words are guessed at more widely"
    )


def _sought(asked: Asked, mode: str, weighing: Weighing) -> tuple[Sought, ...]:
    """Each word that is wanted, with what the mode takes for it."""
    loud, needed, alternatives = sounding(asked), _needed(asked), _alternatives(asked)

    def one(word: str) -> Sought:
        guesses = weighing.guesses(word) if mode in _GUESSING or word in loud else ()
        either = () if word in needed else alternatives.get(word, ())
        return Sought(word, None if mode == "baseline" else stem(word), guesses, word not in needed, either)

    return tuple(map(one, dict.fromkeys(words_of(asked))))


def _as_one(typed: Iterable[Asked]) -> dict[str, tuple[str, ...]]:
    """For each word that has neighbours in the search, what it and one or more of them are in one word."""
    found: dict[str, dict[str, None]] = {}
    for row in _rows(typed):
        for size in range(2, MOST_AS_ONE + 1):
            for several in {row[start : start + size]: None for start in range(len(row) - size + 1)}:
                for word in several:
                    found.setdefault(word, {})["".join(several)] = None
    return {word: tuple(wholes) for word, wholes in found.items()}


def _rows(typed: Iterable[Asked]) -> Iterator[tuple[str, ...]]:
    """Words that were typed side by side, with nothing between them."""
    for is_word, several in groupby(typed, key=lambda one: isinstance(one, Word)):
        if is_word:
            yield tuple(one.token for one in several if isinstance(one, Word))
            continue
        for one in several:
            match one:
                case Words(tokens):
                    yield tokens
                case Either(children):
                    for child in children:
                        yield from _rows((child,))
                case Every(children):
                    yield from _rows(children)


def _alternatives(asked: Asked) -> dict[str, tuple[str, ...]]:
    """For each word beside an OR, all the words that the OR stands between."""
    children = asked.children if isinstance(asked, Every) else (asked,)
    groups = [tuple(words_of(child)) for child in children if isinstance(child, Either)]
    return {word: words for words in groups for word in words}


def _needed(asked: Asked) -> frozenset[str]:
    """The words that are wanted whatever else is there: those beside an OR are not."""
    match asked:
        case Either():
            return frozenset()
        case Every(children):
            return frozenset[str]().union(*map(_needed, children))
        case _:
            return frozenset(words_of(asked))


def _read(typed: str) -> Parsed:
    """What was asked for, with no more words than one search takes."""
    parsed = parse(typed)
    if _size(parsed.asked) <= MOST_WORDS:
        return parsed
    shortened = " ".join(typed.split()[:MOST_WORDS])
    while _size((parsed := parse(shortened)).asked) > MOST_WORDS:  # hyphens join words, and Chinese has no spaces
        shortened = shortened[: len(shortened) * 3 // 4]
    note = f"a search takes up to {MOST_WORDS} words; what stands behind them was left out"
    return replace(parsed, notes=(*parsed.notes, note))


def _size(asked: Asked) -> int:
    """How many words and values it takes to say."""
    match asked:
        case Words(tokens):
            return len(tokens)
        case Either(children) | Every(children):
            return sum(map(_size, children))
        case Not(child):
            return _size(child)
        case _:
            return 1
