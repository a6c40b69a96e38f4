"""A real headless Chromium, for the tests that look at the page as people do."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import leave_out

PATIENCE: Final = 90_000
"""Milliseconds that a busy machine may take to start a browser, or to show what is expected."""

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)


def chromium_program() -> str:
    """Where this machine has a Chromium."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        leave_out("browser", "install Chromium (Debian and Ubuntu: apt install chromium)")
    return program


SLOW_SOUND: Final = """
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  this.defaultPlaybackRate = this.playbackRate = 0.0625;
  return play.call(this);
};
"""
"""Clips last sixteen times as long, the most that there is: on a busy machine none ends before it is looked at."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, started once; each page of it has a profile of its own."""
    program = chromium_program()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """A new page of the browser, with a new profile; sound plays slowly, and what goes wrong fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(SLOW_SOUND)
    tab = context.new_page()
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("requestfailed", lambda request: faults.append(f"{request.failure}: {request.url}"))
    yield tab
    context.close()
    assert not [fault for fault in faults if "ERR_ABORTED" not in fault]  # the tab moved on before the answer


def go_to(tab: Page, address: str) -> None:
    """Open a page of ours, and wait until it hears what is pressed there."""
    tab.goto(address)
    wait_for_script(tab)


def wait_for_script(tab: Page) -> None:
    """Return when the page's script runs: Streamlit starts it some time after links and buttons can be seen."""
    tab.wait_for_function("window.hearsayLooks")  # its last part


def open_with_time_stopped(tab: Page, address: str) -> None:
    """Open a page of hits, in which nothing then happens after a while of itself, until ``tab.clock.resume()``."""
    tab.clock.install()
    go_to(tab, address)
    expect(tab.locator(".hit").first).to_be_visible()
    tab.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
