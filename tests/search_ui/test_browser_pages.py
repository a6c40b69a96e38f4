"""The way from page to page in a real browser: links, Back and Forward, without a new page being loaded."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hearsay.records.table import read_csv
from tests.support.browser import go_to
from tests.support.pages import load, served_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("page")
    load(folder / "index", list(read_csv(samples / "clips.csv").rows().values()), samples)
    with served_page({"INDEX_URL": str(folder / "index")}, folder / "page.log") as found:
        yield found


def expect_page(tab: Page, name: str, url: str) -> None:
    """The address, the title and the link that is marked all say which page it is."""
    expect(tab).to_have_url(url)
    expect(tab).to_have_title(f"{name} · Hearsay")
    expect(tab.locator("nav[aria-label=Pages] a[aria-current=page]")).to_have_text(name)


def test_links_lead_from_page_to_page_with_the_filters_and_back_and_forward_follow(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=blacksmith&accent=us")
    expect_page(tab, "Search", f"{address}/?q=blacksmith&accent=us")
    tab.evaluate("window.isStillHere = true")

    tab.get_by_role("link", name="Insights").click()
    expect_page(tab, "Insights", f"{address}/insights?accent=us")
    tab.get_by_role("button", name="accent: United States ×").click()
    expect_page(tab, "Insights", f"{address}/insights")
    expect(tab.get_by_role("button", name="accent: United States ×")).to_have_count(0)  # the links follow with it
    tab.get_by_role("link", name="Search", exact=True).click()
    expect_page(tab, "Search", f"{address}/")
    for _ in range(3):  # faster than pages are shown
        tab.go_back()
    expect_page(tab, "Search", f"{address}/?q=blacksmith&accent=us")
    expect(tab.get_by_role("button", name="accent: United States ×")).to_be_visible()
    tab.go_forward()
    expect_page(tab, "Insights", f"{address}/insights?accent=us")
    assert tab.evaluate("window.isStillHere")


def test_an_earlier_address_opens_the_page_that_it_became_with_the_same_filters(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/understand?accent=us")
    expect_page(tab, "Insights", f"{address}/insights?accent=us")
    expect(tab.get_by_role("button", name="accent: United States ×")).to_be_visible()
    go_to(tab, f"{address}/try")
    expect_page(tab, "Transcribe", f"{address}/transcribe")


def test_a_page_that_was_sent_opens_as_itself(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/insights")
    expect_page(tab, "Insights", f"{address}/insights")
    tab.reload()
    expect_page(tab, "Insights", f"{address}/insights")
