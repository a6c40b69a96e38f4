"""One search: its matches, and apart from them its possible matches."""

from dataclasses import dataclass
from typing import Final

from indexer.index import Request, SearchHits, SearchReader
from indexer.matching.evidence import EvidenceFinder
from indexer.matching.probability import Estimator, PossibleMatch, words_of
from indexer.phonetics.channel import Channel
from indexer.phonetics.expansion import Expander
from indexer.phonetics.lexicon import Lexicon
from indexer.query.planner import Plan, Planner, planner_of
from indexer.query_tree import Between
from indexer.settings import IndexSettings

MOST_CANDIDATES: Final = 200
"""Passages with the most evidence whose probability is estimated."""

ALL: Final = 0.0
NONE: Final = 1.0
"""Least probabilities with which all possible matches are shown, and none."""


@dataclass(frozen=True, slots=True)
class Found:
    """The result of one search. Totals, facets, order and pages are those of the ``matches``.

    ``possible_total`` is the number of possible matches with at least the requested probability, and ``possible`` has
    the first of them, as many as a page has hits. ``notes`` are sentences about their probabilities.
    """

    matches: SearchHits
    possible_total: int = 0
    possible: tuple[PossibleMatch, ...] = ()
    notes: tuple[str, ...] = ()


class Finder:
    """Runs the searches of one index that its planner plans."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self._index = planner.index
        self._expander: Expander | None = None
        self._estimator: Estimator | None = None
        self._seconded_of: Lexicon | None = None
        self._is_seconded_there = False

    def find(self, plan: Plan, request: Request, least: float | None = None) -> Found:
        """Run a plan: ``request`` is for its matches, and possible matches pass the same filters.

        ``least`` is the least probability of possible matches that are shown; by default that of the tables for the
        number of words, and in mode sounds-like `ALL`.
        """
        matches = self._index.search(request)
        if plan.candidates is None or least == NONE:
            return Found(matches)
        every = self.possible_matches(plan, request, matches.total)
        limit = self.threshold(plan) if least is None else least
        shown = [one for one in every if one.probability >= limit]
        return Found(matches, len(shown), tuple(shown[: request.size]), self.planner.notes_on_tables() if shown else ())

    def possible_matches(self, plan: Plan, request: Request, matches: int) -> list[PossibleMatch]:
        """All possible matches with their probabilities, at most `MOST_CANDIDATES`, the most probable first."""
        if plan.candidates is None:
            return []
        wanted = Request(plan.candidates, request.filters, request.ranges, size=MOST_CANDIDATES)
        passages = [hit.passage for hit in self._index.search(wanted).hits]
        return self.estimator().possible_matches(plan, passages, matches)

    def threshold(self, plan: Plan) -> float:
        """The least probability that is shown by default."""
        if plan.mode == "sounds-like":
            return ALL
        return self.estimator().model.of(is_seconded=self._is_seconded()).threshold(words_of(plan))

    def _is_seconded(self) -> bool:
        """Whether most passages of the index have a second transcript."""
        if self._seconded_of is not (lexicon := self.planner.expander().lexicon):
            seconded = self._index.count(Between("agreement", 0.0, 1.0))
            self._seconded_of, self._is_seconded_there = lexicon, 2 * seconded > self._index.count()
        return self._is_seconded_there

    def estimator(self) -> Estimator:
        """The estimator for the index's current lexicon."""
        expander = self.planner.expander()
        if self._estimator is None or self._expander is not expander:
            self._expander = expander
            self._estimator = Estimator(evidence_finder(self.planner), self.planner.tables().possible)
        return self._estimator


def evidence_finder(planner: Planner) -> EvidenceFinder:
    """Finds evidence with the current lexicon and tables of a planner."""
    expander = planner.expander()
    return EvidenceFinder(expander, Channel(expander.lexicon, planner.tables()))


def finder_of(index: SearchReader, settings: IndexSettings) -> Finder:
    """A finder with the tables that were learned here, otherwise with those that ship for the index's speech model."""
    return Finder(planner_of(index, settings))
