"""Ways out of a search that finds nothing: other words, another mode, or one filter less."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from indexer.schema import facet_label, facet_name
from search_ui.search.facets import range_chips
from search_ui.state import SearchState

START_OVER: Final = "begin again with everything"


@dataclass(frozen=True, slots=True)
class SuggestedSearch:
    """Another search that may find more, and how it is offered."""

    text: str
    state: SearchState


def suggested_searches(state: SearchState, better: str | None = None) -> Iterator[SuggestedSearch]:
    """What may be tried in place of this search, the least change first; ``better`` words may have been meant.

    The values of one facet go together: they are alternatives, so that one less of them finds no more.
    """
    if better:
        yield SuggestedSearch(f"did you mean “{better}”?", state.with_words(better))
    for facet, values in state.filters.items():
        told = " or ".join(facet_label(facet, value) for value in values)
        yield SuggestedSearch(f"drop {facet_name(facet)}: {told}", state.with_values(facet, ()))
    for chip in range_chips(state):
        yield SuggestedSearch(f"drop {chip.label}", chip.without)
    if len(state.filters) + len(state.ranges) > 1:
        yield SuggestedSearch("drop all filters", state.without_filters())
    if state.words and state.mode == "exact":
        yield SuggestedSearch("be forgiving: find it even if misrecognised", state.in_mode("forgiving"))
    if state.words and state.mode != "sounds-like":
        yield SuggestedSearch("try what sounds like it", state.in_mode("sounds-like"))
    if state != SearchState():
        yield SuggestedSearch(START_OVER, SearchState())


def reason_for_nothing(state: SearchState) -> str:
    """Why nothing was found, as a sentence."""
    if state.has_filters:
        return f"No {'such ' if state.words or state.like or state.same else ''}clip passes these filters."
    if state.like:
        return "No other clip shares words with this one."
    if state.same:
        return "No clip is known to have this sentence."
    words = state.words.split()
    if "OR" in words or not all(word.replace("'", "").isalnum() for word in words):
        return "There is no such clip."  # what it asks for stands in the sentence under the box
    return (
        "No clip was heard to say all of these words." if len(words) > 1 else f"No clip was heard to say “{words[0]}”."
    )
