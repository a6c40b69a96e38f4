"""The *Transcribe* page in a real browser, with the real API and the process that indexes the inbox."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import Browser, Page, expect

from hearsay.records.table import read_csv
from tests.conftest import PROJECT
from tests.support.api_server import Api, FakeApi
from tests.support.browser import ARGUMENTS, TIMEOUT_MS, chromium_program, go_to
from tests.support.pages import load, served_page

pytestmark = pytest.mark.browser

TRANSCRIPT = "the blacksmith put down his hammer and smiled"
"""The transcript of the first sample by PocketSphinx."""


@pytest.fixture(scope="module")
def address(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page with the samples, the real API, and the process that `run.sh page` starts."""
    folder = tmp_path_factory.mktemp("transcribe")
    load(folder / "index", list(read_csv(samples / "clips.csv").rows().values()), samples)
    settings = {"INDEX_URL": str(folder / "index"), "INBOX_DIR": str(folder / "inbox")}
    with (
        Api(folder) as api,
        watching({**settings, "DELETIONS": str(folder / "deletions.jsonl")}),
        served_page({**settings, "API_URL": api.address, "MAX_UPLOAD_BYTES": "5000000"}, folder / "page.log") as found,
    ):
        yield found


@contextmanager
def watching(settings: dict[str, str]) -> Iterator[None]:
    """The process that indexes the inbox, for the duration of the block; its exit status is 0."""
    command = [sys.executable, "-m", "indexer", "put", "--watch"]
    with subprocess.Popen(command, cwd=PROJECT, env=os.environ | settings, stderr=subprocess.DEVNULL) as process:
        yield
        process.terminate()
        assert process.wait(200) == 0


def test_a_file_is_transcribed_added_found_and_played_and_another_type_is_rejected(
    tab: Page, address: str, samples: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.mp3").write_text("this is not audio")
    go_to(tab, f"{address}/transcribe")
    tab.locator("input[type=file]").set_input_files([samples / "sample-000000.mp3", tmp_path / "notes.mp3"])
    expect(tab.locator(".file strong")).to_have_text(["sample-000000.mp3", "notes.mp3"])
    expect(tab.locator(".transcript")).to_have_text(TRANSCRIPT)
    expect(tab.get_by_role("alert").filter(has_text="The file is not audio")).to_be_visible()
    expect(tab.locator(".models")).to_contain_text("Speech model: pocketsphinx")

    tab.get_by_role("button", name="Add to the index").click()
    tab.get_by_role("link", name="Show clip").click()
    expect(tab.locator(".hit")).to_have_count(1)
    expect(tab.locator(".hit .transcript")).to_have_text(TRANSCRIPT)
    play = tab.get_by_role("button", name="Play inbox/sample-000000-")
    play.click()
    tab.wait_for_function("() => [...document.querySelectorAll('audio')].some(clip => clip.currentTime > 0)")

    tab.get_by_role("link", name="Transcribe").click()
    expect(tab.get_by_role("link", name="Show clip")).to_be_visible()


def test_only_one_upload_plays_at_a_time(tab: Page, address: str, samples: Path) -> None:
    go_to(tab, f"{address}/transcribe")
    tab.locator("input[type=file]").set_input_files([samples / f"sample-00000{number}.mp3" for number in range(2)])
    expect(tab.locator(".transcript")).to_have_count(2)
    players = tab.locator("audio")
    for number in range(2):
        players.nth(number).evaluate("clip => clip.play()")

    paused = "() => [...document.querySelectorAll('audio')].map(clip => clip.paused).join()"
    tab.wait_for_function(f"({paused})() === 'true,false'")


def test_the_size_limit_is_that_of_the_api(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/transcribe")

    expect(tab.get_by_test_id("stFileUploader")).to_contain_text("5MB per file")


def test_the_page_continues_when_the_api_is_ready_without_uploads(tab: Page, tmp_path: Path) -> None:
    with FakeApi() as api:
        api.health = [(503, {}, {})]
        settings = {"INDEX_URL": str(tmp_path / "index"), "INBOX_DIR": str(tmp_path / "inbox"), "API_URL": api.address}
        with served_page(settings, tmp_path / "page.log") as address:
            go_to(tab, f"{address}/transcribe")
            expect(tab.get_by_test_id("stAlert")).to_contain_text("is loading its models")

            api.health = [(200, {}, {})]
            expect(tab.get_by_test_id("stAlert")).to_have_count(0)
            tab.goto("about:blank")  # a page whose server has ended keeps reconnecting


@pytest.fixture
def speaking_tab(chromium: Browser, samples: Path, tmp_path: Path) -> Iterator[Page]:
    """A tab whose microphone plays the first sample repeatedly."""
    samples_read, rate = soundfile.read(samples / "sample-000000.mp3")
    soundfile.write(tmp_path / "speech.wav", samples_read, rate)
    microphone = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={tmp_path / 'speech.wav'}")
    browser = chromium.browser_type.launch(
        executable_path=chromium_program(),
        args=[*ARGUMENTS, *microphone, "--use-fake-ui-for-media-stream"],
        timeout=TIMEOUT_MS,
    )
    tab = browser.new_page()
    tab.set_default_timeout(TIMEOUT_MS)
    yield tab
    browser.close()


def test_a_microphone_recording_is_transcribed(speaking_tab: Page, address: str) -> None:
    go_to(speaking_tab, f"{address}/transcribe")
    speaking_tab.get_by_role("button", name="Record").click()
    long_enough = re.compile(r"00:(0[4-9]|[1-5]\d)")
    expect(speaking_tab.get_by_test_id("stAudioInputWaveformTimeCode")).to_have_text(long_enough)
    speaking_tab.get_by_role("button", name="Stop recording").click()

    expect(speaking_tab.locator(".file strong")).to_contain_text(".wav")
    expect(speaking_tab.locator(".transcript")).to_contain_text("blacksmith")
