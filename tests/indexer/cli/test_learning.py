"""Learning anew on the command line, and what searches make of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from indexer.cli.command_line import main
from indexer.phonetics.g2p import G2pModel
from indexer.phonetics.tables import Tables
from tests.support.word_errors import rows

TINY = "bat B AE T\ntab T AE B\nbit B IH T\n"


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CSV of made mishearings; index, deletions and sound tables lie in a folder of the test's own."""
    monkeypatch.setenv("INDEX_URL", str(tmp_path / "index"))
    monkeypatch.setenv("DELETIONS", str(tmp_path / "deletions.jsonl"))
    monkeypatch.setenv("SOUND_TABLES", str(tmp_path / "learned" / "tables.json"))
    lines = [f"{row.id},{row.text},{row.generated_text}" for row in rows(150)]
    file = tmp_path / "corrected.csv"
    file.write_text("\n".join(["filename,text,generated_text", *lines, ""]))
    return file


def evidence(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """Of the first hit, how it has each word."""
    capsys.readouterr()
    assert main(["search", *words, "--json"]) == 0
    hits = json.loads(capsys.readouterr().out)["hits"]
    return list(hits[0]["evidence"])


def test_what_was_learned_is_used_by_the_searches_that_follow(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["load", str(corpus)]) == 0
    (before,) = evidence(capsys, "heather", "--mode", "sounds-like")
    assert main(["learn", str(corpus)]) == 0
    said = capsys.readouterr()
    tables = tmp_path / "learned" / "tables.json"
    assert said.out == f"learned from 150 transcripts; the tables were written to {tables}\n"
    assert said.err == "", "no progress bar where nobody watches"
    learned = Tables.load(tables)
    assert (learned.passages, learned.source) == (150, "corrected.csv")
    (after,) = evidence(capsys, "heather", "--mode", "sounds-like")
    assert before["how"] == after["how"] == "sounds like"
    assert before["probability"] != after["probability"]


def test_the_tables_go_where_they_are_wanted_and_say_what_they_are_reported(corpus: Path, tmp_path: Path):
    out = tmp_path / "elsewhere.json"
    assert main(["learn", str(corpus), "--out", str(out), "--source", "made up clips"]) == 0
    assert Tables.load(out).source == "made up clips"
    assert not (tmp_path / "learned").exists()


def test_too_little_to_learn_from_is_one_sentence_and_changes_nothing(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    few = tmp_path / "few.csv"
    few.write_text("\n".join(corpus.read_text().splitlines()[:4]) + "\n")
    assert main(["learn", str(few)]) == 2
    said = capsys.readouterr()
    assert "3 clips have both text and generated_text" in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "learned" / "tables.json").exists()


def test_tables_of_another_version_stop_a_search_with_a_sentence(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["load", str(corpus)]) == 0
    (tmp_path / "learned").mkdir()
    (tmp_path / "learned" / "tables.json").write_text('{"version": 1}')
    capsys.readouterr()
    assert main(["search", "boy"]) == 2
    assert "by another version of Hearsay; learn it again with: indexer learn" in capsys.readouterr().err


def test_how_letters_sound_can_be_learned_from_a_dictionary(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    dictionary, out = tmp_path / "tiny.dict", tmp_path / "tiny.json.xz"
    dictionary.write_text(TINY)
    assert main(["learn-spelling", str(dictionary), "--out", str(out)]) == 0
    assert "aligning 3 words" in capsys.readouterr().out
    spelling = G2pModel.load(out)
    assert (spelling.words, spelling.source) == ({"bat", "tab", "bit"}, "tiny.dict")


@pytest.mark.parametrize(("name", "sentence"), [("none.dict", "there is no file"), ("words.txt", "has no line")])
def test_what_is_no_dictionary_is_one_sentence(
    name: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "words.txt").write_text("only words here\n")
    assert main(["learn-spelling", str(tmp_path / name), "--out", str(tmp_path / "out.xz")]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "out.xz").exists()


def test_a_place_that_cannot_be_written_is_one_sentence(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    dictionary = tmp_path / "tiny.dict"
    dictionary.write_text(TINY)
    (tmp_path / "folder").mkdir()
    for out in (tmp_path / "folder", corpus / "in a file"):
        for words in (["learn", str(corpus)], ["learn-spelling", str(dictionary)]):
            assert main([*words, "--out", str(out)]) == 2
            said = capsys.readouterr()
            assert f"{out} cannot be written" in said.err
            assert said.err.count("\n") == 1
