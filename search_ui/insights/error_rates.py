"""Number and duration of clips, and word error rates of all clips and by group."""

from collections.abc import Iterator, Mapping
from html import escape
from itertools import chain
from typing import Final

from hearsay.text.format import counted, percent
from hearsay.text.wer_by_slice import FEWEST_CLIPS, TOO_FEW, ErrorSlice
from indexer.index import Range
from indexer.insights.statistics import SPEAKER, CollectionStatistics
from indexer.schema import UNKNOWN, facet_label, facet_order
from search_ui.insights.charts import Bar, Interval, columns_html, intervals_html
from search_ui.search.hits import normalizer_note
from search_ui.state import SearchState

MOST_ROWS: Final = 12
"""Values of one facet that have a row; the others are summarised."""

_LEAST_SCALE: Final = 0.05
"""The smallest rate that a bar of full width stands for."""

_NO_REFERENCE: Final = (
    "<p>No clip has a reference, so word errors are unknown. Load a table with the references, in its column “text”, "
    "together with the transcripts.</p>"
)

_PARTS: Final = "<p>Recordings longer than 30 s are counted in passages, which have no word error rate.</p>"


def link(state: SearchState) -> str:
    """The address of a search, relative to another page."""
    return f"./{state.address}"


def noun(stats: CollectionStatistics) -> str:
    """What is counted: clips, or passages if a recording is divided into several."""
    return "passage" if stats.has_parts else "clip"


def figures(stats: CollectionStatistics) -> str:
    """The key figures."""
    rate = stats.word_errors.errors.whole.estimate
    is_long = stats.seconds >= 3600
    values = {
        f"{noun(stats)}s": f"{stats.total:,}",
        "hours" if is_long else "minutes": f"{stats.seconds / (3600 if is_long else 60):,.1f}",
        **({f"word error rate{_compared(stats)}": percent(rate.mean)} if rate else {}),
    }
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in values.items())
    notes = f"<p>{escape(normalizer_note())}</p>" if rate else ""
    return f'<dl class="figures">{items}</dl>{notes}{_PARTS if stats.has_parts else ""}'


def _compared(stats: CollectionStatistics) -> str:
    """How many clips the rate is based on, if not on all."""
    compared = stats.word_errors.compared
    return "" if compared == stats.total else f" ({compared:,} of {counted(stats.total, noun(stats))})"


def durations_html(stats: CollectionStatistics, state: SearchState) -> str:
    """The distribution of durations, in columns of equal width."""
    if not any(stats.durations.values()):
        return "<p>The duration of all clips is unknown.</p>"
    bars = [Bar(_seconds(span), count, link(state.within("duration", span))) for span, count in stats.durations.items()]
    columns = columns_html(bars, "Durations in seconds", unit=" s")
    return f"<p>Number of {noun(stats)}s by duration in seconds.</p>{columns}"


def _seconds(span: Range) -> str:
    """``2–3``, where the end is the beginning of the next column; ``12 +`` for the last one."""
    low = f"{span.low or 0:g}"
    return f"{low} +" if span.high is None else f"{low}–{round(span.high, 2):g}"


def rows_of(stats: CollectionStatistics, facet: str, state: SearchState) -> list[Bar]:
    """The values of a facet in display order; empty if all clips lack it."""
    counts = stats.facets[facet]
    if not counts.keys() - {UNKNOWN}:
        return []
    order = [value for value in facet_order(facet, counts) if value != UNKNOWN][:MOST_ROWS]
    shown = [*order, *([UNKNOWN] if UNKNOWN in counts else [])]
    return [Bar(value, counts[value], link(state.with_values(facet, [value]))) for value in shown]


def rest_html(stats: CollectionStatistics, facet: str, rows: list[Bar]) -> str:
    """A summary of the values without a row."""
    others = len(stats.facets[facet]) - len(rows)
    left = stats.total - sum(row.count for row in rows)
    return f"<p>{others} more values, {counted(left, noun(stats))} in total.</p>" if rows and others else ""


def rates_html(stats: CollectionStatistics, state: SearchState) -> str:
    """Word error rates of all clips and by group, with confidence intervals."""
    word_errors = stats.word_errors
    if not word_errors.compared:
        return _NO_REFERENCE
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
    return f"<p>{escape(' '.join(_explained(stats)))}</p>{''.join(tables)}"


def _interval(bar: Bar, part: ErrorSlice | None, facet: str = "") -> Interval:
    compared = part.texts if part else 0
    whole = Bar(facet_label(facet, bar.label), bar.count, bar.address)
    if part is None or part.estimate is None:
        return Interval(whole, None, TOO_FEW)
    ends = (part.estimate.mean, part.estimate.low, part.estimate.high)
    return Interval(whole, ends, "" if compared == bar.count else f"n = {compared:,}")


def _explained(stats: CollectionStatistics) -> Iterator[str]:
    word_errors, one = stats.word_errors, noun(stats)
    errors = word_errors.errors.whole.errors
    kinds: Mapping[str, int] = {
        "substitutions": errors.substitutions,
        "deletions": errors.deletions,
        "insertions": errors.insertions,
    }
    rates = ", ".join(f"{percent(number / errors.reference_words)} {kind}" for kind, number in kinds.items())
    yield f"{errors.reference_words:,} words in the references: {rates}."
    yield f"The line across a bar is the 95 % confidence interval (bootstrap over {one}s)."
    yield f"Groups of fewer than {FEWEST_CLIPS} {one}s ({TOO_FEW}) have no rate."
    if word_errors.is_sample:
        scorable = f"{word_errors.scorable:,}"
        yield f"Based on a random sample of {word_errors.compared:,} of the {scorable} clips with a reference."
    elif missing := stats.total - word_errors.compared:
        verb = "is" if missing == 1 else "are"
        yield (
            f"{counted(missing, one)} {verb} not included: without a reference, part of a long recording, or not "
            "transcribed."
        )
