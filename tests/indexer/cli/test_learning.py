"""Learning phonetic tables on the command line, and their use in searches."""

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
    """A CSV of generated misrecognitions; index, deletions and sound tables are in a temporary folder."""
    monkeypatch.setenv("INDEX_URL", str(tmp_path / "index"))
    monkeypatch.setenv("DELETIONS", str(tmp_path / "deletions.jsonl"))
    monkeypatch.setenv("PHONETIC_TABLES", str(tmp_path / "learned" / "tables.json"))
    lines = [f"{row.id},{row.text},{row.generated_text}" for row in rows(150)]
    file = tmp_path / "corrected.csv"
    file.write_text("\n".join(["filename,text,generated_text", *lines, ""]))
    return file


def evidence(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """The evidence of the most probable possible match for each word."""
    capsys.readouterr()
    assert main(["search", *words, "--json"]) == 0
    possible = json.loads(capsys.readouterr().out)["possible"]
    return list(possible[0]["evidence"])


def test_learned_tables_are_used_by_later_searches(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    transcripts = tmp_path / "transcripts.csv"  # where a reference is known, it decides
    lines = (line.split(",") for line in corpus.read_text().splitlines())
    transcripts.write_text("".join(f"{clip},{generated}\n" for clip, _, generated in lines))
    assert main(["load", str(transcripts)]) == 0
    (before,) = evidence(capsys, "heather", "--mode", "sounds-like")
    assert main(["learn", str(corpus)]) == 0
    output = capsys.readouterr()
    tables = tmp_path / "learned" / "tables.json"
    assert output.out == f"learned from 150 transcripts; the tables were written to {tables}\n"
    assert output.err == "", "there is no progress bar unless the output is a terminal"
    learned = Tables.load(tables)
    assert (learned.passages, learned.source) == (150, "corrected.csv")
    (after,) = evidence(capsys, "heather", "--mode", "sounds-like")
    assert before["how"] == after["how"] == "sounds like"
    assert before["probability"] != after["probability"]


def test_the_tables_are_written_to_the_given_file_with_the_given_source(corpus: Path, tmp_path: Path):
    out = tmp_path / "elsewhere.json"
    assert main(["learn", str(corpus), "--out", str(out), "--source", "made up clips"]) == 0
    assert Tables.load(out).source == "made up clips"
    assert not (tmp_path / "learned").exists()


def test_too_few_clips_are_reported_in_one_line_and_nothing_is_written(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    few = tmp_path / "few.csv"
    few.write_text("\n".join(corpus.read_text().splitlines()[:4]) + "\n")
    assert main(["learn", str(few)]) == 2
    output = capsys.readouterr()
    assert "3 clips have both text and generated_text" in output.err
    assert output.err.count("\n") == 1
    assert not (tmp_path / "learned" / "tables.json").exists()


def test_a_search_with_tables_of_another_version_is_rejected(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["load", str(corpus)]) == 0
    (tmp_path / "learned").mkdir()
    (tmp_path / "learned" / "tables.json").write_text('{"version": 1}')
    capsys.readouterr()
    assert main(["search", "boy"]) == 2
    assert "by another version of Hearsay; learn it again with: indexer learn" in capsys.readouterr().err


def test_pronunciation_is_learned_from_a_dictionary(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    dictionary, out = tmp_path / "tiny.dict", tmp_path / "tiny.json.xz"
    dictionary.write_text(TINY)
    assert main(["learn-spelling", str(dictionary), "--out", str(out)]) == 0
    assert "aligning 3 words" in capsys.readouterr().out
    spelling = G2pModel.load(out)
    assert (spelling.words, spelling.source) == ({"bat", "tab", "bit"}, "tiny.dict")


@pytest.mark.parametrize(("name", "sentence"), [("none.dict", "there is no file"), ("words.txt", "has no line")])
def test_a_file_that_is_not_a_dictionary_is_reported_in_one_line(
    name: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "words.txt").write_text("only words here\n")
    assert main(["learn-spelling", str(tmp_path / name), "--out", str(tmp_path / "out.xz")]) == 2
    output = capsys.readouterr()
    assert sentence in output.err
    assert output.err.count("\n") == 1
    assert not (tmp_path / "out.xz").exists()


def test_an_output_file_that_cannot_be_written_is_reported_in_one_line(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    dictionary = tmp_path / "tiny.dict"
    dictionary.write_text(TINY)
    (tmp_path / "folder").mkdir()
    for out in (tmp_path / "folder", corpus / "in a file"):
        for words in (["learn", str(corpus)], ["learn-spelling", str(dictionary)]):
            assert main([*words, "--out", str(out)]) == 2
            output = capsys.readouterr()
            assert f"{out} cannot be written" in output.err
            assert output.err.count("\n") == 1
