"""Response times of the page in a real browser: until its first results, and after a click on a filter.

    python bench/page.py [TRANSCRIPTS.csv] [--documents 1000000] [--json]

Measured twice: with as many documents as the file has transcripts (``clips_*``; by default those of the sample clips)
and with ``--documents`` (``many_*``), both generated as in `bench/index.py`, with ages, accents and emotions; each in
an embedded index, searched by a page in a separate process.

* ``*_first_ms``: from the first request of the browser to the first visible results, for a new user of a page that has
  been opened before. ``*_cold_ms`` is the same for the first user. ``*_since_load_ms`` is the part of the former after
  the browser had loaded the scripts of the page, and ``*_again_ms`` the time of a subsequent reload.
* ``*_facet_ms``: from a click on a value of a facet until the total above the hits has changed, without words and
  (``*_word_facet_ms``) with a word that about 1 % of the clips contain.
* ``*_over_bare``: medians relative to a Streamlit page with one line and one button, in the same browser.

All figures are medians, and 95th percentiles in ``*_p95_ms``; they include rendering in the browser.
"""

import argparse
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from index import made_passages
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.embedded.writer import EmbeddedWriter
from indexer.ingest.load import read_rows
from indexer.passages import Passage

PROJECT = Path(__file__).resolve().parent.parent
OPENINGS = 15
CLICKS = 30
WARMING_CLICKS = 3
TIMEOUT_MS = 60_000

BARE = """
import streamlit as st
st.session_state.setdefault("clicks", 0)
def more():
    st.session_state["clicks"] += 1
st.button("more", on_click=more)
st.html(f'<p class="total">{st.session_state["clicks"]}</p>')
"""

# Clicks inside the browser and returns the milliseconds until the total changes.
CLICK = """
button => new Promise(done => {
  const total = () => document.querySelector(".total")?.innerText;
  const before = total(), started = performance.now();
  const look = () => (total() && total() !== before ? done(performance.now() - started) : requestAnimationFrame(look));
  button.click();
  look();
})
"""

# Milliseconds since the browser had loaded the page and started its scripts.
SINCE_LOAD = "() => performance.now() - performance.getEntriesByType('navigation')[0].loadEventEnd"

Figures = dict[str, float]


def notify(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(command: Sequence[str], port: int, settings: dict[str, str], log: Path) -> Iterator[str]:
    """The address of a server, after it has become healthy."""
    environment = os.environ | settings | {"PYTHONPATH": str(PROJECT)}
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environment, cwd=log.parent, stdout=output, stderr=output)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 120
        while not is_healthy(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the page did not start: {log.read_text()}")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def quantiles(name: str, taken: Sequence[float]) -> Figures:
    in_order = sorted(taken)
    median, p95 = in_order[len(in_order) // 2], in_order[int(len(in_order) * 0.95)]
    notify(f"{name}: median {median:.0f} ms, p95 {p95:.0f} ms, of {len(in_order)}")
    return {f"{name}_ms": median, f"{name}_p95_ms": p95}


def new_tab(browser: Browser) -> Page:
    """A browser page of a new user."""
    tab = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    tab.set_default_timeout(TIMEOUT_MS)
    return tab


def opened(browser: Browser, address: str, seen: str) -> tuple[float, float, float]:
    """Milliseconds until a new user sees the first results, since the page was loaded, and of a reload."""
    tab = new_tab(browser)
    first = waited(lambda: tab.goto(address, wait_until="commit"), tab.locator(seen).first)
    since_load = float(tab.evaluate(SINCE_LOAD))
    again = waited(lambda: tab.reload(wait_until="commit"), tab.locator(seen).first)
    tab.context.close()
    return first, since_load, again


def waited(begin: Callable[[], object], seen: Locator) -> float:
    """Milliseconds until an element is visible."""
    started = time.perf_counter()
    begin()
    seen.wait_for()
    return (time.perf_counter() - started) * 1e3


def openings(browser: Browser, address: str, seen: str, name: str) -> Figures:
    taken = zip(*(opened(browser, address, seen) for _ in range(OPENINGS)), strict=True)
    kinds = (f"{name}_first", f"{name}_since_load", f"{name}_again")
    return {
        figure: value
        for kind, times in zip(kinds, taken, strict=True)
        for figure, value in quantiles(kind, times).items()
    }


def clicks(browser: Browser, address: str, buttons: str, pressed: str) -> list[float]:
    """Milliseconds until each click on one of these buttons, and then on ``pressed``, has changed the total."""
    rng = random.Random(f"bench/page: {buttons}")
    tab, taken = new_tab(browser), []
    tab.goto(address)
    tab.locator(".total").wait_for()
    tab.locator(buttons).first.wait_for()
    while len(taken) < WARMING_CLICKS + CLICKS:
        for button in (rng.choice(changing(tab, buttons)), tab.locator(pressed).first):
            tab.wait_for_timeout(500)  # until the work of the previous click has ended
            taken.append(float(button.evaluate(CLICK)))
        tab.wait_for_timeout(500)
    tab.context.close()
    return taken[WARMING_CLICKS:]


def changing(tab: Page, buttons: str) -> list[Locator]:
    """The buttons that change the total: values of some of the hits, but not of all."""
    total = numbers(tab.locator(".total").inner_text())[:1]
    return [button for button in tab.locator(buttons).all() if numbers(button.inner_text())[-1:] not in (total, [0])]


def numbers(text: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", text)]


def of_bare(browser: Browser, folder: Path) -> Figures:
    port = free_port()
    (folder / "bare.py").write_text(BARE, encoding="utf-8")
    options = ["--server.headless=true", "--server.fileWatcherType=none", "--browser.gatherUsageStats=false"]
    options += [f"--server.port={port}", "--server.address=127.0.0.1"]
    command = [sys.executable, "-m", "streamlit", "run", str(folder / "bare.py"), *options]
    with served(command, port, {}, folder / "bare.log") as address:
        opened(browser, address, ".total")
        first = openings(browser, address, ".total", "bare")
        return first | quantiles("bare_click", clicks(browser, address, ".stButton button", ".stButton button"))


def of_page(browser: Browser, folder: Path, name: str, passages: Iterable[Passage], word: str) -> Figures:
    index = EmbeddedWriter(folder / name)
    number = index.replace(passages)
    index.close()
    notify(f"{name}: {number:,} passages loaded")
    port = free_port()
    settings = {"INDEX_URL": str(folder / name), "PAGE_PORT": str(port), "INBOX_DIR": str(folder / "inbox")}
    values = ".st-key-facets [role=toolbar] button[aria-pressed=false]"
    chosen = values.replace("false", "true")
    with served([sys.executable, "-m", "search_ui"], port, settings, folder / f"{name}.log") as address:
        cold, _, _ = opened(browser, address, "li.hit")
        first = openings(browser, address, "li.hit", name)
        browsing = quantiles(f"{name}_facet", clicks(browser, address, values, chosen))
        found = quantiles(f"{name}_word_facet", clicks(browser, f"{address}/?q={word}&mode=exact", values, chosen))
    return {f"{name}_documents": number, f"{name}_cold_ms": cold} | first | browsing | found


def usual_word(transcripts: Sequence[str]) -> str:
    """The word whose document frequency is nearest to 1 %."""
    counts = Counter(word for transcript in transcripts for word in set(tokens(transcript)))
    return min(sorted(counts), key=lambda word: abs(counts[word] / len(transcripts) - 0.01))


def measured(rows: Sequence[ClipRow], documents: int, program: str) -> Figures:
    transcripts = [row.generated_text or row.text for row in rows]
    with tempfile.TemporaryDirectory(prefix="hearsay-bench-") as name, sync_playwright() as playwright:
        folder, word = Path(name), usual_word(transcripts)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        figures = of_bare(browser, folder)
        for size, number in (("clips", len(transcripts)), ("many", documents)):
            figures |= of_page(browser, folder, size, made_passages(transcripts, number), word)
        browser.close()
    for size in ("clips", "many"):
        figures[f"{size}_first_over_bare"] = figures[f"{size}_first_ms"] / figures["bare_first_ms"]
        figures[f"{size}_facet_over_bare"] = figures[f"{size}_facet_ms"] / figures["bare_click_ms"]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("transcripts", type=Path, nargs="?", default=PROJECT / "hearsay" / "samples" / "clips.csv")
    parser.add_argument("--documents", type=int, default=1_000_000, help="number of documents in the larger index")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        raise SystemExit("there is no Chromium here: install it (Debian and Ubuntu: apt install chromium)")
    figures = measured(list(read_rows([given.transcripts]).values()), given.documents, program)
    if given.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:28} {figure:,.2f}")


if __name__ == "__main__":
    main()
