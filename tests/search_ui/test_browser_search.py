"""The order of results, invalid addresses and several visitors, in a real browser."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.apps import ROWS
from tests.support.browser import TIMEOUT_MS, go_to
from tests.support.pages import load, served_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("search")
    references = ("the dog number one barks", "")
    load(folder / "index", [replace(row, text=references[at % 2]) for at, row in enumerate(ROWS)])
    with served_page({"INDEX_URL": str(folder / "index")}, folder / "page.log") as found:
        yield found


def test_an_order_is_chosen_from_the_menu_by_keyboard_and_undone_by_back(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=dog")
    menu = tab.locator(".order summary")
    expect(menu).to_have_text("Sort: relevance")
    menu.focus()
    tab.keyboard.press("Enter")
    tab.get_by_role("link", name="longest first").press("Enter")

    expect(menu).to_have_text("Sort: longest first")
    expect(tab).to_have_url(f"{address}/?q=dog&sort=-duration")
    expect(tab.locator(".hit .clip").first).to_have_text("set/24.mp3")
    assert not tab.locator(".order").evaluate("menu => menu.open")
    tab.go_back()
    expect(menu).to_have_text("Sort: relevance")


def test_a_page_past_the_end_becomes_the_last_one_in_the_address(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=dog")
    expect(tab.locator(".hit").first).to_be_visible()
    go_to(tab, f"{address}/?q=dog&page=99")

    expect(tab.locator("ol.hits")).to_have_attribute("start", "21")
    expect(tab).to_have_url(f"{address}/?q=dog&page=3")
    tab.get_by_role("button", name="Previous page").click()
    expect(tab).to_have_url(f"{address}/?q=dog&page=2")
    tab.go_back()
    expect(tab).to_have_url(f"{address}/?q=dog&page=3")
    expect(tab.locator("ol.hits")).to_have_count(1)  # until the script has ended, the previous page is there, too
    expect(tab.locator("ol.hits")).to_have_attribute("start", "21")
    tab.go_back()
    expect(tab).to_have_url(f"{address}/?q=dog")


def test_a_query_of_ten_thousand_characters_is_reported_and_the_box_still_works(tab: Page, address: str) -> None:
    go_to(tab, address)
    box = tab.get_by_label("Search transcripts")
    box.fill("dog <b> " * 1250)
    box.press("Enter")
    expect(tab.get_by_role("alert")).to_contain_text("up to 1,000 characters")

    box.fill("number 7")
    box.press("Enter")
    expect(tab.locator("mark").first).to_have_text("number")
    expect(tab).to_have_url(f"{address}/?q=number+7")


def test_two_visitors_at_the_same_time_see_their_own_results(chromium: Browser, address: str) -> None:
    contexts = [chromium.new_context() for _ in range(2)]
    one, other = (context.new_page() for context in contexts)
    for tab in (one, other):
        tab.set_default_timeout(TIMEOUT_MS)
    go_to(one, f"{address}/?mode=exact&sort=-duration")
    go_to(other, f"{address}/?mode=exact&sentiment=negative")
    for number in ("7", "9"):
        for tab, words in ((one, f"number {number}"), (other, "number 3")):
            tab.get_by_label("Search transcripts").fill(words)
            tab.keyboard.press("Enter")
        expect(one.locator(".hit .clip")).to_have_text([f"set/0{number}.mp3"])
        expect(other.locator(".hit .clip")).to_have_text(["set/03.mp3"])
    expect(one).to_have_url(f"{address}/?q=number+9&mode=exact&sort=-duration")
    expect(other).to_have_url(f"{address}/?q=number+3&mode=exact&sentiment=negative")
    for context in contexts:
        context.close()


def test_word_errors_are_visible_without_colours(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=number+2&mode=exact")

    line = tab.locator(".reference")
    expect(line).to_have_text("Reference: the dog number 2 one barks")
    assert line.locator("del").evaluate("word => getComputedStyle(word).textDecorationLine") == "line-through"
    assert line.locator("ins").evaluate("word => getComputedStyle(word).textDecorationStyle") == "dotted"
    expect(tab.locator(".about")).to_contain_text("WER 20.0 %")
