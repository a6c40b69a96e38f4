"""How well search finds what was said: the figures of all answers, by kind of question, group, mode and facet."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hearsay.text.intervals import Estimate, estimates
from indexer.evaluation.metrics import FIGURES, FREQUENT_FIGURES, Answers, Measures, measured
from indexer.evaluation.query_sampling import FREQUENT, KINDS, Question
from indexer.schema import UNKNOWN

GROUPS: Final[Mapping[str, Callable[[Question], bool]]] = {
    "lost": lambda question: question.is_lost,
    "heard": lambda question: not question.is_lost,
    "all": lambda _question: True,
}


@dataclass(frozen=True, slots=True)
class Cell:
    """The figures of one kind and group: ``n`` questions from so many different ``sources``; None where there are none.

    *success@10* is the share of questions with a right clip among the first ten hits, *mrr@10* the mean of 1 / the rank
    of the first right one (0 beyond the tenth; Voorhees, TREC-8, 1999), *zero_hits* the share without any hit.
    *precision@10* is the share of right clips among ten, or among as many as there are.
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


Cells = Mapping[str, Mapping[str, Cell]]
"""By kind and group."""


@dataclass(frozen=True, slots=True)
class Score:
    """The cells of each mode; how far they lie above those of the mode ``against``; and each mode's by a facet's value.

    ``seconds`` is what asking took, by mode.
    """

    modes: Mapping[str, Cells]
    against: str
    differences: Mapping[str, Cells]
    by: Mapping[str, Mapping[str, Mapping[str, Cells]]]
    seconds: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            **_cells_to_json(self.modes),
            "differences": {self.against: _cells_to_json(self.differences)},
            "by": {
                facet: {value: _cells_to_json(modes) for value, modes in values.items()}
                for facet, values in self.by.items()
            },
            "seconds": {mode: round(seconds, 2) for mode, seconds in self.seconds.items()},
        }


def _cells_to_json(modes: Mapping[str, Cells]) -> dict[str, Any]:
    return {
        mode: {kind: {group: cell.to_json() for group, cell in groups.items()} for kind, groups in cells.items()}
        for mode, cells in modes.items()
    }


def score(
    questions: Sequence[Question],
    ask_for: Answers,
    modes: Sequence[str],
    by: Mapping[str, Mapping[str, str]],
    step: Callable[[], None] = lambda: None,
) -> Score:
    """Ask every question in every mode.

    ``by`` holds of each facet that is wanted the value of each clip. Differences are those to *baseline* where that is
    among the modes, else to the first.
    """
    answers: dict[str, Measures] = {}
    seconds: dict[str, float] = {}
    for mode in modes:
        began = time.monotonic()
        answers[mode] = measured(questions, ask_for, mode, step)
        seconds[mode] = time.monotonic() - began
    against = "baseline" if "baseline" in modes else modes[0]
    above = {mode: _differences(answers[mode], answers[against]) for mode in modes if mode != against}
    return Score(
        _cells_by_mode(questions, answers),
        against,
        _cells_by_mode(questions, above),
        {facet: _by_value(questions, answers, values) for facet, values in by.items()},
        seconds,
    )


def _differences(these: Measures, those: Measures) -> Measures:
    return [[one - other for one, other in zip(*pair, strict=True)] for pair in zip(these, those, strict=True)]


def _by_value(
    questions: Sequence[Question], answers: Mapping[str, Measures], values: Mapping[str, str]
) -> dict[str, dict[str, Cells]]:
    """The modes' cells by the value that a question's clip has, most questions first; frequent words have no clip."""
    parts: defaultdict[str, list[int]] = defaultdict(list)
    for at, question in enumerate(questions):
        if question.kind != FREQUENT:
            parts[values.get(question.source) or UNKNOWN].append(at)
    return {
        value: _cells_by_mode(
            [questions[at] for at in part], {mode: [of[at] for at in part] for mode, of in answers.items()}
        )
        for value, part in sorted(parts.items(), key=lambda item: (-len(item[1]), item[0]))
    }


def _cells_by_mode(questions: Sequence[Question], answers: Mapping[str, Measures]) -> dict[str, Cells]:
    return {mode: _cells(questions, measures) for mode, measures in answers.items()}


def _cells(questions: Sequence[Question], measures: Measures) -> Cells:
    cells: dict[str, dict[str, Cell]] = {}
    for kind in KINDS:
        names = FREQUENT_FIGURES if kind == FREQUENT else FIGURES
        groups = ("all",) if kind == FREQUENT else tuple(GROUPS)
        cells[kind] = {}
        for group in groups:
            chosen = [at for at, question in enumerate(questions) if question.kind == kind and GROUPS[group](question)]
            cells[kind][group] = _cell(names, [measures[at] for at in chosen], [questions[at].source for at in chosen])
    return cells


def _cell(names: Sequence[str], measures: Measures, sources: Sequence[str]) -> Cell:
    if not measures:
        return Cell(0, 0, dict.fromkeys(names))
    return Cell(len(measures), len(set(sources)), dict(zip(names, estimates(measures, sources), strict=True)))
