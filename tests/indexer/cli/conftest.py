"""The files of a small corpus, and an index of them, in a temporary folder."""

from pathlib import Path

import pytest

from indexer.cli.command_line import main
from tests.support.index_commands import CORPUS, TRANSCRIPTS


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The corpus and its transcripts, as two CSV files, with index and deletions in a temporary folder."""
    monkeypatch.setenv("INDEX_URL", str(tmp_path / "index"))
    monkeypatch.setenv("DELETIONS", str(tmp_path / "deletions.jsonl"))
    monkeypatch.setenv("PHONETIC_TABLES", str(tmp_path / "sound-tables.json"))
    named = {"corpus.csv": CORPUS, "recognised.csv": TRANSCRIPTS}
    for name, text in named.items():
        (tmp_path / name).write_text(text)
    return [str(tmp_path / name) for name in named]


@pytest.fixture
def loaded(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", *files]) == 0
    capsys.readouterr()
