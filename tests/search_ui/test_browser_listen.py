"""Playback in a real browser: from any word, by mouse and keyboard, with the current word underlined."""

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

FIRST, SECOND = "samples/sample-000000.mp3", "samples/sample-000001.mp3"


def transcribed(row: ClipRow, seconds: float = 0.3) -> ClipRow:
    """The record with a transcript without errors, whose words take this many seconds each."""
    texts = row.text.split()
    words = tuple(Word(text, at * seconds, (at + 1) * seconds) for at, text in enumerate(texts))
    return replace(row, generated_text=" ".join(texts), words=words)


@pytest.fixture(scope="module")
def address(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("page")
    rows = [transcribed(row) for row in read_csv(samples / "clips.csv").rows().values()]
    load(folder / "index", rows, samples)
    with served_page({"INDEX_URL": str(folder / "index")}, folder / "page.log") as found:
        yield found


def hit(tab: Page, clip: str) -> Locator:
    return tab.locator(".hit").filter(has_text=clip)


def wait_for_playback(tab: Page, hit: Locator, after: float = 0.0) -> None:
    """Return when this result plays, past ``after`` seconds."""
    tab.wait_for_function(
        "([hit, after]) => { const audio = hit.querySelector('audio');"
        " return !audio.error && !audio.paused && audio.currentTime > after }",
        arg=[hit.element_handle(), after],
    )


def playing(tab: Page) -> int:
    return int(tab.locator("audio").evaluate_all("clips => clips.filter(clip => !clip.paused).length"))


def open_hits(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=blacksmith")
    expect(tab.locator(".hit").nth(1)).to_be_visible()


def test_a_clip_plays_from_the_word_that_was_clicked(tab: Page, address: str) -> None:
    open_hits(tab, address)
    first = tab.locator(".hit").first
    word = first.locator(".word").nth(4)
    word.click()

    wait_for_playback(tab, first, after=1.2)
    expect(first.get_by_role("button", name="Play")).to_have_attribute("aria-pressed", "true")
    expect(word).to_be_focused()


RECORD_PLAYING_WORDS = """hit => {
  const words = [...hit.querySelectorAll('.word')];
  const playing = () => words.flatMap((word, at) => (word.matches('.playing') ? [at] : []));
  const look = () => window.played.push(playing());
  window.played = [];
  new MutationObserver(look).observe(hit, { subtree: true, attributes: true, attributeFilter: ['class'] });
}"""
"""Records which words are underlined whenever that changes, because a word may play only for a moment."""


def test_the_current_word_is_underlined_until_playback_stops(tab: Page, address: str) -> None:
    open_hits(tab, address)
    first = tab.locator(".hit").first
    first.evaluate(RECORD_PLAYING_WORDS)
    first.locator(".word").nth(2).click()
    tab.wait_for_function("window.played.length > 0")
    assert tab.evaluate("window.played[0]") == [2]
    expect(tab.locator(".word.playing")).to_have_count(1)
    first.get_by_role("button", name="Play").click()

    expect(tab.locator(".word.playing")).to_have_count(0)
    assert playing(tab) == 0


def test_arrows_go_from_word_to_word_and_enter_plays_from_there(tab: Page, address: str) -> None:
    open_hits(tab, address)
    words = tab.locator(".hit").first.locator(".word")
    words.first.focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    expect(words.nth(2)).to_be_focused()
    tab.keyboard.press("End")
    expect(words.last).to_be_focused()
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("Enter")

    wait_for_playback(tab, tab.locator(".hit").first, after=(words.count() - 2) * 0.3)


def test_a_transcript_is_one_tab_stop(tab: Page, address: str) -> None:
    open_hits(tab, address)
    words = tab.locator(".hit").first.locator(".word")
    words.first.focus()
    tab.keyboard.press("ArrowRight")
    expect(words.nth(1)).to_be_focused()
    tab.keyboard.press("Tab")
    assert not tab.evaluate("document.activeElement.matches('.word')")
    tab.keyboard.press("Shift+Tab")

    expect(words.nth(1)).to_be_focused()


def test_keys_go_from_result_to_result_and_playback_follows(tab: Page, address: str) -> None:
    open_hits(tab, address)
    hits = tab.locator(".hit")
    expect(hits.nth(1)).to_be_visible()
    expect(tab.locator(".keys")).to_contain_text("n p next and previous result")
    tab.keyboard.press("n")
    expect(hits.nth(0)).to_be_focused()
    assert playing(tab) == 0
    tab.keyboard.press("Space")
    wait_for_playback(tab, hits.nth(0))
    tab.keyboard.press("j")
    wait_for_playback(tab, hits.nth(1))
    expect(hits.nth(1)).to_be_focused()
    assert playing(tab) == 1
    tab.keyboard.press("Enter")
    expect(hits.nth(1).get_by_role("button", name="Play")).to_have_attribute("aria-pressed", "false")
    tab.keyboard.press("k")

    expect(hits.nth(0)).to_be_focused()
    assert playing(tab) == 0


def test_shortcut_keys_type_letters_in_the_query_box(tab: Page, address: str) -> None:
    open_hits(tab, address)
    expect(tab.locator(".hit").first).to_be_visible()
    box = tab.get_by_label("Search transcripts")
    box.fill("")
    box.press_sequentially("jn kp ")

    expect(box).to_have_value("jn kp ")
    expect(box).to_be_focused()


def test_a_clip_that_has_ended_plays_from_its_start(tab: Page, address: str) -> None:
    open_hits(tab, address)
    first = tab.locator(".hit").first
    first.locator("audio").evaluate("audio => { audio.play(); audio.currentTime = 1e6 }")
    tab.wait_for_function("document.querySelector('.hit audio').ended")
    first.get_by_role("button", name="Play").click()

    wait_for_playback(tab, first)
    assert first.locator("audio").evaluate("audio => audio.currentTime < audio.duration / 2")


def test_a_spectrogram_opens_with_words_on_its_time_line_and_plays(tab: Page, address: str) -> None:
    open_hits(tab, address)
    first = tab.locator(".hit").first
    button = first.get_by_role("button", name="Spectrogram of")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    strip = first.get_by_role("slider", name="Position in the audio")
    expect(strip).to_be_visible()
    expect(strip.locator(".said").first).to_have_text(first.locator(".word").first.inner_text())
    assert "picture/samples" in strip.locator(".mask").evaluate("mask => getComputedStyle(mask).maskImage")

    box = strip.bounding_box()
    assert box
    strip.click(position={"x": box["width"] / 2, "y": 20})
    middle = float(strip.get_attribute("aria-valuemax") or 0) / 2
    wait_for_playback(tab, first, after=middle)
    first.get_by_role("button", name="Play").click()
    assert float(strip.get_attribute("aria-valuenow") or 0) >= round(middle, 1)
    button.click()
    expect(strip).to_have_count(0)


def test_arrow_keys_move_the_cursor_of_a_spectrogram(tab: Page, address: str) -> None:
    open_hits(tab, address)
    first = tab.locator(".hit").first
    first.get_by_role("button", name="Spectrogram of").press("Enter")
    strip = first.get_by_role("slider", name="Position in the audio")
    strip.press("ArrowRight")

    wait_for_playback(tab, first, after=1.0)
    assert float(strip.get_attribute("aria-valuenow") or 0) >= 1.0


def test_a_spectrogram_that_is_not_available_is_reported(tab: Page, address: str) -> None:
    open_hits(tab, address)
    button = tab.get_by_role("button", name="Spectrogram of").first
    button.evaluate("button => (button.dataset.picture = 'picture/samples/none.mp3?start=0')")
    button.click()

    expect(tab.locator(".hit").first.get_by_role("status")).to_have_text(
        "the audio of clip samples/none.mp3 was not found"
    )
