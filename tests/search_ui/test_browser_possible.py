"""Possible matches in a real browser: below a divider with their number, with a slider, played as matches are."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from hearsay.records.clip import ClipRow
from hearsay.records.table import read_csv
from hearsay.records.transcript import Word
from tests.support.browser import go_to
from tests.support.pages import load, served_page

pytestmark = pytest.mark.browser

MATCHES = 11
"""One more than a page has."""

POSSIBLE, UNLIKELY = "samples/sample-000000.mp3", "samples/sample-000001.mp3"


def spoken(row: ClipRow, transcript: str, reference: str = "") -> ClipRow:
    words = tuple(Word(text, at * 0.3, (at + 1) * 0.3) for at, text in enumerate(transcript.split()))
    return replace(row, generated_text=transcript, text=reference, words=words)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("possible") / "page.log"


@pytest.fixture(scope="module")
def address(samples: Path, log: Path) -> Iterator[str]:
    """The page with clips that say “hammer”, and two where it may have been misrecognised, one certainly."""
    rows = read_csv(samples / "clips.csv").rows()
    texts = {POSSIBLE: ("the black smith", "the blacksmith"), UNLIKELY: ("the blocks meant little", "")}
    others = [replace(rows[POSSIBLE], id=f"samples/{number:02}.mp3") for number in range(MATCHES)]
    clips = [spoken(rows[clip], *texts[clip]) for clip in texts]
    load(log.parent / "index", [*clips, *(spoken(row, "a blacksmith sang") for row in others)], samples)
    with served_page({"INDEX_URL": str(log.parent / "index")}, log) as found:
        yield found


def divider(tab: Page) -> Locator:
    return tab.get_by_role("heading", level=2)


def slider(tab: Page) -> Locator:
    return tab.get_by_role("slider", name="Least probability")


def possible(tab: Page) -> Locator:
    return tab.locator(".hit.possible .clip")


def test_possible_matches_are_below_a_divider_with_their_number(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=blacksmith")

    expect(divider(tab)).to_have_text("1 possible match")
    expect(possible(tab)).to_have_text([POSSIBLE])
    expect(tab.locator(".total[role=status]")).to_contain_text(f"{MATCHES} clips")
    expect(tab.locator(".hit.possible .how")).to_have_text(
        "transcribed “black smith” for “blacksmith”, in the reference, 1.00"
    )
    expect(tab.locator(".hit.possible mark.possible")).to_have_text(["black", "smith"])
    tops = [tab.locator(one).last.bounding_box() for one in (".stPagination", "h2.doubt", ".hit.possible")]
    places = [box["y"] for box in tops if box]
    assert len(places) == 3
    assert places == sorted(places)
    line = "list => getComputedStyle(list).borderLeftStyle"
    assert tab.locator("ol.hits").first.evaluate(line) == "none"
    assert tab.locator("ol.hits").last.evaluate(line) == "dotted"


def test_the_slider_moves_by_keyboard_and_its_value_is_kept_by_back_and_reload(
    tab: Page, address: str, log: Path
) -> None:
    go_to(tab, f"{address}/?q=blacksmith")
    expect(slider(tab)).to_be_visible()
    default = slider(tab).get_attribute("aria-valuetext")
    slider(tab).press("Home")

    expect(tab).to_have_url(f"{address}/?q=blacksmith&possible=0")
    expect(divider(tab)).to_have_text("2 possible matches")
    expect(possible(tab)).to_have_text([POSSIBLE, UNLIKELY])
    expect(slider(tab)).to_have_attribute("aria-valuetext", "0 (all)")
    slider(tab).press("End")
    expect(tab).to_have_url(f"{address}/?q=blacksmith&possible=1")
    expect(divider(tab)).to_have_text("Possible matches are hidden")
    expect(possible(tab)).to_have_count(0)
    tab.go_back()
    expect(divider(tab)).to_have_text("2 possible matches")
    expect(slider(tab)).to_have_attribute("aria-valuetext", "0 (all)")
    tab.reload()
    expect(slider(tab)).to_have_attribute("aria-valuetext", "0 (all)")
    tab.go_back()
    expect(tab).to_have_url(f"{address}/?q=blacksmith")
    expect(slider(tab)).to_have_attribute("aria-valuetext", default or "")
    assert "Session State API" not in log.read_text()


def test_all_possible_matches_are_one_click_away(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=blacksmith")
    tab.get_by_role("link", name="Show all", exact=True).click()

    expect(tab).to_have_url(f"{address}/?q=blacksmith&possible=0")
    expect(possible(tab)).to_have_text([POSSIBLE, UNLIKELY])


def test_later_pages_link_to_the_possible_matches_on_the_first(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=blacksmith")
    tab.get_by_role("button", name="Next page").click()
    expect(tab).to_have_url(f"{address}/?q=blacksmith&page=2")
    expect(divider(tab)).to_have_count(0)
    expect(possible(tab)).to_have_count(0)

    tab.get_by_role("link", name="on page 1").click()
    expect(tab).to_have_url(f"{address}/?q=blacksmith")
    expect(possible(tab)).to_have_text([POSSIBLE])


def test_a_possible_match_plays_from_a_word_and_shows_its_spectrogram(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=blacksmith")
    hit = tab.locator(".hit.possible")
    hit.locator(".word").nth(1).click()

    expect(hit.get_by_role("button", name="Play")).to_have_attribute("aria-pressed", "true")
    hit.get_by_role("button", name="Spectrogram").click()
    expect(hit.locator(".strip .said").first).to_be_visible()


def test_mode_any_is_chosen_and_names_missing_words(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=sang+little")
    expect(tab.get_by_text("No transcript contains all of these words.")).to_be_visible()
    tab.get_by_role("radio", name="any").click()

    expect(tab).to_have_url(f"{address}/?q=sang+little&mode=any")
    expect(tab.locator(".total[role=status]")).to_contain_text(f"{MATCHES + 1} clips")
    expect(tab.locator(".hit .how").first).to_contain_text("without “")


def test_a_saved_search_keeps_the_least_probability(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=blacksmith&possible=0.3")
    tab.get_by_role("button", name="Save", exact=True).click()
    go_to(tab, address)
    tab.locator(".saved summary").click()
    tab.locator(".saved").get_by_role("link", name="blacksmith · possible 0.3").click()

    expect(tab).to_have_url(f"{address}/?q=blacksmith&possible=0.3")
    expect(slider(tab)).to_have_attribute("aria-valuetext", "0.30")
