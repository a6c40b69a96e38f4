"""The metrics of all queries, by kind of query, group, mode and facet."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hearsay.text.intervals import Estimate, estimates
from indexer.evaluation.metrics import SearchFor, figures_of, measure, run_all
from indexer.evaluation.possible import PossibleFigures, References, possible_figures
from indexer.matching.query_sampling import ABSENT, FREQUENT, KINDS, SampledQuery
from indexer.schema import UNKNOWN

GROUPS: Final[Mapping[str, Callable[[SampledQuery], bool]]] = {
    "lost": lambda query: query.is_lost,
    "recognised": lambda query: not query.is_lost,
    "all": lambda _question: True,
}


_FORMER_NAMES: Final[Mapping[str, Sequence[str]]] = {"recognised": ("heard",)}
"""Former names of groups, which the JSON keeps for programs that rely on them."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The metrics of one kind and group: ``n`` queries from this number of ``sources``; None if there are none.

    *success@10* is the share of queries with a relevant clip among the first ten results, matches before possible
    matches, *success@10_everything* the same if all possible matches are shown, *mrr@10* the mean of 1 / rank of the
    first relevant clip (0 beyond the tenth; Voorhees, TREC-8, 1999), and *zero_hits* the share for which nothing is
    shown. *precision@10* is the share of relevant clips among the first ten results, or among as many as there are.
    """

    n: int
    sources: int
    figures: Mapping[str, Estimate | None]

    def to_json(self) -> dict[str, Any]:
        known = self.figures.items()
        return {
            **{name: round(figure.mean, 4) if figure else None for name, figure in known},
            "n": self.n,
            "sources": self.sources,
            "intervals": {
                name: [round(figure.low, 4), round(figure.high, 4)] if figure else None for name, figure in known
            },
        }


Measures = Sequence[Sequence[float]]
"""The metrics of each query, in order; see `figures_of`."""

Cells = Mapping[str, Mapping[str, Cell]]
"""Metrics by kind and group of queries."""


@dataclass(frozen=True, slots=True)
class Score:
    """The metrics of each mode, their differences to those of the mode ``against``, and each mode's by value of a
    facet.

    ``possible`` has the figures of possible matches by mode and number of words. ``seconds`` is the total time of the
    searches, by mode.
    """

    modes: Mapping[str, Cells]
    against: str
    differences: Mapping[str, Cells]
    by: Mapping[str, Mapping[str, Mapping[str, Cells]]]
    possible: Mapping[str, Mapping[str, PossibleFigures]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            **_cells_to_json(self.modes),
            "differences": {self.against: _cells_to_json(self.differences)},
            "by": {
                facet: {value: _cells_to_json(modes) for value, modes in values.items()}
                for facet, values in self.by.items()
            },
            "possible": {
                mode: {words: figures.to_json() for words, figures in found.items()}
                for mode, found in self.possible.items()
            },
            "seconds": {mode: round(seconds, 2) for mode, seconds in self.seconds.items()},
        }


def _cells_to_json(modes: Mapping[str, Cells]) -> dict[str, Any]:
    return {
        mode: {
            kind: {
                name: cell.to_json()
                for group, cell in groups.items()
                for name in (group, *_FORMER_NAMES.get(group, ()))
            }
            for kind, groups in cells.items()
        }
        for mode, cells in modes.items()
    }


def score(
    queries: Sequence[SampledQuery],
    search_for: SearchFor,
    modes: Sequence[str],
    by: Mapping[str, Mapping[str, str]],
    references: References,
    step: Callable[[], None] = lambda: None,
) -> Score:
    """Run every query in every mode. ``references`` decide which possible matches are right.

    ``by`` maps each requested facet to the value of each clip. Differences are relative to *baseline* if it is among
    the modes, otherwise to the first mode. ``step`` is called after each search.
    """
    answers: dict[str, Measures] = {}
    possible: dict[str, Mapping[str, PossibleFigures]] = {}
    seconds: dict[str, float] = {}
    for mode in modes:
        began = time.monotonic()
        results = run_all(queries, search_for, mode, step)
        seconds[mode] = time.monotonic() - began
        answers[mode] = [measure(query, found) for query, found in zip(queries, results, strict=True)]
        if any(found.possible for found in results):
            possible[mode] = possible_figures(queries, results, references)
    against = "baseline" if "baseline" in modes else modes[0]
    above = {
        mode: [
            [one - other for one, other in zip(*pair, strict=True)]
            for pair in zip(answers[mode], answers[against], strict=True)
        ]
        for mode in modes
        if mode != against
    }
    return Score(
        _cells_by_mode(queries, answers),
        against,
        _cells_by_mode(queries, above),
        {facet: _by_value(queries, answers, values) for facet, values in by.items()},
        possible,
        seconds,
    )


def _by_value(
    queries: Sequence[SampledQuery], answers: Mapping[str, Measures], values: Mapping[str, str]
) -> dict[str, dict[str, Cells]]:
    """The metrics of each mode by the value of a query's clip, largest group first; only of queries for one clip."""
    parts: defaultdict[str, list[int]] = defaultdict(list)
    for at, query in enumerate(queries):
        if query.kind != FREQUENT and not query.is_absent:
            parts[values.get(query.source) or UNKNOWN].append(at)
    return {
        value: _cells_by_mode(
            [queries[at] for at in part], {mode: [of[at] for at in part] for mode, of in answers.items()}
        )
        for value, part in sorted(parts.items(), key=lambda item: (-len(item[1]), item[0]))
    }


def _cells_by_mode(queries: Sequence[SampledQuery], answers: Mapping[str, Measures]) -> dict[str, Cells]:
    return {mode: _cells(queries, measures) for mode, measures in answers.items()}


def _cells(queries: Sequence[SampledQuery], measures: Measures) -> Cells:
    cells: dict[str, dict[str, Cell]] = {}
    for kind in KINDS:
        names = figures_of(kind)
        groups = ("all",) if kind in (FREQUENT, *ABSENT) else tuple(GROUPS)
        cells[kind] = {}
        for group in groups:
            chosen = [at for at, query in enumerate(queries) if query.kind == kind and GROUPS[group](query)]
            if chosen:
                sources = [queries[at].source for at in chosen]
                found = estimates([measures[at] for at in chosen], sources)
                cells[kind][group] = Cell(len(chosen), len(set(sources)), dict(zip(names, found, strict=True)))
            else:
                cells[kind][group] = Cell(0, 0, dict.fromkeys(names))
    return cells
