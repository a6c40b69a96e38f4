"""Values of fields in every spelling of a corpus, and fields with thousands of values."""

from pathlib import Path

import pytest

from hearsay.records.table import csv_line
from indexer.cli.command_line import main
from tests.support.index_commands import search_json

COLUMNS = ("filename", "generated_text", "age", "gender", "accent", "duration")
SPELLINGS = {
    "a1.wav": ("23", "Female", "English"),
    "a2.wav": ("24", "Male", "Indian"),
    "a3.wav": ("Twenties", "M", "Scottish"),
    "a4.wav": ("twenties", "F", "Canada"),
    "a5.wav": ("twenties", "female", "US"),
    "a6.wav": ("twenties", "female", "us"),
    "a7.wav": ("twenties", "female", "us "),
    "a8.wav": ("forties", "female", "United States"),
    "a9.wav": ("fourties", "female_feminine", "United States English,Midwestern"),
    "b1.wav": ("fourties", "male_masculine", "Unknown"),
    "b2.wav": ("", "", ""),
}
UNITED_STATES = {"a5.wav", "a6.wav", "a7.wav", "a8.wav", "a9.wav"}
TOWNS = 3000


def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: dict[str, tuple[str, str, str]]) -> None:
    monkeypatch.setenv("INDEX_URL", str(tmp_path / "index"))
    monkeypatch.setenv("DELETIONS", str(tmp_path / "deletions.jsonl"))
    lines = ([name, "PLEASE CALL STELLA", *about, "2.5"] for name, about in rows.items())
    (tmp_path / "rows.csv").write_text("".join(map(csv_line, [COLUMNS, *lines])))
    assert main(["load", str(tmp_path / "rows.csv")]) == 0


@pytest.fixture
def spelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    load(tmp_path, monkeypatch, SPELLINGS)
    capsys.readouterr()


@pytest.fixture
def thousands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rows = {f"c{town:05}.mp3": ("", "", f"England English,variety of town {town}") for town in range(TOWNS)}
    load(tmp_path, monkeypatch, rows)
    capsys.readouterr()


@pytest.mark.usefixtures("spelled")
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("gender:Male", {"a2.wav", "a3.wav", "b1.wav"}),
        ("gender:male_masculine", {"a2.wav", "a3.wav", "b1.wav"}),
        ("gender:F", set(SPELLINGS) - {"a2.wav", "a3.wav", "b1.wav", "b2.wav"}),
        ("accent:Indian", {"a2.wav"}),
        ("accent:england", {"a1.wav"}),
        ("accent:US", UNITED_STATES),
        ("accent:us", UNITED_STATES),
        ('accent:"us "', UNITED_STATES),
        ('accent:"united states english"', UNITED_STATES),
        ("accent:midwestern", {"a9.wav"}),
        ("accent:unknown", {"b1.wav", "b2.wav"}),
        ("age:Forties", {"a8.wav", "a9.wav", "b1.wav"}),
        ("age:24", {"a2.wav"}),
        ("age:twenties", {"a1.wav", "a2.wav", "a3.wav", "a4.wav", "a5.wav", "a6.wav", "a7.wav"}),
    ],
)
def test_a_value_is_found_in_every_spelling_by_query_and_by_filter(
    typed: str, found: set[str], capsys: pytest.CaptureFixture[str]
):
    answer = search_json(capsys, typed, "--size", "20")
    assert ({hit["id"] for hit in answer["hits"]}, answer["notes"]) == (found, [])
    facet, _, value = typed.partition(":")
    answer = search_json(capsys, f"--{facet}", value.strip('"'), "--size", "20")
    assert ({hit["id"] for hit in answer["hits"]}, answer["notes"]) == (found, [])


@pytest.mark.usefixtures("spelled")
@pytest.mark.parametrize("typed", ["accent:wales", "-accent:wales", "stella accent:wales"])
def test_a_value_that_no_clip_has_is_noted_in_a_query_as_in_a_filter(typed: str, capsys: pytest.CaptureFixture[str]):
    (note,) = search_json(capsys, typed)["notes"]
    assert note.startswith("no clip has the accent “Wales”; choose from: United States, ")
    assert main(["search", "--accent", "wales"]) == 0
    assert note in capsys.readouterr().err


@pytest.mark.usefixtures("thousands")
def test_of_thousands_of_values_the_terminal_shows_the_first_and_their_number(capsys: pytest.CaptureFixture[str]):
    assert main(["search", "stella"]) == 0
    out = capsys.readouterr().out
    (accents,) = [line for line in out.splitlines() if line.startswith("accent: ")]
    assert accents.startswith(f"accent: England {TOWNS} · ")
    assert accents.endswith("· … and 2,995 more")
    assert len(out) < 3000
    assert main(["search", "stella", "--accent", "nosuch"]) == 0
    assert "… and 2,995 more" in (note := capsys.readouterr().err)
    assert len(note) < 400
    assert [hit["id"] for hit in search_json(capsys, "--accent", "variety of TOWN 1234")["hits"]] == ["c01234.mp3"]
