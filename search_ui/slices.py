"""How many, how long, and how well they were heard: all of them, and by who speaks."""

from collections.abc import Iterator, Mapping
from html import escape
from itertools import chain
from typing import Final

from indexer.fields import UNKNOWN, facet_label, facet_order
from indexer.index import Range
from indexer.mishearing import LEAST_CLIPS, Slice
from indexer.portrait import SPEAKER, Hearing, Portrait
from search_ui.charts import Bar, Interval, clips, columns_html, intervals_html, percent
from search_ui.state import SearchState

MOST_ROWS: Final = 12
"""Values of one facet that have a row; the others are told in a sentence."""

_LEAST_SCALE: Final = 0.05
"""The rate that fills the width where all of them are lower."""

_DECODE: Final = (
    "Load a CSV with the clips' references in its column “text” beside what was decoded, and they are compared here."
)


def link(state: SearchState) -> str:
    """The address of a search, seen from another page."""
    return f"./{state.address}"


def too_few(number: int) -> str:
    """What stands in place of a figure that so few clips would not support."""
    return f"too few to tell: {number:,}"


def figures(drawn: Portrait) -> str:
    """The few numbers that say most."""
    rate = drawn.hearing.whole.rate
    told = {
        "passages" if drawn.has_parts else "clips": f"{drawn.total:,}",
        **dict([_long(drawn.seconds)]),
        **({"word error rate": percent(rate.mean)} if rate else {}),
    }
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in told.items())
    note = "<p>A recording of more than 30 s is counted by its passages.</p>" if drawn.has_parts else ""
    return f'<dl class="figures">{items}</dl>{note}'


def _long(seconds: float) -> tuple[str, str]:
    """The unit in which a length is read best, and how many of it."""
    return ("hours", f"{seconds / 3600:,.1f}") if seconds >= 3600 else ("minutes", f"{seconds / 60:.1f}")


def lengths_html(drawn: Portrait, state: SearchState) -> str:
    """How long they last, in columns of one width."""
    if not any(drawn.lengths.values()):
        return "<p>No clip tells how long it is.</p>"
    bars = [Bar(_seconds(span), count, link(state.within("duration", span))) for span, count in drawn.lengths.items()]
    return f"<p>In seconds.</p>{columns_html(bars, 'Clips by their duration in seconds')}"


def _seconds(span: Range) -> str:
    """``2–3``, the end being the next column's beginning; ``12 +`` for the last one."""
    low = f"{span.low or 0:g}"
    return f"{low} +" if span.high is None else f"{low}–{round(span.high, 2):g}"


def rows_of(drawn: Portrait, facet: str, state: SearchState) -> list[Bar]:
    """The facet's values as people expect them; none where nothing is known of it."""
    counts = drawn.facets[facet]
    if not counts.keys() - {UNKNOWN}:
        return []
    order = [value for value in facet_order(facet, counts) if value != UNKNOWN][:MOST_ROWS]
    shown = [*order, *([UNKNOWN] if UNKNOWN in counts else [])]
    return [Bar(value, counts[value], link(state.with_values(facet, [value]))) for value in shown]


def rest_html(drawn: Portrait, facet: str, rows: list[Bar]) -> str:
    """What the rows leave out."""
    others = len(drawn.facets[facet]) - len(rows)
    left = drawn.total - sum(row.count for row in rows)
    return f"<p>{others} more, of {clips(left)} together.</p>" if rows and others else ""


def rates_html(drawn: Portrait, state: SearchState) -> str:
    """Word error rates of all and by slice, with their intervals."""
    hearing = drawn.hearing
    if not hearing.compared:
        return f"<p>No clip has a reference, so nobody knows which words were heard wrong. {_DECODE}</p>"
    whole = _interval(Bar("all", drawn.total, link(state)), hearing.whole)
    rows = {facet: found for facet in (*SPEAKER, "emotion") if (found := rows_of(drawn, facet, state))}
    by = {facet: [_interval(row, hearing.by[facet].get(row.label), facet) for row in rows[facet]] for facet in rows}
    highs = [row.rate[2] for row in chain([whole], *by.values()) if row.rate]
    longest = max([_LEAST_SCALE, *highs])
    tables = [intervals_html([whole], "", "Word error rate of all clips", longest)]
    for facet, part in by.items():
        tables.append(intervals_html(part, facet, f"Word error rate by {facet}", longest))
        tables.append(rest_html(drawn, facet, rows[facet]))
    return f"<p>{' '.join(_explained(hearing, drawn.total))}</p>{''.join(tables)}"


def _interval(bar: Bar, part: Slice | None, facet: str = "") -> Interval:
    compared = part.clips if part else 0
    whole = Bar(facet_label(facet, bar.label), bar.count, bar.address)
    if part is None or part.rate is None:
        return Interval(whole, None, too_few(compared))
    ends = (part.rate.mean, part.rate.low, part.rate.high)
    return Interval(whole, ends, "" if compared == bar.count else f"from {compared:,}")


def _explained(hearing: Hearing, total: int) -> Iterator[str]:
    errors = hearing.whole.errors
    kinds: Mapping[str, int] = {
        "taken for another": errors.substitutions,
        "not heard": errors.deletions,
        "heard in addition": errors.insertions,
    }
    shares = ", ".join(f"{percent(number / errors.reference_words)} were {kind}" for kind, number in kinds.items())
    yield f"Of {errors.reference_words:,} words that were to be said, {shares}."
    yield "The line across a bar is the 95 % interval, by drawing clips anew a thousand times."
    yield f"Of fewer than {LEAST_CLIPS} clips nothing is told."
    if hearing.is_sample:
        yield f"Counted in {hearing.compared:,} clips drawn by chance from the {hearing.of:,} that have a reference."
    elif missing := total - hearing.compared:
        yield f"{clips(missing)} left out: without a reference, parts of a long recording, or never heard."
