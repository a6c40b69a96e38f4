"""Filters: the values of each facet with their counts, sliders, and a chip for each active filter."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import streamlit as st

from hearsay.corpora.values import fold
from indexer.index import Range
from indexer.schema import (
    FACETS,
    VALUE_FACETS,
    facet_label,
    facet_name,
    facet_order,
    has_known_values,
    value_key,
)
from search_ui.search.request import Extent
from search_ui.state import ANY, SearchState
from search_ui.url import current_search, navigate, sync_widget

SHOWN_VALUES: Final = 6
"""Values of one facet that are visible at first; the rest is hidden behind *Show more*, unless chosen."""

MOST_VALUES: Final = 30
"""Values of one facet that are shown at once; of more, those that are typed into a search box are found."""

_SECONDS: Final = tuple(map(float, (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 45, 60, 120, 300, 600, 1800, 3600)))
"""The stops of the duration slider."""

_SHARES: Final = tuple(at / 20 for at in range(21))
"""The stops of the confidence slider."""

_RANGE_NAMES: Final[Mapping[str, str]] = {"wer": "word error rate"}
"""Labels of numeric filters, if not the name of the field."""

_MARKDOWN: Final = re.compile(r"([\\`*_\[\]<>:$~#&|])")


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet, its label, and the number of passages that choosing it would return."""

    value: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter: a key that no other filter of the search has, its label, and the search without it."""

    key: str
    label: str
    without: SearchState


def choices(facet: str, counts: Mapping[str, int], chosen: tuple[str, ...]) -> list[Choice]:
    """The values of a facet in display order; chosen values are always included, in the spelling that is counted."""
    spellings = {value_key(facet, value): value for value in counts} if facet in VALUE_FACETS else {}
    wanted = dict.fromkeys(spellings.get(value_key(facet, value), value) if spellings else value for value in chosen)
    counts = dict.fromkeys(wanted, 0) | dict(counts)
    labels = distinct_labels(facet, counts)
    return [Choice(value, labels[value], counts[value], value in wanted) for value in facet_order(facet, counts)]


def distinct_labels(facet: str, values: Iterable[str]) -> dict[str, str]:
    """The label of each value; if several look alike, each has its spelling in brackets, with codes and visible spaces.

    Streamlit takes labels for identities.
    """
    labels = {value: facet_label(facet, value) for value in values}
    looks = Counter(map(_look, labels.values()))
    return {
        value: f"{label} ({_spelling(value)})" if looks[_look(label)] > 1 else label for value, label in labels.items()
    }


def _look(label: str) -> str:
    """What a reader sees: without differences in Unicode form, invisible characters, and the number of spaces."""
    if not label.isascii():
        label = unicodedata.normalize("NFC", "".join(one for one in label if unicodedata.category(one) != "Cf"))
    return " ".join(label.split())


def _spelling(value: str) -> str:
    return value.encode("unicode_escape").decode().replace(" ", "␣")


def seen_choices(found: Sequence[Choice], typed: str, *, is_whole: bool) -> list[Choice]:
    """The choices that are shown: the chosen ones, and those with the ``typed`` text in their label or value.

    If nothing is typed, these are the first ones, or all if ``is_whole``; never more than `MOST_VALUES`.
    """
    wanted = fold(typed)
    matching = [one for one in found if wanted in fold(one.label) or wanted in fold(one.value)] if wanted else found
    shown = {one.value for one in matching[: MOST_VALUES if wanted or is_whole else SHOWN_VALUES]}
    return [one for one in found if one.value in shown or one.is_chosen]


def chips(state: SearchState) -> Iterator[Chip]:
    """All filters of a search."""
    for facet, values in state.filters.items():
        for value, label in distinct_labels(facet, values).items():
            others = (other for other in values if other != value)
            yield Chip(f"{facet} {value}", f"{facet_name(facet)}: {label}", state.with_values(facet, others))
    yield from range_chips(state)


def range_chips(state: SearchState) -> Iterator[Chip]:
    """The numeric filters of a search."""
    for name, bounds in state.ranges.items():
        unit = " s" if name == "duration" else ""
        yield Chip(name, f"{_RANGE_NAMES.get(name, name)}: {range_label(bounds)}{unit}", state.within(name, ANY))


def range_label(bounds: Range) -> str:
    """``2–8``, ``from 2`` or ``up to 8``."""
    if bounds.low is None:
        return f"up to {bounds.high:g}"
    return f"from {bounds.low:g}" if bounds.high is None else f"{bounds.low:g}–{bounds.high:g}"


def escape_markdown(text: str) -> str:
    """Text for a widget's label, which Streamlit reads as Markdown: nothing in it has a special meaning."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def show_facets(state: SearchState, counts: Mapping[str, Mapping[str, int]], extent: Extent) -> None:
    """The filters: one group per facet, and sliders."""
    with st.container(key="facets"):
        for facet in FACETS:
            if is_shown(facet, counts.get(facet, {}), state.chosen(facet)):
                show_facet(facet, choices(facet, counts.get(facet, {}), state.chosen(facet)))
        show_slider(state, "duration", stops(extent.longest), "{:g} s")
        if "confidence" in extent.numbers | state.ranges.keys():
            show_slider(state, "confidence", _SHARES, "{:.2f}")
        if "agreement" in extent.numbers | state.ranges.keys():
            show_slider(state, "agreement", _SHARES, "{:.2f}")


def is_shown(facet: str, counts: Mapping[str, int], chosen: tuple[str, ...]) -> bool:
    """Whether a facet is listed: always if it has a filter, and never if its only value is *unknown*.

    Models and languages are listed only if there are several.
    """
    if chosen:
        return True
    return has_known_values(counts) and (facet not in ("language", "asr_model") or len(counts) > 1)


def show_facet(facet: str, all_choices: list[Choice]) -> None:
    """One facet: its first values and its chosen ones; more after a click on *Show more*; of many, those typed."""
    name = facet_name(facet)
    typed = ""
    if len(all_choices) > MOST_VALUES:
        typed = st.text_input(
            f"Find {name}", key=f"find {facet}", placeholder=f"find one of {len(all_choices):,} values of {name}"
        )
    is_whole = st.session_state.get(f"all of {facet}", False) or len(all_choices) == SHOWN_VALUES + 1
    seen = seen_choices(all_choices, typed, is_whole=is_whole)
    labels = {choice.value: f"{escape_markdown(choice.label)} :gray[{choice.count:,}]" for choice in seen}
    key = sync_widget(facet, [choice.value for choice in seen if choice.is_chosen])
    st.pills(
        name.capitalize(),
        list(labels),
        selection_mode="multi",
        format_func=labels.__getitem__,
        key=key,
        on_change=_on_values,
        args=(facet,),
        width="stretch",
    )
    hidden = min(len(all_choices), MOST_VALUES) - len(seen)
    if hidden > 0 and not (is_whole or typed):
        st.button(f"Show {hidden} more", key=f"more {facet}", type="tertiary", on_click=_show_all, args=(facet,))


def _on_values(facet: str) -> None:
    navigate(current_search().with_values(facet, st.session_state[facet]))


def _show_all(facet: str) -> None:
    st.session_state[f"all of {facet}"] = True


def stops(longest: float) -> tuple[float, ...]:
    """The stops of the duration slider, from 0 to the longest clip; denser where most clips are."""
    return tuple(stop for before, stop in pairwise((-1.0, *_SECONDS)) if before < max(longest, _SECONDS[1]))


def show_slider(state: SearchState, name: str, places: tuple[float, ...], label: str) -> None:
    """A slider for one number with these stops and the chosen bounds; an end of the slider means no bound."""
    bounds = state.bounds(name)
    low = places[0] if bounds.low is None else bounds.low
    high = max(places[-1], low) if bounds.high is None else bounds.high
    options = sorted({*places, low, high})
    ends = options[0], options[-1]
    st.select_slider(
        name.capitalize(),
        options,
        value=ends,  # makes it a range slider; its position comes from the address
        format_func=label.format,
        key=sync_widget(name, (low, high)),
        on_change=_on_slider,
        args=(name, ends),
    )


def _on_slider(name: str, ends: tuple[float, float]) -> None:
    low, high = st.session_state[name]
    navigate(current_search().within(name, Range(low if low > ends[0] else None, high if high < ends[1] else None)))


def show_chips(state: SearchState) -> None:
    """A chip for each filter, which removes it, and a button that removes all."""
    if not state.has_filters:
        return
    with st.container(key="chips", horizontal=True, gap="small"):
        for chip in chips(state):
            st.button(
                f"{escape_markdown(chip.label)} ×", key=f"chip {chip.key}", on_click=navigate, args=(chip.without,)
            )
        st.button("Clear all", key="clear-all", type="tertiary", on_click=navigate, args=(state.without_filters(),))
