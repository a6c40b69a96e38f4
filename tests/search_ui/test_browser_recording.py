"""A long recording in a real browser: a result stops at its end, the whole recording plays on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Segment, Word
from tests.conftest import PROJECT
from tests.support.browser import go_to
from tests.support.pages import load, served_page

pytestmark = pytest.mark.browser

CLIP = "samples/sample-interview.mp3"
TEXTS = [f"stretch number {number} of a long talk" for number in ("one", "two", "three", "four", "five", "six")]


def words_of(text: str, start: float) -> list[Word]:
    return [Word(word, start + at * 0.4, start + at * 0.4 + 0.3) for at, word in enumerate(text.split())]


@pytest.fixture(scope="module")
def address(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page with the interview, as a recording with a passage every twenty seconds, the first of three seconds."""
    folder = tmp_path_factory.mktemp("page")
    words = [word for at, text in enumerate(TEXTS) for word in words_of(text, at * 20.0)]
    segments = tuple(Segment(at * 20.0, at * 20.0 + (18.0 if at else 3.0), text) for at, text in enumerate(TEXTS))
    load(folder / "index", [ClipRow(CLIP, duration=127.95, words=tuple(words), segments=segments)], samples)
    with served_page({"INDEX_URL": str(folder / "index")}, folder / "page.log") as found:
        yield found


def play(hit: Locator) -> Locator:
    return hit.get_by_role("button", name="Play")


RECORD_PRESSED = """button => {
  window.pressed = [];
  new MutationObserver(() => window.pressed.push(button.ariaPressed)).observe(button, { attributes: true });
}"""
"""Records whether a button is pressed whenever that changes."""


def test_a_result_stops_at_its_end_and_plays_from_its_start_again(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=one")
    hit = tab.locator(".hit")
    play(hit).evaluate(RECORD_PRESSED)
    hit.locator(".word").last.click()
    tab.wait_for_function("window.pressed.includes('true') && window.pressed.at(-1) === 'false'")
    stopped = hit.locator("audio").evaluate("audio => audio.currentTime")
    assert 3.0 <= stopped < 5.0

    play(hit).click()
    expect(play(hit)).to_have_attribute("aria-pressed", "true")
    assert hit.locator("audio").evaluate("audio => audio.currentTime") < 3.0


def test_the_whole_recording_opens_at_the_passage_and_plays_on_past_it(tab: Page, address: str) -> None:
    tab.set_viewport_size({"width": 1000, "height": 500})
    go_to(tab, f"{address}/?q=six")
    tab.get_by_role("link", name="Whole recording").click()
    hits = tab.locator(".recording .hit")
    expect(hits).to_have_count(len(TEXTS))
    expect(tab.get_by_role("heading", name=CLIP)).to_be_visible(visible=True)
    expect(hits.nth(5)).to_be_in_viewport()
    expect(hits.nth(5).locator("mark")).to_have_text("six")
    tab.get_by_role("heading", name=CLIP).scroll_into_view_if_needed()

    hits.nth(0).locator(".word").first.click()
    expect(hits.nth(0).locator(".word.playing")).to_have_count(1)
    tab.locator(".recording audio").first.evaluate("audio => (audio.currentTime = 19.9)")
    expect(play(hits.nth(1))).to_have_attribute("aria-pressed", "true")
    expect(play(hits.nth(0))).to_have_attribute("aria-pressed", "false")
    expect(hits.nth(1).locator(".word.playing")).to_have_count(1)
    play(hits.nth(1)).click()
    expect(tab.locator(".word.playing")).to_have_count(0)


def test_each_passage_of_a_recording_plays_from_its_start(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?clip={CLIP}")
    hits = tab.locator(".recording .hit")
    play(hits.nth(3)).click()
    expect(play(hits.nth(3))).to_have_attribute("aria-pressed", "true")
    tab.wait_for_function("document.querySelector('.recording audio').currentTime > 60")
    play(hits.nth(1)).click()
    expect(play(hits.nth(1))).to_have_attribute("aria-pressed", "true")
    expect(tab.locator("button.play[aria-pressed=true]")).to_have_count(1)


def test_back_leads_from_the_recording_to_the_results(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=two")
    expect(tab.get_by_role("slider").first).to_be_visible()
    tab.get_by_role("link", name="Whole recording").click()
    expect(tab.locator(".recording")).to_be_visible()
    expect(tab.get_by_role("slider")).to_have_count(0)
    tab.go_back()
    expect(tab.locator(".recording")).to_have_count(0)
    expect(tab.locator(".hit")).to_have_count(1)
    tab.go_forward()
    tab.get_by_role("link", name="Back to results").click()

    expect(tab).to_have_url(f"{address}/?q=two")
    expect(tab.get_by_role("slider").first).to_be_visible()


def test_a_passage_that_precedes_the_script_is_scrolled_into_view_too(tab: Page) -> None:
    tab.set_content('<p style="height: 3000px">before it</p><p class="hit opened">the passage</p>')
    tab.add_script_tag(path=PROJECT / "search_ui" / "static" / "player.js")
    expect(tab.locator(".hit")).to_be_in_viewport()
