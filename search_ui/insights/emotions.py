"""Sentiments and emotions by speaker, and the scores of the emotion model."""

from collections.abc import Mapping
from typing import Final

from hearsay.records.emotions import EMOTIONS, UNCERTAIN, canonical_emotion
from hearsay.text.format import counted, share
from hearsay.text.wer_by_slice import FEWEST_CLIPS, TOO_FEW
from indexer.insights.statistics import EMOTION_FACETS, SPEAKER, TENTHS, CollectionStatistics
from indexer.schema import UNKNOWN, facet_label, facet_order
from search_ui.insights.charts import (
    Bar,
    Part,
    Stacked,
    histogram_html,
    legend_html,
    spreads_html,
    stacked_html,
)
from search_ui.insights.error_rates import link, noun, rest_html, rows_of
from search_ui.state import SearchState

_NO_EMOTIONS: Final = (
    "<p>No clip has an emotion label. Run decode with an emotion model (SER_MODEL), and load again.</p>"
)

_SCORE_RANGES: Final = [f"{at / TENTHS:.1f} to {(at + 1) / TENTHS:.1f}" for at in range(TENTHS)]


def emotions_html(stats: CollectionStatistics, state: SearchState) -> str:
    """Sentiments and emotions of all clips and by speaker: two bars per row."""
    if not any(stats.facets[tone].keys() - {UNKNOWN} for tone in EMOTION_FACETS):
        return _NO_EMOTIONS
    legends = "".join(legend_html(_parts(stats, tone, stats.facets[tone], state), tone) for tone in EMOTION_FACETS)
    whole = Stacked(
        Bar("all", stats.total, link(state)),
        [_parts(stats, tone, stats.facets[tone], state) for tone in EMOTION_FACETS],
    )
    return (
        f"{legends}{stacked_html([whole], '', f'Sentiment and emotion of all {noun(stats)}s', noun(stats))}"
        f"{''.join(_by(stats, facet, state) for facet in SPEAKER)}"
    )


def _by(stats: CollectionStatistics, facet: str, state: SearchState) -> str:
    rows = rows_of(stats, facet, state)
    if not rows:
        return f"<p>The speaker's {facet} is unknown for all clips.</p>"
    stacked = [_slice(stats, facet, row, state.with_values(facet, [row.label])) for row in rows]
    table = stacked_html(stacked, facet, f"Sentiment and emotion by {facet}", noun(stats))
    return table + rest_html(stats, facet, rows)


def _slice(stats: CollectionStatistics, facet: str, row: Bar, state: SearchState) -> Stacked:
    whole = Bar(facet_label(facet, row.label), row.count, row.address)
    if row.count < FEWEST_CLIPS:
        return Stacked(whole, [], TOO_FEW)
    return Stacked(
        whole,
        [_parts(stats, tone, stats.emotions[tone][facet].get(row.label, {}), state) for tone in EMOTION_FACETS],
    )


def _parts(stats: CollectionStatistics, tone: str, counts: Mapping[str, int], state: SearchState) -> list[Part]:
    """The values of a facet, in the same order in all charts."""
    return [
        Part(facet_label(tone, value), counts.get(value, 0), link(state.with_values(tone, [value])), colour(value))
        for value in facet_order(tone, stats.facets[tone])
    ]


def colour(value: str) -> str:
    """The CSS class of an emotion or sentiment."""
    if value == UNKNOWN:
        return "tone unknown"
    name = canonical_emotion(value)
    return f"tone {name}" if name in EMOTIONS else "tone"


def certainty_html(stats: CollectionStatistics, state: SearchState) -> str:
    """Histograms of the scores of each emotion; empty if there are no scores."""
    if not stats.score_histograms:
        return ""
    uncertain = stats.facets["emotion"].get(UNCERTAIN, 0)
    order = [value for value in facet_order("emotion", stats.facets["emotion"]) if value in stats.score_histograms]
    rows = [
        (
            Bar(value, stats.facets["emotion"][value], link(state.with_values("emotion", [value]))),
            histogram_html(stats.score_histograms[value], _SCORE_RANGES),
        )
        for value in order
    ]
    one = noun(stats)
    verb = "is" if uncertain == 1 else "are"
    note = f"{counted(uncertain, one)} ({share(uncertain, stats.total)}) {verb} uncertain: the model gave no label."
    scores = spreads_html(rows, ("emotion", "score from 0 to 1", f"{one}s"), f"Number of {one}s by emotion and score")
    return f"<p>{note}</p>{scores}"
