"""decode --dry-run: reports what decode would do, and changes nothing."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from asr.cli import main
from asr.pipeline.pipeline import digest_of
from asr.speech import pocketsphinx
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal
from hearsay.records.transcript import FailedPiece

NEW, DONE, FAILED, CHANGED, DELETED = (f"sample-00000{number}.mp3" for number in range(5))


@pytest.fixture
def corpus(samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of five clips and a text file, and a journal with four of the clips; no model may be loaded."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in (NEW, DONE, FAILED, CHANGED, DELETED):
        shutil.copy(samples / name, folder)
    (folder / "notes.txt").write_text("no sound")
    record = ClipRow("-", dataset="corpus", generated_text="x", asr_model="pocketsphinx", ser_model="classic")
    digests = {name: digest_of((folder / name).read_bytes()) for name in (DONE, FAILED)}
    with Journal(tmp_path / "out" / "clips.jsonl") as log:
        log.append(
            [
                replace(record, id=f"corpus/{DONE}", audio_digest=digests[DONE]),
                replace(record, id=f"corpus/{FAILED}", audio_digest=digests[FAILED], error="the model failed"),
                replace(record, id=f"corpus/{CHANGED}", audio_digest="another", duration=3600.0),
                replace(record, id=f"corpus/{DELETED}", deleted=True),
            ]
        )

    def opened(*_: object) -> None:
        raise AssertionError("a model was opened")

    monkeypatch.setattr(pocketsphinx.PocketSphinxSpeechModel, "__init__", opened)
    monkeypatch.setenv("ASR_MODEL", "pocketsphinx")
    monkeypatch.setenv("SER_MODEL", "classic")
    monkeypatch.setenv("HEARSAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return folder


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file with its content, and every folder."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    capsys.readouterr()
    assert main(["decode", *words, "--dry-run", "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_clips_are_counted_by_what_decode_would_do_with_them(corpus: Path, capsys: pytest.CaptureFixture[str]):
    plan = planned(capsys, str(corpus), "--out", "out")
    assert plan["clips"] == 5
    assert (plan["transcribe"], plan["done"], plan["deleted"], plan["failed_before"]) == (3, 1, 1, 1)
    assert plan["passed_over"] == [str(corpus / "notes.txt")]
    assert (plan["speech"], plan["emotion"]) == ("pocketsphinx (named by ASR_MODEL)", "classic (named by SER_MODEL)")
    assert plan["of_unknown_length"] == 0
    seconds = plan["seconds"]
    assert isinstance(seconds, float)
    assert 3602 < seconds < 3640, "one hour according to the log, and two clips according to their headers"


def test_the_plain_text_plan_has_the_same_counts(corpus: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["decode", str(corpus), "--out", "out", "--dry-run"]) == 0
    output = capsys.readouterr().out
    assert "1 file skipped, not audio by its extension: .txt" in output
    assert "3 of 5 clips to transcribe (1:00:" in output
    assert "1 of which failed before; 1 already done, 1 deleted" in output
    assert "speech model: pocketsphinx (named by ASR_MODEL)" in output
    assert "nothing was written" in output


@pytest.mark.parametrize("out", ["out", "not/there/yet"])
def test_no_file_or_folder_is_created(out: str, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    before = contents(tmp_path)
    planned(capsys, str(corpus), "--out", out)
    assert contents(tmp_path) == before


def test_table_rows_without_a_file_are_counted_as_without_audio(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "table.csv").write_text(f"filename,duration\ncorpus/{NEW},60\ncorpus/none.mp3,5\n")
    words = (str(corpus), "--out", "out", "--csv", "table.csv")
    assert main(["decode", *words, "--dry-run"]) == 2
    plan = planned(capsys, *words, "--allow-missing")
    assert (plan["transcribe"], plan["without_audio"], plan["seconds"]) == (1, 1, 60)
    assert planned(capsys, str(corpus), "--out", "out", "--limit", "1")["clips"] == 1


def test_a_changed_emotion_model_requires_only_retagging(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("SER_MODEL", "nobody/another")
    plan = planned(capsys, str(corpus), "--out", "out")
    assert (plan["transcribe"], plan["tag"], plan["done"]) == (3, 1, 0)
    assert plan["emotion"] == "nobody/another (named by SER_MODEL; to be downloaded)"


def test_a_clip_with_failed_pieces_is_planned_to_be_transcribed_in_part(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    digest = digest_of((corpus / DONE).read_bytes())
    row = ClipRow(f"corpus/{DONE}", generated_text="x", audio_digest=digest, asr_model="pocketsphinx")
    failed = (FailedPiece(30.0, 60.0, "out of memory"),)
    with Journal(tmp_path / "out" / "clips.jsonl") as log:
        log.append([replace(row, ser_model="classic", error="a piece failed", failed_pieces=failed)])
    plan = planned(capsys, str(corpus), "--out", "out")
    assert (plan["transcribe"], plan["transcribe_in_part"], plan["tag"], plan["done"]) == (3, 1, 0, 0)
    assert main(["decode", str(corpus), "--out", "out", "--dry-run"]) == 0
    assert "1 to retry in part" in capsys.readouterr().out


def test_a_changed_default_model_requires_the_same_choice_as_decode(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    log = tmp_path / "out" / "clips.jsonl"
    log.write_text(log.read_text(encoding="utf-8").replace('"pocketsphinx"', '"an/older-model"'), encoding="utf-8")
    monkeypatch.setenv("ASR_MODEL", "auto")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    words = (str(corpus), "--out", "out")
    assert main(["decode", *words, "--dry-run"]) == 2
    assert "--model-change keep" in capsys.readouterr().err
    assert planned(capsys, *words, "--model-change", "keep")["done"] == 1
    assert planned(capsys, *words, "--model-change", "redo")["done"] == 0


def test_changed_weights_count_as_a_different_model(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    digest = digest_of((corpus / DONE).read_bytes())
    for weights, done in ((pocketsphinx.weights_of_the_wheel(), 1), ("another", 0)):
        row = ClipRow(f"corpus/{DONE}", generated_text="x", audio_digest=digest, asr_model="pocketsphinx")
        with Journal(tmp_path / "out" / "clips.jsonl") as log:
            log.append([replace(row, asr_weights=weights, ser_model="classic")])
        assert planned(capsys, str(corpus), "--out", "out")["done"] == done


def test_incompatible_options_are_usage_errors(corpus: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["decode", str(corpus), "--out", "out", "--json"]) == 2
    assert "--json needs --dry-run" in capsys.readouterr().err
    assert main(["decode", str(corpus), "--out", "out", "--dry-run", "--watch"]) == 2
    assert "--dry-run and --watch cannot be combined" in capsys.readouterr().err
