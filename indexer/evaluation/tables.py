"""The metrics as tables for the terminal; they fit into 80 columns."""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from hearsay.text.intervals import Estimate
from indexer.evaluation.possible import PossibleFigures
from indexer.evaluation.scores import Cells, Score
from indexer.matching.query_sampling import ABSENT, FREQUENT
from indexer.schema import facet_label

_APART: Final = {
    **dict.fromkeys(ABSENT, ("zero_hits", "nothing shown")),
    FREQUENT: ("precision@10", "precision@10"),
}
"""The kinds that have one figure, which is printed below the table, and its name."""


def print_score(console: Console, score: Score) -> None:
    """Print one table per mode, one per difference to the reference mode, and those by facet."""
    for mode, cells in score.modes.items():
        _print_cells(console, mode, cells, "")
        if found := score.possible.get(mode):
            console.print(_possible(found))
        console.print(f"searched in {score.seconds[mode]:.1f} s\n", highlight=False)
    for mode, cells in score.differences.items():
        _print_cells(console, f"{mode} minus {score.against}, query by query", cells, "+")
        console.print()
    for facet, values in score.by.items():
        for mode in score.modes:
            console.print(_by_value(f"{mode} by {facet}", facet, {value: of[mode] for value, of in values.items()}))
            console.print()
    console.print(
        "lost: the transcript lacks a word of the query; recognised: it has them all\n"
        "absent: nobody said one of the words; shown: possible matches per query\n"
        "right: share of those shown in which the words were said\n"
        "in brackets: 95 % interval; see docs/measuring-search.md",
        style="dim",
        highlight=False,
    )


def _print_cells(console: Console, title: str, cells: Cells, sign: str) -> None:
    """``sign`` is ``+`` for differences, without the numbers of queries, which are in the tables of the modes."""
    numbered = () if sign else ("n",)
    table = _table(title, ("query", "group", *numbered, "success@10", "MRR@10", "nothing shown"), left=2)
    for kind, groups in cells.items():
        for group, cell in groups.items() if kind not in _APART else ():
            figures = (_shown(cell.figures[name], sign) for name in ("success@10", "mrr@10", "zero_hits"))
            number = () if sign else (f"{cell.n:,}",)
            table.add_row(kind, group, *number, *figures, end_section=group == "all")
    console.print(table)
    for kind, (figure, name) in _APART.items():
        cell = cells[kind]["all"]
        console.print(f"{kind}: {name} {_shown(cell.figures[figure], sign)}, n {cell.n:,}", highlight=False)


def _possible(found: Mapping[str, PossibleFigures]) -> Table:
    """What is shown below the matches, and whether its probabilities are true."""
    table = _table("possible matches", ("words", "n", "shown", "right", "calibration error"), left=1)
    for words, figures in found.items():
        error = "–" if figures.calibration_error is None else f"{figures.calibration_error:.3f}"
        table.add_row(words, f"{figures.n:,}", f"{figures.shown:.2f}", _shown(figures.right), error)
    return table


def _by_value(title: str, facet: str, values: Mapping[str, Cells]) -> Table:
    table = _table(title, (facet, "query", "n", "success@10", "n lost", "success@10, lost"), left=2)
    for value, cells in values.items():
        for kind, groups in cells.items():
            if kind != FREQUENT and (whole := groups["all"]).n:
                lost = groups["lost"]
                shown = _shown(whole.figures["success@10"]), f"{lost.n:,}", _shown(lost.figures["success@10"])
                table.add_row(facet_label(facet, value), kind, f"{whole.n:,}", *shown)
    return table


def _table(title: str, columns: tuple[str, ...], left: int) -> Table:
    look: dict[str, Any] = {"title_justify": "left", "title_style": "bold", "header_style": "dim"}
    table = Table(title=title, box=None, padding=(0, 1, 0, 0), pad_edge=False, **look)
    for at, name in enumerate(columns):
        table.add_column(name, justify="left" if at < left else "right")
    return table


def _shown(figure: Estimate | None, sign: str = "") -> str:
    """The mean with three decimals and its interval with two: ``0.632 (0.59–0.67)``."""
    if figure is None:
        return "–"
    return f"{_number(figure.mean, 3, sign)} ({_number(figure.low, 2)}–{_number(figure.high, 2)})"


def _number(value: float, decimals: int, sign: str = "") -> str:
    """The value with this number of decimals, but exactly 1 as ``1.0``."""
    decimals = 1 if abs(round(value, decimals)) == 1 else decimals
    return f"{value:{sign}.{decimals}f}"
