"""What is offered where nothing was found, and why that is."""

import pytest

from indexer.index import Range
from search_ui.search.no_results import reason_for_nothing, suggested_searches
from search_ui.state import SearchState


def offered(state: SearchState) -> dict[str, SearchState]:
    return {way.text: way.state for way in suggested_searches(state)}


def test_each_filter_can_be_dropped_alone() -> None:
    state = SearchState("dog", mode="sounds-like", filters={"age": ("fourties",)}, ranges={"duration": Range(2.0)})

    assert offered(state) == {
        "drop age: forties": SearchState("dog", mode="sounds-like", ranges={"duration": Range(2.0)}),
        "drop duration: from 2 s": SearchState("dog", mode="sounds-like", filters={"age": ("fourties",)}),
        "drop all filters": SearchState("dog", mode="sounds-like"),
        "begin again with everything": SearchState(),
    }


def test_the_values_of_one_facet_are_dropped_together() -> None:
    state = SearchState(mode="sounds-like", filters={"age": ("teens", "fourties"), "accent": ("us",)})

    assert offered(state) == {
        "drop age: teens or forties": state.with_values("age", ()),
        "drop accent: United States": state.with_values("accent", ()),
        "drop all filters": SearchState(mode="sounds-like"),
        "begin again with everything": SearchState(),
    }


def test_what_may_have_been_meant_is_offered_first_and_keeps_the_filters() -> None:
    state = SearchState("dgo", filters={"age": ("teens",)})

    first, *others = suggested_searches(state, "dog")
    assert first.state == SearchState("dog", filters={"age": ("teens",)})
    assert "“dog”" in first.text
    assert "drop all filters" not in {way.text for way in others}, "there is but one"


@pytest.mark.parametrize(
    ("mode", "others"), [("exact", ["forgiving", "sounds-like"]), ("forgiving", ["sounds-like"]), ("sounds-like", [])]
)
def test_modes_that_find_more_are_offered(mode: str, others: list[str]) -> None:
    ways = list(offered(SearchState("dog", mode=mode)).values())

    assert ways == [*(SearchState("dog", mode=other) for other in others), SearchState()]


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (SearchState("dog", filters={"age": ("teens",)}), "No such clip passes these filters."),
        (SearchState(ranges={"duration": Range(20.0)}), "No clip passes these filters."),
        (SearchState("dog"), "“dog”"),
        (SearchState("dog cat"), "all of these words"),
        (SearchState("haven't"), "“haven't”"),
        (SearchState("emotion:angry"), "There is no such clip."),
        (SearchState("dog OR cat"), "There is no such clip."),
        (SearchState("?!"), "There is no such clip."),
        (SearchState(like="a.mp3"), "shares words"),
        (SearchState(same="a.mp3"), "this sentence"),
    ],
)
def test_the_reason_is_said(state: SearchState, why: str) -> None:
    assert why in reason_for_nothing(state)
