"""How clips sound, by who speaks, and how sure the tagger is of it."""

from collections.abc import Mapping
from typing import Final

from hearsay.records.emotions import EMOTIONS, UNCERTAIN, canonical_emotion
from hearsay.text.format import counted, share
from indexer.insights.statistics import EMOTION_FACETS, SPEAKER, TENTHS, CollectionStatistics
from indexer.insights.word_errors import FEWEST_CLIPS
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
from search_ui.insights.error_rates import link, noun, rest_html, rows_of, too_few
from search_ui.state import SearchState

_NO_TAGGER: Final = (
    "<p>No clip has an emotion, so there is nothing to show. Decode the clips with a tagger to have them.</p>"
)

_TENTHS: Final = [f".{at} to {f'.{at + 1}' if at < TENTHS - 1 else '1'}" for at in range(TENTHS)]


def emotions_html(stats: CollectionStatistics, state: SearchState) -> str:
    """Sentiment and emotion of all and by speaker: of each value one bar for either."""
    if not any(stats.facets[tone].keys() - {UNKNOWN} for tone in EMOTION_FACETS):
        return _NO_TAGGER
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
        return f"<p>No clip tells the speaker's {facet}.</p>"
    stacked = [_slice(stats, facet, row, state.with_values(facet, [row.label])) for row in rows]
    table = stacked_html(stacked, facet, f"Sentiment and emotion by {facet}", noun(stats))
    return table + rest_html(stats, facet, rows)


def _slice(stats: CollectionStatistics, facet: str, row: Bar, state: SearchState) -> Stacked:
    whole = Bar(facet_label(facet, row.label), row.count, row.address)
    if row.count < FEWEST_CLIPS:
        return Stacked(whole, [], too_few(row.count))
    return Stacked(
        whole,
        [_parts(stats, tone, stats.emotions[tone][facet].get(row.label, {}), state) for tone in EMOTION_FACETS],
    )


def _parts(stats: CollectionStatistics, tone: str, counts: Mapping[str, int], state: SearchState) -> list[Part]:
    """A tone's values, in one and the same order wherever they are drawn."""
    return [
        Part(facet_label(tone, value), counts.get(value, 0), link(state.with_values(tone, [value])), colour(value))
        for value in facet_order(tone, stats.facets[tone])
    ]


def colour(value: str) -> str:
    """The class of a tone's colour."""
    if value == UNKNOWN:
        return "tone unknown"
    name = canonical_emotion(value)
    return f"tone {name}" if name in EMOTIONS else "tone"


def certainty_html(stats: CollectionStatistics, state: SearchState) -> str:
    """How the scores of each emotion are spread; empty where there are none."""
    if not stats.score_histograms:
        return ""
    uncertain = stats.facets["emotion"].get(UNCERTAIN, 0)
    order = [value for value in facet_order("emotion", stats.facets["emotion"]) if value in stats.score_histograms]
    rows = [
        (
            Bar(value, stats.facets["emotion"][value], link(state.with_values("emotion", [value]))),
            histogram_html(stats.score_histograms[value], _TENTHS),
        )
        for value in order
    ]
    one = noun(stats)
    told = f"{counted(uncertain, one)} ({share(uncertain, stats.total)}) {'is' if uncertain == 1 else 'are'} uncertain"
    scores = spreads_html(
        rows, ("emotion", "score from 0 to 1", f"{one}s"), f"How many {one}s have which score, by emotion"
    )
    return f"<p>{told}: there the tagger would not guess.</p>{scores}"
