"""Search results in the terminal: a table for people, plain and complete text in a pipe."""

from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hearsay.terminal.console import CONTROLS
from hearsay.text.format import counted, total_duration
from indexer.index import PassageHit, Request, SearchHits
from indexer.query.explanation import explanation_of
from indexer.query.filters import FIRST_VALUES
from indexer.query.highlight import Mark, highlight
from indexer.query.planner import Plan
from indexer.schema import UNKNOWN, facet_label, facet_name, facet_order, has_known_values

_STYLES: Final[Mapping[Mark, str]] = {"": "", "match": "bold yellow", "possible": "underline"}

MOST_VALUES: Final = 20
"""Values of a facet that are all printed; of more, only the first ones by count are."""

LONGEST_LABEL: Final = 40

END_OF_CERTAINTY: Final = "── Below: a query word is missing, in another form, or only a possible match ──"


def print_result(console: Console, result: SearchHits, request: Request, plan: Plan) -> None:
    """Print the query's meaning, the hits as a table with highlighted words, the total, and the facets' counts.

    A facet whose only value is *unknown* is left out, unless there is a filter on it.
    """
    console.print(Text(plan.sentence.translate(CONTROLS), style="dim"), soft_wrap=True)
    if result.hits:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("transcript", "emotion", "sentiment", "speaker"):
            table.add_column(name, overflow="fold")
        table.add_column("seconds", justify="right")
        table.add_column("clip", overflow="fold", style="dim")
        was_certain = request.sort is None
        for hit in result.hits:
            if was_certain and not plan.is_certain(hit):
                table.add_row(Text(END_OF_CERTAINTY, style="dim"))
                was_certain = False
            row = hit.passage.row
            duration = "" if row.duration is None else f"{row.duration:.1f}"
            cells = (row.emotion or UNKNOWN, row.sentiment or UNKNOWN, _speaker(hit), duration, hit.passage.id)
            table.add_row(_transcript(hit, plan), *(Text(cell.translate(CONTROLS)) for cell in cells))
        console.print(table)
    console.print(_summary(result, request), highlight=False)
    for facet, counts in result.facets.items():
        if counts and (has_known_values(counts) or facet in request.filters):
            console.print(Text(f"{facet_name(facet)}: {_counted(facet, counts)}", style="dim"), soft_wrap=True)


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


def _summary(result: SearchHits, request: Request) -> str:
    number = counted(result.total, "passage")
    pages = -(-result.total // request.size)
    lasting = f", {total_duration(result.seconds)} in all" if result.seconds else ""
    if 0 < pages < request.page:
        return f"{number} found{lasting}, but there {'is' if pages == 1 else 'are'} only {counted(pages, 'page')}"
    return f"{number} found{lasting}" + (f", page {request.page} of {pages:,}" if pages > 1 else "")


def _transcript(hit: PassageHit, plan: Plan) -> Text:
    row = hit.passage.row
    if not row.generated_text:
        return Text("no transcript" + (f": {row.error}".translate(CONTROLS) if row.error else ""), style="italic")
    evidence = plan.evidence(hit.passage)
    pieces = highlight(row.generated_text, evidence)
    marked = Text.assemble(*((piece.translate(CONTROLS), _STYLES[mark]) for piece, mark in pieces))
    note = explanation_of(evidence)
    return Text.assemble(marked, (f"  ({note})".translate(CONTROLS), "dim")) if note else marked


def _speaker(hit: PassageHit) -> str:
    row = hit.passage.row
    known = (facet_label(facet, getattr(row, facet)) for facet in ("age", "gender", "accent"))
    return ", ".join(filter(None, known)) or UNKNOWN
