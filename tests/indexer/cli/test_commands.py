"""The commands that load, change and count."""

import json
from pathlib import Path
from typing import Any

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal
from indexer.cli.command_line import main
from tests.support.index_commands import search_json


@pytest.mark.parametrize("wanted", ["", "1"])
def test_load_prints_the_number_of_clips_and_passages(
    files: list[str], wanted: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("FORCE_COLOR", wanted)
    assert main(["load", *files, "--audio", "s3://bucket/clips"]) == 0
    output = capsys.readouterr()
    assert "loaded 4 clips as 4 passages in" in output.out
    assert "1 clip of them without a transcript" in output.out
    assert output.err == "", "no progress bar without a terminal"


def test_load_warns_if_the_audio_folder_lacks_many_clips(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for folder, found in ((tmp_path / "cv", 1), (tmp_path / "other", 0)):
        folder.mkdir()
        (folder / "1.mp3").touch()
        assert main(["load", *files, "--audio", str(folder)]) == 0
        assert f"has the audio of {found} of 4 clips" in capsys.readouterr().err
    assert main(["load", *files, "--audio", str(tmp_path / "nothing")]) == 2


def test_load_without_audio_reports_what_the_page_can_play_and_the_previous_audio_folder(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["load", *files]) == 0
    assert "the page can only play clips that were added on it" in (first := capsys.readouterr().err)
    assert "load again with --audio FOLDER\n" in first
    (audio := tmp_path / "my clips").mkdir()
    assert main(["load", *files, "--audio", str(audio)]) == 0
    assert "can only play" not in capsys.readouterr().err
    assert main(["load", *files]) == 0
    assert f"load again with --audio '{audio}', as for the previous version" in capsys.readouterr().err


@pytest.mark.usefixtures("loaded")
def test_count_put_delete_and_rollback(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    new = tmp_path / "new.jsonl"
    new.write_text('{"filename": "cv/5.mp3", "generated_text": "ANOTHER BOY"}\n')

    def output(*words: str, status: int = 0) -> str:
        assert main(list(words)) == status
        return capsys.readouterr().out.strip()

    assert output("count") == "4"
    assert output("count", "boy") == "2"
    assert output("put", str(new)) == "put 1 clip"
    assert output("count", "boy", "--mode", "baseline") == "2"
    assert output("delete", "cv/1.mp3", "cv/5.mp3") == "deleted 2 clips (2 passages)"
    assert output("delete", "cv/2.mp3", "cv/none.mp3", status=1) == "deleted 1 clip (1 passage)"
    assert output("count") == "2"
    assert "left out 2 deleted clips" in output("load", *files)
    assert output("delete", "cv/3.mp3") == "deleted 1 clip (1 passage)"
    assert output("rollback").endswith(", without 1 passage of deleted clips")
    assert output("put", str(new)) == "put 1 clip"
    assert output("count") == "2"


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The journal of an inbox with a clip that is only there, a clip of the corpus, and a deleted clip."""
    monkeypatch.setenv("INBOX_DIR", str(tmp_path / "inbox"))
    with Journal(tmp_path / "inbox" / "clips.jsonl") as journal:
        journal.append([ClipRow("inbox/hello.wav", generated_text="hello", text="hallo"), ClipRow("inbox/gone.wav")])
        journal.append([ClipRow("inbox/gone.wav", deleted=True), ClipRow("cv/1.mp3", age="nineties", accent="wales")])
        return journal.path


def test_a_load_includes_the_inbox_and_the_given_files_take_precedence(
    files: list[str], inbox: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["load", *files]) == 0
    output = capsys.readouterr().out
    assert f"including the inbox, {inbox} (--no-inbox leaves it out)" in output
    assert "loaded 5 clips" in output
    assert [hit["id"] for hit in search_json(capsys, "hello")["hits"]] == ["inbox/hello.wav"]
    assert list(search_json(capsys, "boy", "--accent", "us")["facets"]["age"]) == ["twenties"]


def test_the_inbox_is_not_loaded_with_no_inbox_or_into_another_index(
    files: list[str], inbox: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for words in (["--no-inbox"], ["--index", str(tmp_path / "other")]):
        assert main(["load", *files, *words]) == 0
        output = capsys.readouterr().out
        assert "loaded 4 clips" in output
        assert "inbox" not in output


def test_the_inbox_is_loaded_once_if_it_is_given_as_a_file(inbox: Path, files: list[str], capsys: Any):
    assert main(["load", str(inbox)]) == 0
    output = capsys.readouterr().out
    assert "loaded 2 clips" in output
    assert "too" not in output


def test_a_load_reports_clips_with_impossible_times_and_indexes_all_of_them(
    tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str]
):
    rows = [
        {"filename": "good.mp3", "generated_text": "a good clip", "duration": 3},
        {
            "filename": "order.mp3",
            "generated_text": "later words earlier words",
            "duration": 90,
            "segments": [
                {"start": 60, "end": 80, "text": "later words"},
                {"start": 0, "end": 20, "text": "earlier words"},
            ],
        },
        {
            "filename": "reversed.mp3",
            "generated_text": "only broken times",
            "duration": 120,
            "segments": [{"start": 99.92, "end": 90.72, "text": "only broken times"}],
        },
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["load", str(file)]) == 0
    output = capsys.readouterr().out.splitlines()
    assert output[1:] == [
        "1 clip with impossible times, which were corrected: order.mp3 (out of order)",
        (
            "1 clip with words or segments that were left out (the text can be searched): "
            "reversed.mp3 (end before start)"
        ),
    ]
    ids = [hit["id"] for hit in search_json(capsys, "--sort", "duration")["hits"]]
    assert ids == ["good.mp3", "order.mp3#0001", "order.mp3#0002", "reversed.mp3"]
    assert [hit["id"] for hit in search_json(capsys, "broken")["hits"]] == ["reversed.mp3"]
    assert main(["put", str(file)]) == 0
    assert "note: 1 clip with impossible times" in capsys.readouterr().err


def test_a_load_reports_how_each_column_of_a_table_is_read(
    tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str]
):
    own = tmp_path / "own.csv"
    own.write_text("filename, text, emotion, room,\ncv/1.mp3, the boy runs, angry, hall,\n")
    assert main(["load", files[1], str(own), "--audio", "s3://bucket/clips"]) == 0
    account = (
        "own.csv: clip: filename; reference: text; kept under another name: emotion as corpus_emotion; other columns"
    )
    assert account in capsys.readouterr().out
    (hit,) = search_json(capsys, "extra.room:hall")["hits"]
    assert (hit["text"], hit["emotion"], hit["extra"]["corpus_emotion"]) == ("the boy runs", "happiness", "angry")
