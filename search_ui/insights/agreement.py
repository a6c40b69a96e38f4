"""How far second transcripts agree with the first ones."""

from typing import Final

from hearsay.text.format import counted, share
from indexer.index import Range, Sort
from indexer.insights.statistics import TENTHS, CollectionStatistics
from search_ui.insights.charts import Bar, columns_html
from search_ui.insights.error_rates import link, noun
from search_ui.search.hits import link_html
from search_ui.state import SearchState

_RESOLUTION: Final = 0.001
"""Ranges are inclusive and agreement has three decimals, so a column ends this much before the next one begins."""


def agreement_html(stats: CollectionStatistics, state: SearchState) -> str:
    """The distribution of the agreement, in tenths; empty if no clip has a second transcript."""
    if not (total := sum(stats.agreement)):
        return ""
    bars = [_bar(at, count, state) for at, count in enumerate(stats.agreement)]
    one = noun(stats)
    least = link_html("Show those with the least agreement first", link(state.sorted_by(Sort("agreement"))))
    return (
        f"<p>Number of {one}s by the agreement of the second transcript with the first: 1 minus the word error rate of "
        f"one against the other. {counted(total, one)} ({share(total, stats.total)}) have two transcripts. {least}.</p>"
        f"{columns_html(bars, 'Agreement of two transcripts', unit='')}"
    )


def _bar(at: int, count: int, state: SearchState) -> Bar:
    """The last tenth includes 1, where both transcripts are the same."""
    low, high = at / TENTHS, (at + 1) / TENTHS
    span = Range(low, high if at == TENTHS - 1 else high - _RESOLUTION)
    return Bar(f"{low:.1f}–{high:.1f}", count, link(state.within("agreement", span)))
