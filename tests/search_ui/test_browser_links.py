"""The page's scripts in a real browser: links without a page load, completions, copied and saved searches."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from hearsay.records.table import read_csv
from tests.support.browser import go_to, open_with_time_stopped, wait_for_script
from tests.support.pages import load, served_page

pytestmark = pytest.mark.browser

FIRST, MISRECOGNISED = "samples/sample-000001.mp3", "samples/split.mp3"


@pytest.fixture(scope="module")
def address(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page with the samples, transcribed without errors, and a clip with “black smith”."""
    folder = tmp_path_factory.mktemp("page")
    rows = [replace(row, generated_text=row.text) for row in read_csv(samples / "clips.csv").rows().values()]
    split = replace(rows[0], id=MISRECOGNISED, text="a blacksmith sang", generated_text="a black smith sang")
    load(folder / "index", [*rows, split], samples)
    with served_page({"INDEX_URL": str(folder / "index")}, folder / "page.log") as found:
        yield found


def box(tab: Page) -> Locator:
    return tab.get_by_role("searchbox", name="Search transcripts")


def hit(tab: Page, clip: str) -> Locator:
    return tab.locator(".hit").filter(has_text=clip)


def mark_page(tab: Page) -> None:
    """Set a variable that a page load would remove."""
    tab.evaluate("window.isStillHere = true")


def is_same_page(tab: Page) -> bool:
    return bool(tab.evaluate("window.isStillHere === true"))


def test_a_mode_is_chosen_and_kept_by_reload_and_back(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=blacksmith")
    expect(hit(tab, MISRECOGNISED)).to_have_count(1)
    tab.get_by_role("radio", name="exact").click()
    expect(tab).to_have_url(f"{address}/?q=blacksmith&mode=exact")
    expect(hit(tab, MISRECOGNISED)).to_have_count(0)
    tab.reload()
    expect(tab.get_by_role("radio", name="exact")).to_be_checked()
    tab.go_back()

    expect(hit(tab, MISRECOGNISED)).to_have_count(1)
    expect(tab.get_by_role("radio", name="forgiving")).to_be_checked()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_matches_and_possible_matches_differ_without_colours(tab: Page, address: str, scheme: str) -> None:
    tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    go_to(tab, f"{address}/?q=blacksmith")
    expect(tab.locator("mark").first).to_be_visible()

    line = "mark => getComputedStyle(mark).borderBottomStyle"
    assert tab.locator("mark.match").first.evaluate(line) == "solid"
    assert tab.locator("mark.possible").first.evaluate(line) == "dotted"


def test_links_to_similar_clips_and_back_need_no_page_load(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=blacksmith")
    expect(hit(tab, FIRST)).to_be_visible()
    mark_page(tab)
    hit(tab, FIRST).get_by_role("link", name="similar clips").click()
    expect(tab).to_have_url(f"{address}/?like=samples%2Fsample-000001.mp3")
    expect(tab.locator(".meaning")).to_contain_text(f"share significant words with {FIRST}")
    expect(box(tab)).to_have_value("")
    tab.locator(".hit").first.get_by_role("link", name="same sentence").click()
    expect(tab.locator(".common")).to_be_visible()
    tab.go_back()
    expect(tab.locator(".meaning")).to_contain_text("share significant words")
    tab.go_back()

    expect(box(tab)).to_have_value("blacksmith")
    expect(hit(tab, FIRST)).to_be_visible()
    assert is_same_page(tab)


def test_a_misspelt_word_is_corrected_by_one_click(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=blaksmith&mode=exact")
    mark_page(tab)
    tab.get_by_role("link", name="Did you mean “blacksmith”?").click()

    expect(hit(tab, FIRST)).to_be_visible()
    expect(tab).to_have_url(f"{address}/?q=blacksmith&mode=exact")
    assert is_same_page(tab)


def test_typed_words_are_completed_with_a_few_words_of_the_index(tab: Page, address: str) -> None:
    """The browser itself shows the completions and handles the keyboard."""
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url) if "/completions" in request.url else None)
    open_with_time_stopped(tab, address)
    field = tab.get_by_label("Search transcripts")
    field.press_sequentially("the blac")
    assert asked == []
    tab.clock.resume()

    expect(tab.locator("#completions option")).to_have_count(2)
    values = tab.locator("#completions option").evaluate_all("options => options.map(option => option.value)")
    assert values == ["the blacksmith", "the black"]
    assert field.evaluate("field => field.list.id") == "completions"
    assert len(asked) == 1
    field.press_sequentially("ksmith")
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(f"{address}/?q=the+blacksmith")


def test_the_link_is_copied(tab: Page, address: str) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_with_time_stopped(tab, f"{address}/?q=blacksmith&gender=male")
    button = tab.get_by_role("button", name="copy link")
    button.click()

    expect(tab.get_by_role("button", name="Copied")).to_be_visible()
    tab.clock.resume()
    expect(button).to_be_visible()
    assert tab.evaluate("navigator.clipboard.readText()") == f"{address}/?q=blacksmith&gender=male"


def test_a_search_is_saved_opened_and_deleted(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=<b>blacksmith&mode=exact")
    tab.get_by_role("button", name="Save", exact=True).click()
    go_to(tab, address)
    tab.locator(".saved summary").click()
    link = tab.locator(".saved").get_by_role("link", name="<b>blacksmith · exact")
    link.click()
    expect(tab).to_have_url(f"{address}/?q=%3Cb%3Eblacksmith&mode=exact")
    expect(box(tab)).to_have_value("<b>blacksmith")

    tab.get_by_role("button", name="Delete <b>blacksmith · exact").click()
    expect(tab.locator(".saved")).to_contain_text("No saved searches")
    tab.reload()
    wait_for_script(tab)
    tab.locator(".saved summary").click()
    expect(tab.locator(".saved")).to_contain_text("No saved searches")


def test_saved_searches_that_read_alike_are_two(tab: Page, address: str) -> None:
    for search in ("q=female", "gender=female"):
        go_to(tab, f"{address}/?{search}")
        tab.get_by_role("button", name="Save", exact=True).click()
        expect(tab.get_by_role("button", name="Saved", exact=True)).to_be_visible()
    tab.locator(".saved summary").click()
    expect(tab.locator(".saved a")).to_have_text(["q “female”", "gender “female”"])

    tab.get_by_role("button", name="Delete q “female”").click()
    tab.locator(".saved").get_by_role("link", name="female").click()
    expect(tab).to_have_url(f"{address}/?gender=female")


def test_saved_searches_of_an_earlier_version_are_kept(tab: Page, address: str) -> None:
    go_to(tab, address)
    tab.evaluate("localStorage.setItem('hearsay-saved', JSON.stringify({'black cat': '?q=black+cat'}))")
    tab.locator(".saved summary").click()
    expect(tab.locator(".saved a")).to_have_text(["black cat"])
