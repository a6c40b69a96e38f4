"""Ways out of a search that finds nothing: other words, another mode, or one filter less."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from indexer.schema import facet_label, facet_name
from search_ui.search.facets import range_chips
from search_ui.state import SearchState

FROM_THE_START: Final = "begin again with everything"


@dataclass(frozen=True, slots=True)
class WayOut:
    """Another search that may find more, and how it is offered."""

    text: str
    state: SearchState


def ways_out(state: SearchState, better: str | None = None) -> Iterator[WayOut]:
    """What may be tried in place of this search, the least change first; ``better`` words may have been meant.

    The values of one facet go together: they are alternatives, so that one less of them finds no more.
    """
    if better:
        yield WayOut(f"did you mean “{better}”?", state.asking(better))
    for facet, values in state.filters.items():
        told = " or ".join(facet_label(facet, value) for value in values)
        yield WayOut(f"drop {facet_name(facet)}: {told}", state.with_values(facet, ()))
    for chip in range_chips(state):
        yield WayOut(f"drop {chip.label}", chip.without)
    if len(state.filters) + len(state.ranges) > 1:
        yield WayOut("drop all filters", state.without_filters())
    if state.words and state.mode == "exact":
        yield WayOut("be forgiving: find it even if heard differently", state.in_mode("forgiving"))
    if state.words and state.mode != "sounds-like":
        yield WayOut("try what sounds like it", state.in_mode("sounds-like"))
    if state != SearchState():
        yield WayOut(FROM_THE_START, SearchState())


def why_nothing(state: SearchState) -> str:
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
