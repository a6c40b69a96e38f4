"""The page after a restart, or a long time without a connection: the session is new, and the first change counts."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from hearsay.records.clip import ClipRow
from tests.support.browser import TIMEOUT_MS, go_to
from tests.support.pages import PROJECT, SECONDS_TO_START, load, wait_for_health
from tests.support.ports import free_port

pytestmark = pytest.mark.browser


class RestartedPage:
    """The page on one port, which can be restarted; each start forgets all sessions."""

    def __init__(self, index: Path, log: Path) -> None:
        self._log = log
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._environment = os.environ | {
            "INDEX_URL": str(index),
            "PAGE_PORT": str(port),
            "PYTHONPATH": str(PROJECT),
        }
        self.start()

    def start(self) -> None:
        with self._log.open("w") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "search_ui"], env=self._environment, stdout=output, stderr=output
            )
        wait_for_health(self.address, self._process, self._log)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(SECONDS_TO_START)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[RestartedPage]:
    rows = [ClipRow(f"{at}.mp3", generated_text=f"the dog {at}", gender=("male", "female")[at % 2]) for at in range(6)]
    load(tmp_path / "index", [*rows, ClipRow("cat.mp3", generated_text="a cat", gender="female")])
    served = RestartedPage(tmp_path / "index", tmp_path / "page.log")
    yield served
    served.stop()


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """A tab whose requests may fail, because the server is away for a while."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(TIMEOUT_MS)
    yield context.new_page()
    context.close()


def app(tab: Page) -> Locator:
    return tab.locator(".stApp")


def restart(tab: Page, page: RestartedPage) -> None:
    """Return when the tab is connected to the new process."""
    page.stop()
    expect(app(tab)).not_to_have_attribute("data-test-connection-state", "CONNECTED")
    page.start()
    expect(app(tab)).to_have_attribute("data-test-connection-state", "CONNECTED")


def open_search(tab: Page, page: RestartedPage) -> None:
    """Open a search, and return when the scripts of all its controls are loaded."""
    go_to(tab, f"{page.address}/?q=dog&mode=exact")
    total(tab, "6 clips")
    for control in (women(tab), tab.get_by_role("searchbox"), tab.get_by_role("slider").first):
        expect(control).to_be_visible()


def women(tab: Page) -> Locator:
    return tab.get_by_role("toolbar", name="Gender").get_by_role("button", name="female")


def total(tab: Page, text: str) -> None:
    expect(tab.locator(".total")).to_have_text(text)


def test_after_a_restart_the_first_click_on_a_filter_counts(tab: Page, page: RestartedPage) -> None:
    open_search(tab, page)
    restart(tab, page)

    women(tab).click()
    total(tab, "3 clips")
    expect(tab).to_have_url(f"{page.address}/?q=dog&mode=exact&gender=female")


def test_after_a_restart_the_first_typed_search_counts(tab: Page, page: RestartedPage) -> None:
    open_search(tab, page)
    restart(tab, page)

    tab.get_by_role("searchbox").fill("cat")
    tab.keyboard.press("Enter")
    total(tab, "1 clip")
    expect(tab).to_have_url(f"{page.address}/?q=cat&mode=exact")
