"""Suggestions for a search without results: a corrected spelling, one filter less, or another mode."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from indexer.schema import facet_label, facet_name
from search_ui.search.facets import range_chips
from search_ui.state import SearchState

START_OVER: Final = "Show all clips"


@dataclass(frozen=True, slots=True)
class SuggestedSearch:
    """Another search that may have results, and the text of its link."""

    text: str
    state: SearchState


def suggested_searches(state: SearchState, corrected: str | None = None) -> Iterator[SuggestedSearch]:
    """Alternatives to this search, the smallest change first; ``corrected`` is the text with a corrected spelling.

    The values of one facet are removed together: they are alternatives, so that one value less finds nothing more.
    """
    if corrected:
        yield SuggestedSearch(f"Did you mean “{corrected}”?", state.with_words(corrected))
    for facet, values in state.filters.items():
        labels = " or ".join(facet_label(facet, value) for value in values)
        yield SuggestedSearch(f"Remove filter {facet_name(facet)}: {labels}", state.with_values(facet, ()))
    for chip in range_chips(state):
        yield SuggestedSearch(f"Remove filter {chip.label}", chip.without)
    if len(state.filters) + len(state.ranges) > 1:
        yield SuggestedSearch("Remove all filters", state.without_filters())
    if len(state.words.split()) > 1 and state.mode != "any":
        yield SuggestedSearch("Mode any: clips with at least one of the words", state.in_mode("any"))
    if state.words and state.mode == "exact":
        yield SuggestedSearch("Forgiving mode: words that were probably misrecognised", state.in_mode("forgiving"))
    if state.words and state.mode != "sounds-like":
        yield SuggestedSearch("Sounds-like mode: all that is similar in sound", state.in_mode("sounds-like"))
    if state != SearchState():
        yield SuggestedSearch(START_OVER, SearchState())


def reason_for_nothing(state: SearchState) -> str:
    """Why a search has no results, as a sentence."""
    if state.has_filters:
        has_query = state.words or state.like or state.same
        return f"No clip matches {'the search and the filters' if has_query else 'the filters'}."
    if state.like:
        return "No other clip shares significant words with this one."
    if state.same:
        return "No clip is known to contain this sentence."
    words = state.words.split()
    if "OR" in words or not all(word.replace("'", "").isalnum() for word in words):
        return "No clip matches this search."  # the sentence below the query box explains what it asks for
    several = "any of these words" if state.mode == "any" else "all of these words"
    what = several if len(words) > 1 else f"“{words[0]}”"
    return f"No transcript contains {what}."
