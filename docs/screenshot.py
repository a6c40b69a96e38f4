"""Takes the README's picture of the page: ``./run.sh demo`` in one terminal, then ``python docs/screenshot.py``."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8501"
PICTURE = Path(__file__).with_name("search-page.png")

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    tab.goto(f"{ADDRESS}/?q=blacksmith+hammer")
    tab.locator(".transcript mark").first.wait_for()
    tab.wait_for_load_state("networkidle")
    tab.screenshot(path=PICTURE)
    browser.close()
print(PICTURE)
