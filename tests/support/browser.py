"""A headless Chromium, for tests of the page."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import leave_out

TIMEOUT_MS: Final = 90_000
"""The timeout of the browser and of expectations, in milliseconds, for a busy machine."""

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
    """The path of Chromium on this machine."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        leave_out("browser", "install Chromium (Debian and Ubuntu: apt install chromium)")
    return program


SLOW_PLAYBACK: Final = """
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  this.defaultPlaybackRate = this.playbackRate = 0.0625;
  return play.call(this);
};
"""
"""Plays sixteen times slower, the limit of browsers, so that no clip ends before a busy machine has checked it."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, started once per session."""
    program = chromium_program()
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS, timeout=TIMEOUT_MS)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """A new tab with a new profile; audio plays slowly, and errors on the page fail the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(TIMEOUT_MS)
    context.add_init_script(SLOW_PLAYBACK)
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("requestfailed", lambda request: errors.append(f"{request.failure}: {request.url}"))
    yield tab
    context.close()
    assert not [error for error in errors if "ERR_ABORTED" not in error]  # the tab left the page before the reply


def go_to(tab: Page, address: str) -> None:
    """Open a page of Hearsay, and wait until its scripts handle events."""
    tab.goto(address)
    wait_for_script(tab)


def wait_for_script(tab: Page) -> None:
    """Return when the page's scripts run, which is some time after links and buttons are visible."""
    tab.wait_for_function("window.hearsaySpectrograms")  # the last script


def open_with_time_stopped(tab: Page, address: str) -> None:
    """Open a page of results and stop its timers until ``tab.clock.resume()``."""
    tab.clock.install()
    go_to(tab, address)
    expect(tab.locator(".hit").first).to_be_visible()
    tab.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
