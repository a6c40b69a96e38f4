"""Possible matches on the search page: apart from the matches, counted, in order of probability, with a slider."""

import re
from dataclasses import replace
from typing import Final

import pytest
from streamlit.testing.v1 import AppTest

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Segment
from tests.support.apps import ROWS, Open, address, hits, html, possible

KNOWN: Final = ClipRow("known.mp3", text="the blacksmith sang", generated_text="the black smith sang", duration=2.0)
"""A misrecognised word that is in the reference: the probability is 1."""

LIKELY: Final = ClipRow("likely.mp3", generated_text="the black smith sang", age="teens", duration=3.0)
UNLIKELY: Final = ClipRow("unlikely.mp3", generated_text="the blocks meant little", duration=4.0)
MATCH: Final = ClipRow("match.mp3", generated_text="a blacksmith", duration=5.0)
ALIKE: Final = [MATCH, KNOWN, LIKELY, UNLIKELY]

MANY: Final = [replace(LIKELY, id=f"{number:02}.mp3") for number in range(25)]


def headings(page: AppTest) -> list[str]:
    return re.findall('<h2 class="doubt"><span>(.*?)</span></h2>', html(page))


def listed(page: AppTest) -> list[str]:
    """The clips of the possible matches, in order."""
    return re.findall('<span class="clip">(.*?)</span>', html(page).partition('<h2 class="doubt">')[2])


def slider_keys(page: AppTest) -> list[str | None]:
    return [slider.key for slider in page.select_slider]


def test_possible_matches_are_below_the_matches_with_their_number_and_not_in_the_total(opened: Open) -> None:
    page = opened(ALIKE, q="blacksmith", possible="0.01")

    assert ">1 clip · 5 s<" in html(page)
    assert hits(page) == 1
    assert headings(page) == ["2 possible matches"]
    assert html(page).index("match.mp3") < html(page).index("2 possible matches")
    assert "1 less probable one is not shown." in html(page)


def test_possible_matches_are_in_order_of_probability_with_an_explanation(opened: Open) -> None:
    page = opened(ALIKE, q="blacksmith", possible="0")

    assert listed(page) == ["known.mp3", "likely.mp3", "unlikely.mp3"]
    assert '“black smith” for “blacksmith”, in the reference, <span class="probability">1.00</span>' in html(page)
    assert '<mark class="possible">black</mark> <mark class="possible">smith</mark> sang' in html(page)


def test_without_matches_the_page_says_so_and_shows_possible_matches_and_other_searches(opened: Open) -> None:
    page = opened(ALIKE[1:], q="blacksmith")
    shown = html(page)

    assert hits(page) == 0
    assert all("No transcript" not in info.value for info in page.info)
    assert shown.index("No transcript contains “blacksmith”.") < shown.index(" possible match")
    assert "known.mp3" in listed(page)
    assert shown.index("known.mp3") < shown.index(">Show all clips</a> <small>3 clips</small>")


def test_without_any_results_the_number_is_stated_and_less_probable_ones_are_one_click_away(opened: Open) -> None:
    page = opened([UNLIKELY], q="blacksmith")

    assert page.info[0].value == "No transcript contains “blacksmith”."
    assert headings(page) == ["No possible matches"]
    assert '1 less probable one is not shown. <a class="go" href="?q=blacksmith&amp;possible=0"' in html(page)
    assert "possible" in slider_keys(page)

    page = opened(q="zzz")
    assert headings(page) == ["No possible matches"]
    assert "possible" not in slider_keys(page), "there is nothing to choose"


def test_a_search_without_words_has_no_possible_matches(opened: Open) -> None:
    for params in (
        {},
        {"age": "teens"},
        {"q": "duration:2-3"},
        {"q": "blacksmith", "mode": "exact"},
        {"like": "match.mp3"},
    ):
        assert headings(opened(ALIKE, **params)) == [], params


def test_the_slider_shows_the_default_and_writes_another_value_to_the_address(opened: Open) -> None:
    page = opened(ALIKE, q="blacksmith")
    default = page.select_slider(key="possible").value
    assert address(page) == {"q": ["blacksmith"]}

    page.select_slider(key="possible").set_value(0.0).run()
    assert address(page) == {"q": ["blacksmith"], "possible": ["0"]}
    assert possible(page) == 3

    page.select_slider(key="possible").set_value(1.0).run()
    assert address(page) == {"q": ["blacksmith"], "possible": ["1"]}
    assert headings(page) == ["Possible matches are hidden"]
    assert possible(page) == 0

    page.select_slider(key="possible").set_value(default).run()
    assert address(page) == {"q": ["blacksmith"]}


def test_the_slider_shows_a_value_between_its_stops(opened: Open) -> None:
    page = opened(ALIKE, q="blacksmith", possible="0.33")

    assert page.select_slider(key="possible").value == 0.33
    assert {"0 (all)", "0.05", "0.33", "1 (none)"} <= set(page.select_slider(key="possible").options)


def test_sounds_like_shows_everything_similar(opened: Open) -> None:
    page = opened(ALIKE, q="blacksmith", mode="sounds-like")

    assert hits(page) == 1
    assert headings(page) == ["3 possible matches"]
    assert "less probable" not in html(page)
    assert page.select_slider(key="possible").value == 0.0


def test_possible_matches_pass_the_filters_and_keep_their_order_when_matches_are_sorted(opened: Open) -> None:
    assert listed(opened(ALIKE, q="blacksmith", possible="0", age="teens")) == ["likely.mp3"]

    page = opened(q="blacksmith", possible="0", sort="-duration")
    assert listed(page) == ["known.mp3", "likely.mp3", "unlikely.mp3"]


def test_facets_and_exports_are_about_matches(opened: Open) -> None:
    page = opened([*ALIKE, replace(MATCH, id="other.mp3", age="twenties")], q="blacksmith", possible="0")

    assert "All 2 results" in html(page)
    assert [option.content for option in page.button_group(key="age").proto.options] == [
        "twenties :gray[1]",
        "unknown :gray[1]",
    ]


def test_possible_matches_are_on_the_first_page_and_the_others_link_there(opened: Open) -> None:
    matches = [replace(MATCH, id=f"match-{number:02}.mp3") for number in range(12)]
    first = opened([*matches, KNOWN], q="blacksmith", possible="0")
    assert listed(first) == ["known.mp3"]

    second = opened(q="blacksmith", possible="0", page="2")
    assert hits(second) == 2
    assert possible(second) == 0
    assert '1 possible match <a class="go" href="?q=blacksmith&amp;possible=0" target="_self">on page 1</a>' in html(
        second
    )
    assert "possible" not in slider_keys(second)


def test_of_many_possible_matches_those_of_a_page_are_listed_and_more_after_a_click(opened: Open) -> None:
    page = opened(MANY, q="blacksmith", possible="0")
    assert headings(page) == ["25 possible matches"]
    assert possible(page) == 10

    page.button(key="more possible").click().run()
    assert possible(page) == 20
    assert page.button(key="more possible").label == "Show 5 more"
    page.button(key="more possible").click().run()
    assert possible(page) == 25
    assert not [button for button in page.button if button.key == "more possible"]

    page.text_input(key="words").set_value("the blacksmith").run()
    assert possible(page) == 10


def test_a_note_says_that_probabilities_are_general_ones(opened: Open) -> None:
    note = "<p>The probabilities are general ones: there are none for the speech model pocketsphinx"

    assert note in html(opened([replace(KNOWN, asr_model="pocketsphinx")], q="blacksmith"))
    assert note not in html(opened(q="sang")), "no probability is shown"


def test_a_suggestion_that_has_only_possible_matches_shows_their_number(opened: Open) -> None:
    shown = html(opened([KNOWN], q="blacksmith", mode="exact"))

    for mode in ("", "&amp;mode=sounds-like"):
        assert re.search(
            rf'href="\?q=blacksmith{mode}" target="_self">[^<]+</a> <small>1 possible match</small>', shown
        )


def test_mode_any_lists_clips_without_any_of_the_words_as_possible(opened: Open) -> None:
    page = opened([*ALIKE, *ROWS], q="blacksmith number", mode="any", possible="0.01")

    assert "26 clips" in html(page)
    assert "without “number”" in html(page)
    assert listed(page)[:2] == ["known.mp3", "likely.mp3"]
    assert "although none is in the transcript" in html(page)


@pytest.mark.parametrize(("least", "marks"), [("0", ["black", "smith"]), ("1", [])])
def test_a_recording_marks_the_possible_matches_that_the_results_show(
    opened: Open, least: str, marks: list[str]
) -> None:
    talk = (Segment(0.0, 20.0, "the black smith sang"), Segment(40.0, 60.0, "a blacksmith sang"))
    rows = [ClipRow("long.mp3", duration=120.0, segments=talk, generated_text="the black smith sang a blacksmith sang")]
    shown = html(opened(rows, q="blacksmith", clip="long.mp3", possible=least))

    assert re.findall('<mark class="possible">(.*?)</mark>', shown) == marks
    assert re.findall('<mark class="match">(.*?)</mark>', shown) == ["blacksmith"]
