"""Transcripts by further models in a record: in the log, in a CSV, and when records are merged."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hearsay.errors import BadRow
from hearsay.records.clip import ClipRow
from hearsay.records.table import read_csv, write_csv
from hearsay.records.transcript import ModelTranscript, Word

SECOND = ModelTranscript("tiny", "The wall was painted.", (Word("painted.", 0.9, 1.4, 0.91),), 0.8, "en", weights="abc")
THIRD = ModelTranscript("base", "the wall was painted", confidence=0.7)
ROW = ClipRow(
    "a.mp3",
    audio_digest="1",
    generated_text="THE WALL WAS VAINTED",
    asr_model="wav2vec2",
    transcripts=(SECOND, THIRD),
)


def read_again(path: Path) -> list[ClipRow]:
    return list(read_csv(path).to_merge().rows().values())


def test_a_log_line_gives_them_back():
    line = json.loads(json.dumps(ROW.to_record()))
    assert ClipRow.from_json(line) == ROW
    assert line["transcripts"][0]["model"] == "tiny"


def test_a_csv_has_them_in_numbered_columns_and_gives_them_back(tmp_path: Path):
    write_csv(tmp_path / "clips.csv", [ROW, ClipRow("b.mp3", generated_text="NO", asr_model="wav2vec2")])
    header = (tmp_path / "clips.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert {"generated_text_2", "asr_model_2", "confidence_2", "generated_text_3", "agreement"} <= set(header)
    first, second = read_again(tmp_path / "clips.csv")
    assert first.transcripts == ROW.transcripts
    assert second.transcripts == ()


def test_the_agreement_in_a_csv_is_computed_again(tmp_path: Path):
    write_csv(tmp_path / "clips.csv", [ROW])
    text = (tmp_path / "clips.csv").read_text(encoding="utf-8")
    (tmp_path / "clips.csv").write_text(text.replace(",0.75", ",0.1"), encoding="utf-8")
    assert ",0.1" in (tmp_path / "clips.csv").read_text(encoding="utf-8")
    assert read_again(tmp_path / "clips.csv")[0].agreement == 0.75


@pytest.mark.parametrize(
    ("first", "second", "agreement"),
    [
        ("the wall was vainted", "The wall was painted.", 0.75),
        ("THE WALL", "the wall", 1.0),
        ("twenty colours", "20 colors", 1.0),
        ("", "", 1.0),
        ("", "you", 0.0),
        ("yes", "no no no no", 0.0),
    ],
)
def test_the_agreement_is_one_minus_the_word_error_rate(first: str, second: str, agreement: float):
    row = ClipRow("a", generated_text=first, asr_model="x", language="en", transcripts=(ModelTranscript("y", second),))
    assert row.agreement == agreement


@pytest.mark.parametrize(
    "row",
    [
        ClipRow("a", generated_text="yes", asr_model="x"),
        ClipRow("a", transcripts=(THIRD,)),
        ClipRow("a", generated_text="yes", asr_model="x", error="failed", transcripts=(THIRD,)),
        ClipRow("a", generated_text="yes", asr_model="x", transcripts=(ModelTranscript("y", error="failed"),)),
    ],
    ids=["no second", "no first", "first failed", "second failed"],
)
def test_without_two_transcripts_there_is_no_agreement(row: ClipRow):
    assert row.agreement is None


def test_a_later_transcript_replaces_that_of_the_same_model():
    later = ClipRow(
        "a.mp3", transcripts=(replace(SECOND, text="The wall was tainted."),), given=frozenset({"transcripts"})
    )
    assert ROW.merged_with(later).transcripts == (later.transcripts[0], THIRD)
    assert ROW.merged_with(later).generated_text == ROW.generated_text


def test_another_first_transcript_of_the_same_audio_keeps_them():
    later = ClipRow("a.mp3", audio_digest="1", generated_text="THE WALL WAS PAINTED", asr_model="other")
    assert ROW.merged_with(later).transcripts == ROW.transcripts


def test_other_audio_and_an_emptied_cell_remove_them():
    assert ROW.merged_with(ClipRow("a.mp3", audio_digest="2", generated_text="NO")).transcripts == ()
    assert ROW.merged_with(ClipRow("a.mp3", given=frozenset({"transcripts"}))).transcripts == ()


def test_a_column_of_a_corpus_with_such_a_name_is_kept_beside_ours(tmp_path: Path):
    (tmp_path / "corpus.csv").write_text(
        "filename,text,confidence_2,agreement\na.mp3,yes,high,full\n", encoding="utf-8"
    )
    (row,) = read_again(tmp_path / "corpus.csv")
    assert row.transcripts == ()
    assert sorted(row.extra.values()) == ["full", "high"]


def test_a_text_of_this_name_in_an_older_log_is_a_column_of_the_corpus():
    row = ClipRow.from_json({"filename": "a.mp3", "schema_version": 1, "transcripts": "two"})
    assert row.transcripts == ()
    assert list(row.extra.values()) == ["two"]


@pytest.mark.parametrize(
    ("transcripts", "message"),
    [
        ([{"model": "tiny", "text": "a"}, {"model": "tiny", "text": "b"}], "two further transcripts of the model tiny"),
        ([{"confidence": 0.5}], "needs a text or the name of its model"),
        ([{"model": "tiny", "text": "a", "confidence": float("nan")}], "transcripts"),
    ],
    ids=["twice", "empty", "not a number"],
)
def test_impossible_ones_are_rejected(transcripts: object, message: str):
    with pytest.raises(BadRow, match=message):
        ClipRow.from_json({"filename": "a.mp3", "schema_version": 1, "transcripts": transcripts})
