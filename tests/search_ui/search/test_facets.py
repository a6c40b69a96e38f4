"""Facets and chips: values in display order, chosen values always included, labels escaped."""

import pytest

from indexer.index import Range
from indexer.schema import UNKNOWN
from search_ui.search.facets import (
    MOST_VALUES,
    Choice,
    chips,
    choices,
    escape_markdown,
    is_shown,
    range_label,
    seen_choices,
)
from search_ui.state import SearchState


def test_ages_are_in_ascending_order_with_unknown_last() -> None:
    found = choices("age", {UNKNOWN: 9, "twenties": 1, "fourties": 5, "teens": 2}, ("fourties",))

    assert found == [
        Choice("teens", "teens", 2, is_chosen=False),
        Choice("twenties", "twenties", 1, is_chosen=False),
        Choice("fourties", "forties", 5, is_chosen=True),
        Choice(UNKNOWN, UNKNOWN, 9, is_chosen=False),
    ]


def test_a_chosen_value_without_clips_is_still_shown() -> None:
    assert choices("accent", {"us": 3}, ("wales",))[-1] == Choice("wales", "Wales", 0, is_chosen=True)


@pytest.mark.parametrize(
    ("facet", "counts", "chosen", "shown"),
    [
        ("speaker", {UNKNOWN: 62}, (), False),
        ("speaker", {UNKNOWN: 62}, (UNKNOWN,), True),
        ("speaker", {}, (), False),
        ("speaker", {}, ("carol",), True),
        ("speaker", {UNKNOWN: 61, "carol": 1}, (), True),
        ("speaker", {"carol": 62}, (), True),
        ("language", {"en": 62}, (), False),
        ("language", {"en": 62}, ("en",), True),
        ("language", {"en": 61, UNKNOWN: 1}, (), True),
    ],
)
def test_a_facet_without_known_values_is_shown_only_if_it_has_a_filter(
    facet: str, counts: dict[str, int], chosen: tuple[str, ...], shown: bool
) -> None:
    assert is_shown(facet, counts, chosen) == shown


def test_of_thousands_of_values_the_first_and_the_typed_ones_are_shown() -> None:
    counts = {f"variety of town {number}": 3000 - number for number in range(3000)} | {"us": 5000}
    found = choices("accent", counts, ("variety of town 2999",))

    def shown(typed: str, *, is_whole: bool = False) -> list[str]:
        return [one.value for one in seen_choices(found, typed, is_whole=is_whole)]

    first = ["us", *(f"variety of town {number}" for number in range(5))]
    assert shown("") == [*first, "variety of town 2999"]
    assert len(shown("", is_whole=True)) == MOST_VALUES + 1
    assert shown("  Town 1234 ") == ["variety of town 1234", "variety of town 2999"]
    assert shown("UNITED") == shown("us") == ["us", "variety of town 2999"]
    assert shown("nosuch") == ["variety of town 2999"]


def test_a_chosen_value_in_another_spelling_is_the_counted_value() -> None:
    found = choices("accent", {"Midwestern": 3}, ("midwestern", "MIDWESTERN"))

    assert found == [Choice("Midwestern", "Midwestern", 3, is_chosen=True)]


def test_values_that_look_alike_have_different_labels() -> None:
    speakers = dict.fromkeys(["a b", "a  b", "Zoë", "Zoe\u0308", "q", "q\u200b", "p"], 1)
    labels = {one.value: one.label for one in choices("speaker", speakers, ())}

    assert len(set(labels.values())) == len(speakers)
    assert labels["p"] == "p"
    assert labels["a  b"] == "a  b (a␣␣b)"
    assert labels["Zoe\u0308"] == "Zoe\u0308 (Zoe\\u0308)"
    assert {choice.key for choice in chips(SearchState(filters={"speaker": tuple(speakers)}))} == {
        f"speaker {speaker}" for speaker in speakers
    }


def test_every_filter_has_a_chip_that_removes_only_it() -> None:
    state = SearchState(
        "dog", filters={"age": ("teens", "fourties"), "accent": ("us",)}, ranges={"duration": Range(2.0, 8.0)}, page=2
    )

    found = {chip.label: chip.without for chip in chips(state)}

    assert found == {
        "age: teens": SearchState(
            "dog", filters={"age": ("fourties",), "accent": ("us",)}, ranges={"duration": Range(2.0, 8.0)}
        ),
        "age: forties": SearchState(
            "dog", filters={"age": ("teens",), "accent": ("us",)}, ranges={"duration": Range(2.0, 8.0)}
        ),
        "accent: United States": SearchState(
            "dog", filters={"age": ("teens", "fourties")}, ranges={"duration": Range(2.0, 8.0)}
        ),
        "duration: 2–8 s": SearchState("dog", filters={"age": ("teens", "fourties"), "accent": ("us",)}),
    }


def test_a_search_without_filters_has_no_chips() -> None:
    assert list(chips(SearchState("dog", page=3))) == []


@pytest.mark.parametrize(
    ("bounds", "label"), [(Range(2.0, 7.5), "2–7.5"), (Range(2.0), "from 2"), (Range(high=0.25), "up to 0.25")]
)
def test_ranges_have_readable_labels(bounds: Range, label: str) -> None:
    assert range_label(bounds) == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("United States", "United States"),
        ("*loud*", r"\*loud\*"),
        (":red[x]", r"\:red\[x\]"),
        ("![a](http://b)", r"!\[a\](http\://b)"),
        ("<b>&amp;", r"\<b\>\&amp;"),
        ("a\n\nb", "a b"),
    ],
)
def test_no_value_is_markdown(text: str, label: str) -> None:
    assert escape_markdown(text) == label
