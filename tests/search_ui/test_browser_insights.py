"""The *Insights* page in a real browser: bars link to searches, and everything is legible."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hearsay.records.emotions import sentiment_of
from hearsay.records.table import read_csv
from tests.support.browser import go_to
from tests.support.pages import load, served_page

pytestmark = pytest.mark.browser

EMOTIONS = ("angry", "neutral", "uncertain", "")


@pytest.fixture(scope="module")
def address(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page with the samples: every other one has a word error, and each has a duration and some an emotion."""
    folder = tmp_path_factory.mktemp("page")
    rows = [
        replace(
            row,
            duration=1.0 + at % 30,
            generated_text=row.text.replace("blacksmith", "black smith" if at % 2 else "blacksmith"),
            emotion=(emotion := EMOTIONS[at % 4]),
            sentiment=sentiment_of(emotion) if emotion else "",
            emotion_score=0.5 if emotion else None,
        )
        for at, row in enumerate(read_csv(samples / "clips.csv").rows().values())
    ]
    load(folder / "index", rows, samples)
    with served_page({"INDEX_URL": str(folder / "index")}, folder / "page.log") as found:
        yield found


def open_page(tab: Page, address: str, query: str = "") -> None:
    go_to(tab, f"{address}/insights{query}")
    expect(tab.get_by_role("heading", name="Most frequent word errors")).to_be_visible()


def test_a_bar_links_to_its_search_and_back_returns_without_a_page_load(tab: Page, address: str) -> None:
    open_page(tab, address)
    tab.evaluate("window.isStillHere = true")
    row = tab.get_by_role("table", name="Word error rate by emotion").get_by_role("row", name="angry")
    number = row.get_by_role("cell").last.inner_text()
    row.get_by_role("link", name="angry").click()

    expect(tab).to_have_url(f"{address}/?emotion=angry")
    expect(tab.get_by_role("status").filter(has_text=f"{number} ")).to_be_visible()
    tab.go_back()
    expect(tab.get_by_role("heading", name="Sentiments and emotions")).to_be_visible()
    assert tab.evaluate("window.isStillHere")


def test_a_replacement_links_to_the_clips_that_contain_it(tab: Page, address: str) -> None:
    open_page(tab, address)
    tab.get_by_role("link", name="black smith").first.click()

    expect(tab.locator(".hit").first).to_be_visible()
    for transcript in tab.locator(".hit .transcript").all():
        expect(transcript).to_contain_text("black smith")


def test_a_chip_removes_its_filter_on_this_page(tab: Page, address: str) -> None:
    open_page(tab, address, "?emotion=angry")
    tab.get_by_role("button", name="emotion: angry ×").click()
    expect(tab).to_have_url(f"{address}/insights")
    expect(tab.get_by_role("table", name="Sentiment and emotion of all clips").get_by_role("link")).to_have_count(9)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_in_bars_has_enough_contrast_in_light_and_dark_mode(tab: Page, address: str, scheme: str) -> None:
    tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_page(tab, address)
    contrasts = tab.evaluate(CONTRASTS)
    assert len(contrasts) >= 8
    assert min(contrasts.values()) >= 4.5, contrasts


CONTRASTS = """() => {
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  const rgb = (colour, under) => {
    pen.fillStyle = under; pen.fillRect(0, 0, 1, 1);
    pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (colour, under) => {
    const [r, g, b] = rgb(colour, under).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = getComputedStyle(document.querySelector(".stApp")).backgroundColor;
  const found = {};
  document.querySelectorAll(".stack a").forEach((part) => {
    const style = getComputedStyle(part);
    const [one, other] = [light(style.color, page), light(style.backgroundColor, page)].sort((a, b) => b - a);
    found[part.getAttribute("aria-label")] = (one + 0.05) / (other + 0.05);
  });
  return found;
}"""


def test_at_phone_width_nothing_is_cut_off(tab: Page, address: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    open_page(tab, address)
    assert tab.locator(".stMain").evaluate("main => main.scrollWidth") <= 390
    edges = tab.locator(".insights :is(td, th, li)").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().right)"
    )
    assert max(edges) <= 390
    assert tab.locator(".columns span").evaluate_all("all => all.every(one => one.scrollWidth <= one.clientWidth)")


def test_at_phone_width_every_column_has_its_heading(tab: Page, address: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    open_page(tab, address)
    tones = tab.get_by_role("table", name="Sentiment and emotion of all clips")
    expect(tones.locator("thead").get_by_text("clips", exact=True)).to_be_visible()
    expect(tones.locator("thead").get_by_text("sentiment (top) and emotion (bottom)")).to_be_visible()
    rates = tab.get_by_role("table", name="Word error rate by emotion")
    expect(rates.locator("thead").get_by_text("word error rate")).to_be_visible()
    expect(tab.locator(".spreads thead").get_by_text("score from 0 to 1")).to_be_visible()
    words = tab.locator(".word-errors").first.locator("thead")
    expect(words.get_by_text("errors")).to_be_visible()
    expect(words.get_by_text("recognised as")).to_be_hidden()


def test_each_legend_names_its_field(tab: Page, address: str) -> None:
    open_page(tab, address)
    expect(tab.locator(".legend li:first-child")).to_have_text(["sentiment", "emotion"])


def test_an_empty_column_has_no_bar_and_a_small_one_a_visible_bar(tab: Page, address: str) -> None:
    open_page(tab, address, "?duration=0.5-5")
    columns = tab.locator(".columns li")
    expect(columns.first).to_be_visible()
    heights = columns.evaluate_all(
        "all => all.map(one => [one.querySelector('b').innerText, one.querySelector('i').offsetHeight])"
    )
    assert {height for count, height in heights if count == "0"} == {0}
    assert min(height for count, height in heights if count != "0") >= 3
