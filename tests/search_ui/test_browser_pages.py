"""Navigation between the pages in a real browser: links, Back and Forward, without a page load."""

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
    """The address, the title and the marked link are those of this page."""
    expect(tab).to_have_url(url)
    expect(tab).to_have_title(f"{name} · Hearsay")
    expect(tab.locator("nav[aria-label=Pages] a[aria-current=page]")).to_have_text(name)


def test_links_between_pages_keep_the_filters_and_back_and_forward_follow(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=blacksmith&accent=us")
    expect_page(tab, "Search", f"{address}/?q=blacksmith&accent=us")
    tab.evaluate("window.isStillHere = true")

    tab.get_by_role("link", name="Insights").click()
    expect_page(tab, "Insights", f"{address}/insights?accent=us")
    tab.get_by_role("button", name="accent: United States ×").click()
    expect_page(tab, "Insights", f"{address}/insights")
    expect(tab.get_by_role("button", name="accent: United States ×")).to_have_count(0)  # the links have changed with it
    tab.get_by_role("link", name="Search", exact=True).click()
    expect_page(tab, "Search", f"{address}/")
    for _ in range(3):  # faster than pages are drawn
        tab.go_back()
    expect_page(tab, "Search", f"{address}/?q=blacksmith&accent=us")
    expect(tab.get_by_role("button", name="accent: United States ×")).to_be_visible()
    tab.go_forward()
    expect_page(tab, "Insights", f"{address}/insights?accent=us")
    tab.get_by_role("link", name="Glossary").click()
    expect_page(tab, "Glossary", f"{address}/glossary?accent=us")
    expect(tab.get_by_role("row", name="WER word error rate")).to_be_visible()
    assert tab.evaluate("window.isStillHere")


def test_an_earlier_address_opens_the_renamed_page_with_the_same_filters(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/understand?accent=us")
    expect_page(tab, "Insights", f"{address}/insights?accent=us")
    expect(tab.get_by_role("button", name="accent: United States ×")).to_be_visible()
    go_to(tab, f"{address}/try")
    expect_page(tab, "Transcribe", f"{address}/transcribe")


def test_a_shared_address_opens_its_page(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/insights")
    expect_page(tab, "Insights", f"{address}/insights")
    tab.reload()
    expect_page(tab, "Insights", f"{address}/insights")
