"""The metrics as tables for the terminal; they fit into 80 columns."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from hearsay.text.intervals import Estimate
from indexer.evaluation.query_sampling import FREQUENT
from indexer.evaluation.scores import Cells, Score
from indexer.schema import facet_label


def print_score(console: Console, score: Score) -> None:
    """Print one table per mode, one per difference to the reference mode, and those by facet."""
    for mode, cells in score.modes.items():
        _print_cells(console, mode, cells, "")
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
        "in brackets: 95 % interval; see docs/measuring-search.md",
        style="dim",
        highlight=False,
    )


def _print_cells(console: Console, title: str, cells: Cells, sign: str) -> None:
    table = _table(title, ("query", "group", "n", "success@10", "MRR@10", "no hit"), left=2)
    for kind, groups in cells.items():
        for group, cell in groups.items() if kind != FREQUENT else ():
            figures = (_shown(cell.figures[name], sign) for name in ("success@10", "mrr@10", "zero_hits"))
            table.add_row(kind, group, f"{cell.n:,}", *figures, end_section=group == "all")
    console.print(table)
    frequent = cells[FREQUENT]["all"]
    precision = _shown(frequent.figures["precision@10"], sign)
    console.print(f"frequent: precision@10 {precision}, {frequent.sources:,} words", highlight=False)


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
