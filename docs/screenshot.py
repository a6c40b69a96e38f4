"""Takes the pictures of the README: ``./run.sh demo --page`` in one terminal, then ``python docs/screenshot.py``."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8501"
FOLDER = Path(__file__).parent


def opened(browser: Browser, path: str, seen: str, scheme: str, height: int) -> Page:
    tab = browser.new_page(viewport={"width": 1280, "height": height}, color_scheme=scheme)
    tab.goto(f"{ADDRESS}/{path}")
    tab.locator(seen).first.wait_for()
    tab.wait_for_load_state("networkidle")
    tab.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")  # on a busy machine parts come later
    return tab


def take(tab: Page, name: str) -> None:
    tab.screenshot(path=FOLDER / name)
    print(FOLDER / name)


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    take(opened(browser, "?q=black+smith", ".transcript mark", "light", 800), "search-page.png")
    take(opened(browser, "insights", "section h2", "light", 1100), "insights-page.png")
    listening = opened(browser, "?q=lighthouse", "button.spectrogram", "dark", 640)
    listening.locator("button.spectrogram").first.click()
    listening.locator(".picture").first.wait_for()
    listening.wait_for_load_state("networkidle")
    take(listening, "listening.png")
    browser.close()
