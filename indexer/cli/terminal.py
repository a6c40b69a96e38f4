"""Search results in the terminal: a table for people, plain and complete text in a pipe."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hearsay.records.clip import ClipRow
from hearsay.terminal.console import CONTROLS
from hearsay.text.format import counted, probability, total_duration
from indexer.index import Request
from indexer.matching.search import Found
from indexer.passages import Passage
from indexer.query.explanation import Evidence, explanation_of
from indexer.query.filters import FIRST_VALUES
from indexer.query.highlight import Mark, highlight
from indexer.query.planner import Plan
from indexer.schema import UNKNOWN, facet_label, facet_name, facet_order, has_known_values

_STYLES: Final[Mapping[Mark, str]] = {"": "", "match": "bold yellow", "possible": "underline"}

MOST_VALUES: Final = 20
"""Values of a facet that are all printed; of more, only the first ones by count are."""

LONGEST_LABEL: Final = 40


def print_result(console: Console, found: Found, request: Request, plan: Plan) -> None:
    """Print the query's meaning, the matches, the possible matches below them, the totals, and the facets' counts.

    A facet whose only value is *unknown* is left out, unless there is a filter on it.
    """
    matches = found.matches
    console.print(Text(plan.sentence.translate(CONTROLS), style="dim"), soft_wrap=True)
    if matches.hits or found.possible:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("transcript", "emotion", "sentiment", "speaker"):
            table.add_column(name, overflow="fold")
        table.add_column("seconds", justify="right")
        table.add_column("clip", overflow="fold", style="dim")
        for hit in matches.hits:
            _add_row(table, hit.passage, plan.evidence(hit.passage))
        if found.possible:
            table.add_row(Text(divider(found, plan), style="dim"))
        for one in found.possible:
            _add_row(table, one.passage, one.evidence, f"{probability(one.probability)}: ")
        console.print(table)
    console.print(_summary(found, request, plan), highlight=False)
    for facet, counts in matches.facets.items():
        if counts and (has_known_values(counts) or facet in request.filters):
            console.print(Text(f"{facet_name(facet)}: {_counted(facet, counts)}", style="dim"), soft_wrap=True)


def divider(found: Found, plan: Plan) -> str:
    """What stands between matches and possible matches."""
    first = f", the {len(found.possible)} most probable" if found.possible_total > len(found.possible) else ""
    lacking = "without the words" if plan.mode == "any" else "possibly misrecognised"
    return f"── Possible matches, {lacking}: {found.possible_total:,}{first} ──"


def _counted(facet: str, counts: Mapping[str, int]) -> str:
    """The values of a facet with their counts: all of a few, of many the first and the number of the others."""
    values = facet_order(facet, counts)
    if hidden := max(0, len(values) - MOST_VALUES):
        values = sorted(values[:-1] if values[-1] == UNKNOWN else values, key=lambda value: (-counts[value], value))
        values, hidden = values[:FIRST_VALUES], len(counts) - FIRST_VALUES
    shown = [f"{_short(facet_label(facet, value))} {counts[value]}".translate(CONTROLS) for value in values]
    return " · ".join(shown) + (f" · … and {hidden:,} more" if hidden else "")


def _short(label: str) -> str:
    """A label in one piece: ids of speakers are long."""
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"


def _summary(found: Found, request: Request, plan: Plan) -> str:
    matches = found.matches
    number = counted(matches.total, "passage")
    pages = -(-matches.total // request.size)
    lasting = f", {total_duration(matches.seconds)} in all" if matches.seconds else ""
    possible = "" if plan.candidates is None else f"; {counted(found.possible_total, 'possible match', 'es')}"
    if 0 < pages < request.page:
        there_are = f"there {'is' if pages == 1 else 'are'} only {counted(pages, 'page')}"
        return f"{number} found{lasting}, but {there_are}{possible}"
    return f"{number} found{lasting}" + (f", page {request.page} of {pages:,}" if pages > 1 else "") + possible


def _add_row(table: Table, passage: Passage, evidence: Sequence[Evidence], before: str = "") -> None:
    row = passage.row
    duration = "" if row.duration is None else f"{row.duration:.1f}"
    cells = (row.emotion or UNKNOWN, row.sentiment or UNKNOWN, _speaker(row), duration, passage.id)
    table.add_row(_transcript(row, evidence, before), *(Text(cell.translate(CONTROLS)) for cell in cells))


def _transcript(row: ClipRow, evidence: Sequence[Evidence], before: str) -> Text:
    if not row.generated_text:
        return Text("no transcript" + (f": {row.error}".translate(CONTROLS) if row.error else ""), style="italic")
    pieces = highlight(row.generated_text, evidence)
    marked = Text.assemble((before, "dim"), *((piece.translate(CONTROLS), _STYLES[mark]) for piece, mark in pieces))
    note = explanation_of(evidence)
    return Text.assemble(marked, (f"  ({note})".translate(CONTROLS), "dim")) if note else marked


def _speaker(row: ClipRow) -> str:
    known = (facet_label(facet, getattr(row, facet)) for facet in ("age", "gender", "accent"))
    return ", ".join(filter(None, known)) or UNKNOWN
