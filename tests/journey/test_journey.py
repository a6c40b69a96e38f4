"""The main workflow end to end: a folder of audio, two commands, and a search result that plays on the page."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hearsay.records.table import read_csv
from tests.conftest import PROJECT
from tests.support.browser import go_to
from tests.support.pages import served_page

pytestmark = pytest.mark.browser

CLIPS = 4


def run(*words: str, **environment: str) -> str:
    """A command's standard output; fails with its error output if its exit status is not 0."""
    ended = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=PROJECT, env=os.environ | environment, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture
def corpus(samples: Path, tmp_path: Path) -> Path:
    """A folder with the first sample clips, and a table with their rows."""
    folder = tmp_path / "samples"
    folder.mkdir()
    lines = (samples / "clips.csv").read_text(encoding="utf-8").splitlines()[: CLIPS + 1]
    (tmp_path / "clips.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    for line in lines[1:]:
        shutil.copy(samples / Path(line.partition(",")[0]).name, folder)
    return folder


def test_a_folder_of_audio_is_transcribed_indexed_searched_and_played(corpus: Path, tmp_path: Path, tab: Page):
    index, out = str(tmp_path / "index"), tmp_path / "out"
    embedded = {"ASR_MODEL": "pocketsphinx", "SER_MODEL": "classic", "LOG_DIR": str(tmp_path / "logs")}
    shown = run("asr", "decode", str(corpus), "--csv", str(tmp_path / "clips.csv"), "--out", str(out), **embedded)
    assert f"{CLIPS} clips transcribed" in shown
    run("indexer", "load", str(out / "clips.csv"), "--index", index, "--audio", str(corpus))

    rows = read_csv(out / "clips.csv").rows()
    wanted = rows["samples/sample-000003.mp3"]
    assert "blacksmith" in wanted.generated_text
    with served_page({"INDEX_URL": index}, tmp_path / "page.log") as address:
        go_to(tab, f"{address}/?q=blacksmith+summer")
        first = tab.locator(".transcript").first  # it is a match: it contains both words
        expect(first).to_have_text(wanted.generated_text)
        expect(first.locator("mark")).to_have_text(["blacksmith", "summer"])
        expect(tab.locator("body")).to_contain_text("pocketsphinx")
        tab.get_by_role("button", name=f"Play {wanted.id}").click()
        tab.wait_for_function("() => [...document.querySelectorAll('audio')].some(clip => clip.currentTime > 0)")
        tab.goto("about:blank")  # a page whose server has ended keeps reconnecting
