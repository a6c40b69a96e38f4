"""``search --like`` and ``--same`` on the command line."""

import json
from pathlib import Path

import pytest

from indexer.cli.command_line import main

CLIPS = """\
filename,text,generated_text
1.mp3,the zebra sleeps,the zebra sleeps
2.mp3,the zebra sleeps,his eber sleeps
3.mp3,a zebra,a zebra
"""


@pytest.fixture(autouse=True)
def _loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("INDEX_URL", str(tmp_path / "index"))
    (tmp_path / "clips.csv").write_text(CLIPS)
    assert main(["load", str(tmp_path / "clips.csv")]) == 0
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "clips", "meaning"),
    [
        (["--like", "3.mp3"], ["1.mp3", "2.mp3"], "clips that share significant words with 3.mp3"),
        (["--same", "2.mp3"], ["1.mp3", "2.mp3"], "clips with the same sentence as 2.mp3"),
    ],
)
def test_a_search_takes_a_clip_instead_of_words(
    capsys: pytest.CaptureFixture[str], words: list[str], clips: list[str], meaning: str
) -> None:
    assert main(["search", *words, "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert [hit["id"] for hit in found["hits"]] == clips
    assert found["meaning"] == meaning


@pytest.mark.parametrize("words", [["--like", "1.mp3", "dog"], ["--like", "1.mp3", "--same", "1.mp3"], ["--same", "9"]])
def test_an_invalid_search_by_clip_is_reported_and_exits_with_status_2(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(["search", *words]) == 2

    message = capsys.readouterr().err
    assert "use only one of" in message or "the index has no clip 9" in message
