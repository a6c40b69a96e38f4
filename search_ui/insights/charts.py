"""Charts as HTML: each bar links to the search behind it, and its label and number are text beside its colour.

All text of records is escaped here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from hearsay.text.format import counted, percent, percent_range, share
from search_ui.search.hits import link_html


@dataclass(frozen=True, slots=True)
class Bar:
    """A count, its label, and the address of the search that finds it."""

    label: str
    count: int
    address: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole; ``kind`` is the CSS class of its colour, the same in all charts."""

    label: str
    count: int
    address: str
    kind: str


@dataclass(frozen=True, slots=True)
class Stacked:
    """One row: the clips with one value, divided in one or more ways; ``note`` says why there are no ``stacks``."""

    whole: Bar
    stacks: Sequence[Sequence[Part]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Interval:
    """One row: a rate and the ends of its interval, which may exceed 1; ``note`` says why there is none."""

    whole: Bar
    rate: tuple[float, float, float] | None
    note: str


def columns_html(bars: Sequence[Bar], what: str, unit: str) -> str:
    """Counts of consecutive ranges as columns; ``unit`` is that of their labels."""
    most = max((bar.count for bar in bars), default=0) or 1
    items = "".join(_column(bar, bar.count / most, unit) for bar in bars)
    return f'<ol class="columns" aria-label="{escape(what)}">{items}</ol>'


def _column(bar: Bar, height: float, unit: str) -> str:
    inside = f"<b>{bar.count:,}</b><i></i><span>{escape(bar.label)}</span>"
    label = escape(f"{bar.label}{unit}: {bar.count:,}")
    opening = f'<a class="go" href="{escape(bar.address)}" target="_self" aria-label="{label}">'
    return f'<li style="--part:{height:.4f}">{f"{opening}{inside}</a>" if bar.count else inside}</li>'


def stacked_html(rows: Sequence[Stacked], head: str, what: str, noun: str = "clip") -> str:
    """Rows of bars that are divided into shares of the whole; ``noun`` is what is counted."""
    body = "".join(
        f"<tr>{_row_head(row.whole)}<td>{''.join(map(_stack, row.stacks)) or _note(row.note)}</td>"
        f"{_number(row.whole)}</tr>"
        for row in rows
    )
    return _table("stacked", what, (head, "sentiment (top) and emotion (bottom)", f"{noun}s"), body)


def _stack(parts: Sequence[Part]) -> str:
    whole = sum(part.count for part in parts)
    return f'<div class="stack">{"".join(_part(part, whole) for part in parts if part.count)}</div>' if whole else ""


def _part(part: Part, whole: int) -> str:
    shown = share(part.count, whole)
    label = escape(f"{part.label}: {shown}, {part.count:,} of {whole:,}")
    return (
        f'<a class="go {escape(part.kind)}" href="{escape(part.address)}" target="_self" title="{label}" '
        f'aria-label="{label}" style="flex-grow:{part.count}"><i></i><b>{shown}</b>'
        f"<span>{escape(part.label)}</span></a>"
    )


def intervals_html(rows: Sequence[Interval], head: str, what: str, longest: float, noun: str = "clip") -> str:
    """Rows of rates as bars with their intervals; ``longest`` is the rate of a bar of full width."""
    body = "".join(
        f"<tr>{_row_head(row.whole)}<td>{_rate(row, longest)}</td>"
        f'<td class="rate">{_rate_text(row)}</td>{_number(row.whole)}</tr>'
        for row in rows
    )
    return _table("rates", what, (head, "", "word error rate", f"{noun}s"), body)


def _rate(row: Interval, longest: float) -> str:
    if row.rate is None:
        return ""
    rate, low, high = (min(1.0, end / longest) if longest else 0.0 for end in row.rate)
    return (
        f'<a class="go track" href="{escape(row.whole.address)}" target="_self" tabindex="-1" aria-hidden="true">'
        f'<i style="width:{rate:.2%}"></i><b style="left:{low:.2%};width:{high - low:.2%}"></b></a>'
    )


def _rate_text(row: Interval) -> str:
    if row.rate is None:
        return _note(row.note)
    rate, low, high = row.rate
    return f"{percent(rate)} <small>({percent_range(low, high)})</small> {_note(row.note)}"


def _note(text: str) -> str:
    return f"<small>{escape(text)}</small>" if text else ""


def histogram_html(counts: Sequence[int], labels: Sequence[str]) -> str:
    """A small histogram; its numbers are in its label, for screen readers."""
    most = max(counts, default=0) or 1
    text = ", ".join(f"{label}: {count:,}" for label, count in zip(labels, counts, strict=True) if count)
    bars = "".join(f'<i style="--part:{count / most:.4f}"></i>' for count in counts)
    return f'<div class="spread" role="img" aria-label="{escape(text)}" title="{escape(text)}">{bars}</div>'


def spreads_html(rows: Sequence[tuple[Bar, str]], heads: tuple[str, str, str], what: str) -> str:
    """Rows of a label, its histogram, and its count."""
    body = "".join(f"<tr>{_row_head(bar)}<td>{histogram}</td>{_number(bar)}</tr>" for bar, histogram in rows)
    return _table("spreads", what, heads, body)


def words_html(rows: Sequence[tuple[Bar, str, str]], what: str, noun: str = "clip") -> str:
    """Rows of a word, its errors, and what was recognised instead, which is already HTML."""
    body = "".join(
        f'<tr><th scope="row">{_word(bar, noun)}</th>'
        f'<td class="wrong">{escape(errors)}</td><td class="recognised">{replacements}</td></tr>'
        for bar, errors, replacements in rows
    )
    return _table("word-errors", what, ("reference word", "errors", "recognised as"), body)


def _word(bar: Bar, noun: str) -> str:
    if not bar.count:
        return escape(bar.label)
    return f"{link_html(bar.label, bar.address)} <small>{counted(bar.count, noun)}</small>"


def legend_html(parts: Sequence[Part], what: str) -> str:
    """The meaning of each colour, after the name of the field (``what``)."""
    items = "".join(f'<li><i class="{escape(part.kind)}"></i>{escape(part.label)}</li>' for part in parts)
    return f'<ul class="legend"><li class="what">{escape(what)}</li>{items}</ul>'


def _row_head(bar: Bar) -> str:
    return f'<th scope="row">{link_html(bar.label, bar.address)}</th>'


def _number(bar: Bar) -> str:
    return f'<td class="number">{bar.count:,}</td>'


def _table(kind: str, what: str, heads: Sequence[str], body: str) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' if name else "<td></td>" for name in heads)
    top = f"<caption>{escape(what)}</caption><thead><tr>{head}</tr></thead>"
    return f'<table class="{kind}">{top}<tbody>{body}</tbody></table>'
