"""Filters: each facet's values with their counts, the duration, and a chip for whatever is filtered by."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import streamlit as st

from indexer.fields import FACETS, facet_label, facet_order
from indexer.index import Range
from indexer.passages import LONGEST_PASSAGE
from search_ui.address import follow, go, here
from search_ui.state import ANY_DURATION, SearchState

SHOWN_VALUES: Final = 6
"""Values of one facet that are seen at once; the rest wait behind *more*, unless chosen."""

_MARKDOWN: Final = re.compile(r"([\\`*_\[\]<>:$~#&|])")


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet, how a person reads it, and how many passages choosing it would bring."""

    value: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in force: what it says, and the search without it."""

    label: str
    without: SearchState


def choices(facet: str, counts: Mapping[str, int], chosen: tuple[str, ...]) -> list[Choice]:
    """The values of a facet in the order in which people expect them; one that is chosen is never missing."""
    counts = dict.fromkeys(chosen, 0) | dict(counts)
    return [
        Choice(value, facet_label(facet, value), counts[value], value in chosen) for value in facet_order(facet, counts)
    ]


def chips(state: SearchState) -> Iterator[Chip]:
    """Everything that a search is filtered by."""
    for facet, values in state.filters.items():
        for value in values:
            others = (other for other in values if other != value)
            yield Chip(f"{facet}: {facet_label(facet, value)}", state.with_values(facet, others))
    if state.duration != ANY_DURATION:
        yield Chip(f"duration: {range_label(state.duration)}", state.lasting(ANY_DURATION))


def range_label(seconds: Range) -> str:
    """``2–8 s``, ``from 2 s`` or ``up to 8 s``."""
    if seconds.low is None:
        return f"up to {seconds.high:g} s"
    return f"from {seconds.low:g} s" if seconds.high is None else f"{seconds.low:g}–{seconds.high:g} s"


def plain(text: str) -> str:
    """Text that a widget's label shows as it stands: labels are Markdown, and values may hold anything."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def show_facets(state: SearchState, counts: Mapping[str, Mapping[str, int]]) -> None:
    """The filters, one group a facet."""
    with st.container(key="facets"):
        for facet in FACETS:
            if found := choices(facet, counts.get(facet, {}), state.chosen(facet)):
                show_facet(facet, found)
        show_duration(state.duration)


def show_facet(facet: str, all_choices: list[Choice]) -> None:
    """One facet: its first values and its chosen ones, and the rest when *more* was asked for."""
    is_whole = st.session_state.get(f"all of {facet}", False) or len(all_choices) == SHOWN_VALUES + 1
    seen = [choice for at, choice in enumerate(all_choices) if is_whole or at < SHOWN_VALUES or choice.is_chosen]
    labels = {choice.value: f"{plain(choice.label)} :gray[{choice.count:,}]" for choice in seen}
    key = follow(facet, [choice.value for choice in seen if choice.is_chosen])
    st.pills(
        facet.capitalize(),
        list(labels),
        selection_mode="multi",
        format_func=labels.__getitem__,
        key=key,
        on_change=_chose,
        args=(facet,),
        width="stretch",
    )
    if hidden := len(all_choices) - len(seen):
        st.button(f"{hidden} more", key=f"more {facet}", type="tertiary", on_click=_show_all, args=(facet,))


def _chose(facet: str) -> None:
    go(here().with_values(facet, st.session_state[facet]))


def _show_all(facet: str) -> None:
    st.session_state[f"all of {facet}"] = True


def show_duration(duration: Range) -> None:
    """A slider from 0 to the longest passage; at either end it asks for no bound there."""
    low = 0.0 if duration.low is None else min(duration.low, LONGEST_PASSAGE)
    high = LONGEST_PASSAGE if duration.high is None else min(duration.high, LONGEST_PASSAGE)
    key = follow("duration", (low, high))
    st.slider("Duration", 0.0, LONGEST_PASSAGE, step=0.5, format="%g s", key=key, on_change=_slid)


def _slid() -> None:
    low, high = st.session_state["duration"]
    go(here().lasting(Range(low or None, high if high < LONGEST_PASSAGE else None)))


def show_chips(state: SearchState) -> None:
    """A chip for each filter, which takes it away, and one to clear them all."""
    if not state.has_filters:
        return
    with st.container(key="chips", horizontal=True, gap="small"):
        for chip in chips(state):
            st.button(f"{plain(chip.label)} ×", key=f"chip {chip.label}", on_click=go, args=(chip.without,))
        st.button("clear all", key="clear-all", type="tertiary", on_click=go, args=(state.without_filters(),))
