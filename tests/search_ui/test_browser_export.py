"""Exports in a real browser: from the menu to a file on disk, and a query that is copied."""

import json
import socket
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from hearsay.records.clip import ClipRow
from hearsay.records.table import read_csv
from hearsay.records.transcript import Word
from search_ui.export.routes import MOST_AT_ONCE
from tests.support.browser import go_to, open_with_time_stopped
from tests.support.pages import load, served_page

pytestmark = pytest.mark.browser

MANY = 6000
"""Clips whose CSV is much longer than the buffers of a connection."""


@pytest.fixture(scope="module")
def address(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page with the samples, transcribed without errors, and many clips whose export takes long."""
    folder = tmp_path_factory.mktemp("page")
    rows = [
        replace(row, generated_text=row.text, words=(Word(row.text.split()[0], 0.1, 0.4),))
        for row in read_csv(samples / "clips.csv").rows().values()
    ]
    words = tuple(Word("many", at / 10, at / 10 + 0.1) for at in range(20))
    many = [ClipRow(f"many/{at:05}.mp3", generated_text="many " * 20, words=words) for at in range(MANY)]
    load(folder / "index", [*many, *rows], samples)
    with served_page({"INDEX_URL": str(folder / "index")}, folder / "page.log") as found:
        yield found


def open_menu(tab: Page, address: str) -> None:
    go_to(tab, address)
    tab.locator(".export > summary").click()


def download(tab: Page, name: str, folder: Path) -> Path:
    """The file that a link of this name downloads."""
    with tab.expect_download() as started:
        tab.get_by_role("link", name=name, exact=True).click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def test_results_are_downloaded_as_csv_and_the_page_is_unchanged(tab: Page, address: str, tmp_path: Path) -> None:
    open_menu(tab, f"{address}/?q=blacksmith&gender=male")
    path = download(tab, "CSV", tmp_path)

    assert path.name == "clips-blacksmith-male.csv"
    assert list(read_csv(path).rows()) == ["samples/sample-000001.mp3"]
    expect(tab.locator(".hit")).to_have_count(1)


def test_the_audio_is_downloaded_with_its_manifest(tab: Page, address: str, samples: Path, tmp_path: Path) -> None:
    open_menu(tab, f"{address}/?q=blacksmith&mode=exact")
    with zipfile.ZipFile(download(tab, "ZIP", tmp_path)) as archive:
        lines = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
        assert len(lines) == 3
        for line in lines:
            name = line["audio_filepath"].removeprefix("audio/samples/")
            assert archive.read(line["audio_filepath"]) == (samples / name).read_bytes()


def test_the_search_is_shown_as_a_query_and_copied(tab: Page, address: str) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_with_time_stopped(tab, f"{address}/?q=blacksmith")
    tab.locator(".export > summary").click()
    tab.get_by_text("Elasticsearch JSON").click()
    shown = tab.locator(".query[open] pre")
    expect(shown).to_contain_text("blacksmith")
    tab.get_by_role("button", name="Copy", exact=True).click()
    expect(tab.get_by_role("button", name="Copied")).to_be_visible()

    copied = tab.evaluate("navigator.clipboard.readText()")
    assert json.loads(copied) == json.loads(shown.inner_text())


def test_the_menu_closes_on_a_click_outside_and_on_escape(tab: Page, address: str) -> None:
    open_menu(tab, address)
    expect(tab.get_by_role("link", name="CSV")).to_be_visible()
    tab.locator(".total").click()
    expect(tab.get_by_role("link", name="CSV")).to_be_hidden()
    tab.locator(".export > summary").press("Enter")
    expect(tab.get_by_role("link", name="CSV")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("link", name="CSV")).to_be_hidden()


def test_subtitles_of_a_result_are_downloaded(tab: Page, address: str, tmp_path: Path) -> None:
    go_to(tab, f"{address}/?q=blacksmith&gender=male")

    assert download(tab, "SRT", tmp_path).read_text() == "1\n00:00:00,100 --> 00:00:00,400\nthe\n\n"


def begin(address: str) -> socket.socket:
    """Request a long file and read only its beginning."""
    host, port = address.removeprefix("http://").split(":")
    line = socket.create_connection((host, int(port)), timeout=200)
    line.sendall(f"GET /export/clips.csv?q=many HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert line.recv(15) == b"HTTP/1.1 200 OK"
    return line


def status(address: str) -> tuple[int, str]:
    try:
        with urlopen(f"{address}/export/clips.csv?q=blacksmith", timeout=200) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_the_number_of_exports_is_limited_and_a_cancelled_one_releases_its_slot(tab: Page, address: str) -> None:
    lines = [begin(address) for _ in range(MOST_AT_ONCE)]
    assert status(address) == (429, f"{MOST_AT_ONCE} exports are running already; try again in a minute")
    for line in lines:
        line.close()
    go_to(tab, address)
    expect(tab.locator(".hit").first).to_be_visible()
    while (code := status(address)[0]) == 429:  # the time limit of the test ends this if no slot is released
        tab.wait_for_timeout(100)
    assert code == 200
