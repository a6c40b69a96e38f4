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
from search_ui.insights.slices import link, noun, rest_html, rows_of, too_few
from search_ui.state import SearchState

_NO_TAGGER: Final = (
    "<p>No clip has an emotion, so there is nothing to show. Decode the clips with a tagger to have them.</p>"
)

_TENTHS: Final = [f".{at} to {f'.{at + 1}' if at < TENTHS - 1 else '1'}" for at in range(TENTHS)]


def tones_html(drawn: CollectionStatistics, state: SearchState) -> str:
    """Sentiment and emotion of all and by speaker: of each value one bar for either."""
    if not any(drawn.facets[tone].keys() - {UNKNOWN} for tone in EMOTION_FACETS):
        return _NO_TAGGER
    legends = "".join(legend_html(_parts(drawn, tone, drawn.facets[tone], state), tone) for tone in EMOTION_FACETS)
    whole = Stacked(
        Bar("all", drawn.total, link(state)),
        [_parts(drawn, tone, drawn.facets[tone], state) for tone in EMOTION_FACETS],
    )
    return (
        f"{legends}{stacked_html([whole], '', f'Sentiment and emotion of all {noun(drawn)}s', noun(drawn))}"
        f"{''.join(_by(drawn, facet, state) for facet in SPEAKER)}"
    )


def _by(drawn: CollectionStatistics, facet: str, state: SearchState) -> str:
    rows = rows_of(drawn, facet, state)
    if not rows:
        return f"<p>No clip tells the speaker's {facet}.</p>"
    stacked = [_slice(drawn, facet, row, state.with_values(facet, [row.label])) for row in rows]
    table = stacked_html(stacked, facet, f"Sentiment and emotion by {facet}", noun(drawn))
    return table + rest_html(drawn, facet, rows)


def _slice(drawn: CollectionStatistics, facet: str, row: Bar, state: SearchState) -> Stacked:
    whole = Bar(facet_label(facet, row.label), row.count, row.address)
    if row.count < FEWEST_CLIPS:
        return Stacked(whole, [], too_few(row.count))
    return Stacked(
        whole, [_parts(drawn, tone, drawn.emotions[tone][facet].get(row.label, {}), state) for tone in EMOTION_FACETS]
    )


def _parts(drawn: CollectionStatistics, tone: str, counts: Mapping[str, int], state: SearchState) -> list[Part]:
    """A tone's values, in one and the same order wherever they are drawn."""
    return [
        Part(facet_label(tone, value), counts.get(value, 0), link(state.with_values(tone, [value])), colour(value))
        for value in facet_order(tone, drawn.facets[tone])
    ]


def colour(value: str) -> str:
    """The class of a tone's colour."""
    if value == UNKNOWN:
        return "tone unknown"
    name = canonical_emotion(value)
    return f"tone {name}" if name in EMOTIONS else "tone"


def certainty_html(drawn: CollectionStatistics, state: SearchState) -> str:
    """How the scores of each emotion are spread; empty where there are none."""
    if not drawn.score_histograms:
        return ""
    uncertain = drawn.facets["emotion"].get(UNCERTAIN, 0)
    order = [value for value in facet_order("emotion", drawn.facets["emotion"]) if value in drawn.score_histograms]
    rows = [
        (
            Bar(value, drawn.facets["emotion"][value], link(state.with_values("emotion", [value]))),
            histogram_html(drawn.score_histograms[value], _TENTHS),
        )
        for value in order
    ]
    one = noun(drawn)
    told = f"{counted(uncertain, one)} ({share(uncertain, drawn.total)}) {'is' if uncertain == 1 else 'are'} uncertain"
    scores = spreads_html(
        rows, ("emotion", "score from 0 to 1", f"{one}s"), f"How many {one}s have which score, by emotion"
    )
    return f"<p>{told}: there the tagger would not guess.</p>{scores}"
