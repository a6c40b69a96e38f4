"""The search state and its address are equivalent, and any address is valid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.index import Range, Sort
from indexer.query.filters import ORDERS
from indexer.schema import FACETS, RANGES, facet_name
from search_ui.state import LONGEST_WORDS, MOST_PAGES, OFFERED_MODES, SearchState

VALUES = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=3, unique=True).map(tuple)
BOUNDS = st.one_of(st.none(), st.integers(0, 60_000).map(lambda number: number / 1000))
SPANS = (
    st.tuples(BOUNDS, BOUNDS)
    .filter(lambda bounds: bounds != (None, None) and (None in bounds or bounds[0] <= bounds[1]))
    .map(lambda bounds: Range(*bounds))
)
STATES = st.builds(
    lambda terms, **others: SearchState(**terms, **others),
    st.tuples(st.sampled_from(["words", "like", "same"]), st.text(max_size=40).map(str.strip)).map(
        lambda one: dict([one])
    ),
    mode=st.sampled_from(OFFERED_MODES),
    filters=st.dictionaries(st.sampled_from(FACETS), VALUES),
    ranges=st.dictionaries(st.sampled_from(RANGES), SPANS),
    sort=st.none() | st.sampled_from(sorted(ORDERS.values(), key=str)),
    possible=st.none() | st.integers(0, 100).map(lambda number: number / 100),
    page=st.integers(1, MOST_PAGES),
)


@given(STATES)
def test_an_address_restores_its_search(state: SearchState) -> None:
    assert SearchState.from_params(state.to_params()) == state


@given(
    st.dictionaries(
        st.sampled_from(
            ["q", "like", "same", "mode", "page", "sort", "possible", *RANGES, *map(facet_name, FACETS), "other"]
        ),
        st.lists(st.text() | st.text("0123456789.-e", max_size=12)),
    )
)
def test_any_address_is_a_valid_search(params: dict[str, list[str]]) -> None:
    state = SearchState.from_params(params)

    assert state.page >= 1
    assert SearchState.from_params(state.to_params()) == state


def test_an_empty_address_means_all_clips_and_stays_empty() -> None:
    assert SearchState.from_params({}) == SearchState()
    assert SearchState().to_params() == {}


def test_an_address_is_readable() -> None:
    filters = {"age": ("teens", "unknown")}
    state = SearchState(
        "black smith",
        mode="sounds-like",
        filters=filters,
        ranges={"duration": Range(2.0, 7.5), "wer": Range(0.125)},
        possible=0.3,
        page=3,
    )

    assert state.to_params() == {
        "q": ["black smith"],
        "mode": ["sounds-like"],
        "age": ["teens", "unknown"],
        "duration": ["2-7.5"],
        "wer": ["0.125-"],
        "possible": ["0.3"],
        "page": ["3"],
    }


@pytest.mark.parametrize(
    ("text", "least"),
    [("0.3", 0.3), ("0", 0.0), ("1", 1.0), ("0.416", 0.42), ("1.5", None), ("-0.1", None), ("nan", None), ("", None)],
)
def test_the_least_probability_is_between_0_and_1(text: str, least: float | None) -> None:
    assert SearchState.from_params({"possible": [text]}).possible == least


def test_the_least_probability_is_kept_for_other_words_and_reset_with_the_mode() -> None:
    state = SearchState("dog", possible=0.3, page=3)

    assert state.with_words("cat").possible == 0.3
    assert state.with_values("age", ["teens"]).possible == 0.3
    assert state.in_mode("sounds-like") == SearchState("dog", mode="sounds-like")
    assert state.showing_possible(None) == SearchState("dog", page=3)


def test_spellings_of_one_value_are_one_filter() -> None:
    params = {"age": ["fourties", "forties", "20s"], "accent": ["United States", "us", "x", "X"], "speaker": ["x", "X"]}

    assert SearchState.from_params(params).filters == {
        "age": ("fourties", "twenties"),
        "accent": ("us", "x"),
        "speaker": ("x", "X"),
    }


@pytest.mark.parametrize("mode", ["", "baseline", "loud", "EXACT"])
def test_a_mode_that_is_not_offered_is_the_default(mode: str) -> None:
    assert SearchState.from_params({"mode": [mode]}) == SearchState()


def test_a_clip_replaces_the_words_and_words_replace_a_clip() -> None:
    state = SearchState("dog", mode="exact", filters={"age": ("teens",)}, page=3)

    assert state.similar_to("a b.mp3").address == "?like=a+b.mp3&mode=exact"
    assert state.same_sentence_as("a.mp3").to_params() == {"same": ["a.mp3"], "mode": ["exact"]}
    assert state.similar_to("a.mp3").with_words("cat") == SearchState("cat", mode="exact")
    assert SearchState.from_params({"q": ["dog"], "like": ["a.mp3"], "same": ["b.mp3"]}) == SearchState(like="a.mp3")


@pytest.mark.parametrize("page", ["0", "-1", "two", "1.5", "", "²", "9" * 5000])
def test_an_invalid_page_is_the_first(page: str) -> None:
    assert SearchState.from_params({"page": [page]}).page == 1


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("2-8", Range(2.0, 8.0)),
        ("2-", Range(2.0, None)),
        ("-8", Range(None, 8.0)),
        ("2", Range(2.0, None)),
        ("8-2", Range()),
        ("-", Range()),
        ("nan-inf", Range()),
        ("short", Range()),
    ],
)
def test_a_duration_range_may_be_open_and_invalid_ranges_are_ignored(text: str, duration: Range) -> None:
    assert SearchState.from_params({"duration": [text]}).bounds("duration") == duration


def test_a_field_that_is_not_a_facet_is_not_a_filter() -> None:
    assert SearchState.from_params({"generated_text": ["x"], "age": ["teens"]}).filters == {"age": ("teens",)}


def test_the_values_of_a_facet_are_replaced_and_other_facets_kept() -> None:
    state = SearchState("dog", filters={"gender": ("female",)}, page=4).with_values("age", ["teens", "unknown"])

    assert state == SearchState("dog", filters={"age": ("teens", "unknown"), "gender": ("female",)})
    assert state.with_values("age", []).filters == {"gender": ("female",)}


def test_every_change_except_of_the_page_returns_to_the_first_page() -> None:
    third = SearchState("dog", filters={"age": ("teens",)}, page=3)

    assert third.with_words(" cat ") == SearchState("cat", filters={"age": ("teens",)})
    assert third.with_values("gender", ["female"]).page == 1
    assert third.within("duration", Range(1.0)).page == 1
    assert third.sorted_by(Sort("wer")).page == 1
    assert third.in_mode("exact") == SearchState("dog", mode="exact", filters={"age": ("teens",)})
    assert third.on_page(4) == SearchState("dog", filters={"age": ("teens",)}, page=4)


def test_removing_the_filters_keeps_the_query() -> None:
    state = SearchState("dog", filters={"age": ("teens",)}, ranges={"duration": Range(1.0)}, page=2)

    assert state.has_filters
    assert state.without_filters() == SearchState("dog")
    assert SearchState(same="a.mp3", mode="exact", page=2).without_filters() == SearchState(same="a.mp3", mode="exact")
    assert not state.without_filters().has_filters


def test_a_query_that_is_too_long_is_recognised_and_fits_into_an_address() -> None:
    state = SearchState.from_params({"q": ["x" * 100_000]})

    assert state.is_too_long
    assert state == SearchState().with_words("x" * 100_000)
    assert len(state.words) == LONGEST_WORDS + 1
    assert not SearchState("x" * LONGEST_WORDS).is_too_long
