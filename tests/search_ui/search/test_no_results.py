"""Suggestions for a search without results, and why it has none."""

import pytest

from indexer.index import Range
from search_ui.search.no_results import reason_for_nothing, suggested_searches
from search_ui.state import SearchState


def offered(state: SearchState) -> dict[str, SearchState]:
    return {way.text: way.state for way in suggested_searches(state)}


def test_each_filter_can_be_removed_on_its_own() -> None:
    state = SearchState("dog", mode="sounds-like", filters={"age": ("fourties",)}, ranges={"duration": Range(2.0)})

    assert offered(state) == {
        "Remove filter age: forties": SearchState("dog", mode="sounds-like", ranges={"duration": Range(2.0)}),
        "Remove filter duration: from 2 s": SearchState("dog", mode="sounds-like", filters={"age": ("fourties",)}),
        "Remove all filters": SearchState("dog", mode="sounds-like"),
        "Show all clips": SearchState(),
    }


def test_the_values_of_one_facet_are_removed_together() -> None:
    state = SearchState(mode="sounds-like", filters={"age": ("teens", "fourties"), "accent": ("us",)})

    assert offered(state) == {
        "Remove filter age: teens or forties": state.with_values("age", ()),
        "Remove filter accent: United States": state.with_values("accent", ()),
        "Remove all filters": SearchState(mode="sounds-like"),
        "Show all clips": SearchState(),
    }


def test_a_corrected_spelling_is_offered_first_and_keeps_the_filters() -> None:
    state = SearchState("dgo", filters={"age": ("teens",)})

    first, *others = suggested_searches(state, "dog")
    assert first.state == SearchState("dog", filters={"age": ("teens",)})
    assert "“dog”" in first.text
    assert "Remove all filters" not in {way.text for way in others}, "there is only one suggestion"


@pytest.mark.parametrize(
    ("mode", "others"),
    [
        ("exact", ["forgiving", "sounds-like"]),
        ("forgiving", ["sounds-like"]),
        ("sounds-like", []),
        ("any", ["sounds-like"]),
    ],
)
def test_modes_that_find_more_are_offered(mode: str, others: list[str]) -> None:
    ways = list(offered(SearchState("dog", mode=mode, possible=0.5)).values())

    assert ways == [*(SearchState("dog", mode=other) for other in others), SearchState()]


@pytest.mark.parametrize("mode", ["exact", "forgiving", "sounds-like"])
def test_mode_any_is_offered_for_several_words(mode: str) -> None:
    assert SearchState("black dog", mode="any") in offered(SearchState("black dog", mode=mode)).values()
    assert all(way.mode != "any" for way in offered(SearchState("dog", mode=mode)).values())


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (SearchState("dog", filters={"age": ("teens",)}), "No clip matches the search and the filters."),
        (SearchState(ranges={"duration": Range(20.0)}), "No clip matches the filters."),
        (SearchState("dog"), "“dog”"),
        (SearchState("dog cat"), "all of these words"),
        (SearchState("dog cat", mode="any"), "any of these words"),
        (SearchState("haven't"), "“haven't”"),
        (SearchState("emotion:angry"), "No clip matches this search."),
        (SearchState("dog OR cat"), "No clip matches this search."),
        (SearchState("?!"), "No clip matches this search."),
        (SearchState(like="a.mp3"), "shares significant words"),
        (SearchState(same="a.mp3"), "this sentence"),
    ],
)
def test_an_empty_result_is_explained(state: SearchState, reason: str) -> None:
    assert reason in reason_for_nothing(state)
