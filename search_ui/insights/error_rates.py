"""How many, how long, and how well they were heard: all of them, and by who speaks."""

from collections.abc import Iterator, Mapping
from html import escape
from itertools import chain
from typing import Final

from hearsay.text.format import counted, percent
from hearsay.text.wer_by_slice import ErrorSlice
from indexer.index import Range
from indexer.insights.statistics import SPEAKER, CollectionStatistics
from indexer.insights.word_errors import FEWEST_CLIPS
from indexer.schema import UNKNOWN, facet_label, facet_order
from search_ui.insights.charts import Bar, Interval, columns_html, intervals_html
from search_ui.state import SearchState

MOST_ROWS: Final = 12
"""Values of one facet that have a row; the others are told in a sentence."""

_LEAST_SCALE: Final = 0.05
"""The rate that fills the width where all of them are lower."""

_DECODE: Final = (
    "Load a CSV with the clips' references in its column “text” beside what was decoded, and they are compared here."
)

_PARTS: Final = (
    "<p>A recording of more than 30 s is counted by its passages, which have no word error rate of their own.</p>"
)


def link(state: SearchState) -> str:
    """The address of a search, seen from another page."""
    return f"./{state.address}"


def too_few(number: int) -> str:
    """What stands in place of a figure that so few clips would not support."""
    return f"too few to tell: {number:,}"


def noun(stats: CollectionStatistics) -> str:
    """What is counted: clips, or passages where a recording is there as several."""
    return "passage" if stats.has_parts else "clip"


def figures(stats: CollectionStatistics) -> str:
    """The few numbers that say most."""
    rate = stats.word_errors.errors.whole.estimate
    told = {
        f"{noun(stats)}s": f"{stats.total:,}",
        **dict([_long(stats.seconds)]),
        **({f"word error rate{_compared(stats)}": percent(rate.mean)} if rate else {}),
    }
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in told.items())
    return f'<dl class="figures">{items}</dl>{_PARTS if stats.has_parts else ""}'


def _compared(stats: CollectionStatistics) -> str:
    """Of how many the rate is, where that is not all."""
    compared = stats.word_errors.compared
    return "" if compared == stats.total else f" of {compared:,} of {counted(stats.total, noun(stats))}"


def _long(seconds: float) -> tuple[str, str]:
    """The unit in which a length is read best, and how many of it."""
    return ("hours", f"{seconds / 3600:,.1f}") if seconds >= 3600 else ("minutes", f"{seconds / 60:.1f}")


def durations_html(stats: CollectionStatistics, state: SearchState) -> str:
    """How long they last, in columns of one width."""
    if not any(stats.durations.values()):
        return "<p>No clip tells how long it is.</p>"
    bars = [Bar(_seconds(span), count, link(state.within("duration", span))) for span, count in stats.durations.items()]
    return f"<p>In seconds.</p>{columns_html(bars, f'{noun(stats)}s by their duration in seconds'.capitalize())}"


def _seconds(span: Range) -> str:
    """``2–3``, the end being the next column's beginning; ``12 +`` for the last one."""
    low = f"{span.low or 0:g}"
    return f"{low} +" if span.high is None else f"{low}–{round(span.high, 2):g}"


def rows_of(stats: CollectionStatistics, facet: str, state: SearchState) -> list[Bar]:
    """The facet's values as people expect them; none where nothing is known of it."""
    counts = stats.facets[facet]
    if not counts.keys() - {UNKNOWN}:
        return []
    order = [value for value in facet_order(facet, counts) if value != UNKNOWN][:MOST_ROWS]
    shown = [*order, *([UNKNOWN] if UNKNOWN in counts else [])]
    return [Bar(value, counts[value], link(state.with_values(facet, [value]))) for value in shown]


def rest_html(stats: CollectionStatistics, facet: str, rows: list[Bar]) -> str:
    """What the rows leave out."""
    others = len(stats.facets[facet]) - len(rows)
    left = stats.total - sum(row.count for row in rows)
    return f"<p>{others} more, of {counted(left, noun(stats))} together.</p>" if rows and others else ""


def rates_html(stats: CollectionStatistics, state: SearchState) -> str:
    """Word error rates of all and by slice, with their intervals."""
    word_errors = stats.word_errors
    if not word_errors.compared:
        return f"<p>No clip has a reference, so nobody knows which words were heard wrong. {_DECODE}</p>"
    whole = _interval(Bar("all", stats.total, link(state)), word_errors.errors.whole)
    rows = {facet: found for facet in (*SPEAKER, "emotion") if (found := rows_of(stats, facet, state))}
    by = {
        facet: [_interval(row, word_errors.errors.by[facet].get(row.label), facet) for row in rows[facet]]
        for facet in rows
    }
    highs = [row.rate[2] for row in chain([whole], *by.values()) if row.rate]
    longest = max([_LEAST_SCALE, *highs])
    one = noun(stats)
    tables = [intervals_html([whole], "", f"Word error rate of all {one}s", longest, one)]
    for facet, part in by.items():
        tables.append(intervals_html(part, facet, f"Word error rate by {facet}", longest, one))
        tables.append(rest_html(stats, facet, rows[facet]))
    return f"<p>{' '.join(_explained(stats))}</p>{''.join(tables)}"


def _interval(bar: Bar, part: ErrorSlice | None, facet: str = "") -> Interval:
    compared = part.texts if part else 0
    whole = Bar(facet_label(facet, bar.label), bar.count, bar.address)
    if part is None or part.estimate is None:
        return Interval(whole, None, too_few(compared))
    ends = (part.estimate.mean, part.estimate.low, part.estimate.high)
    return Interval(whole, ends, "" if compared == bar.count else f"from {compared:,}")


def _explained(stats: CollectionStatistics) -> Iterator[str]:
    word_errors, one = stats.word_errors, noun(stats)
    errors = word_errors.errors.whole.errors
    kinds: Mapping[str, int] = {
        "taken for another": errors.substitutions,
        "not heard": errors.deletions,
        "heard in addition": errors.insertions,
    }
    shares = ", ".join(f"{percent(number / errors.reference_words)} were {kind}" for kind, number in kinds.items())
    yield f"Of {errors.reference_words:,} words that were to be said, {shares}."
    yield f"The line across a bar is the 95 % interval, by drawing {one}s anew a thousand times."
    yield f"Of fewer than {FEWEST_CLIPS} {one}s nothing is told."
    if word_errors.is_sample:
        scorable = f"{word_errors.scorable:,}"
        yield f"Counted in {word_errors.compared:,} clips drawn by chance from the {scorable} that have a reference."
    elif missing := stats.total - word_errors.compared:
        yield f"{counted(missing, one)} left out: without a reference, parts of a long recording, or never heard."
