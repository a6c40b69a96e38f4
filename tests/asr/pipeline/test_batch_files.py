"""Decoding on a file system that rejects an operation: results are saved, and a message names what is missing."""

import errno
import fcntl
import shutil
from pathlib import Path
from typing import Any

import pytest

from asr.cli import main
from asr.pipeline import batch as decoding
from hearsay.errors import ClipsError
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal, read_journal
from hearsay.records.table import read_csv
from tests.asr.pipeline.test_batch import Bench
from tests.hearsay.records.test_files import failing


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_run_without_file_locks_continues_with_a_warning(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(fcntl, "flock", failing(errno.ENOSYS))
    assert bench.run().transcribed == 10
    assert "warning: the file system of" in capsys.readouterr().err
    assert sorted(path.name for path in bench.out.iterdir()) == ["clips.csv", "clips.jsonl"]


def test_the_csv_is_written_without_chmod(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Path, "chmod", failing(errno.EPERM))
    summary = bench.run()
    assert (summary.transcribed, summary.unwritten) == (10, "")
    assert len(read_csv(bench.out / "clips.csv").cells) == 10


def test_a_csv_that_cannot_be_written_is_written_by_the_next_run(bench: Bench):
    (bench.out / "clips.csv").mkdir(parents=True)
    summary = bench.run()
    assert summary.transcribed == len(bench.journal()) == 10
    assert "clips.csv cannot be written" in summary.unwritten
    assert "The records are in the log" in summary.unwritten
    assert "clips.jsonl; run the same command to write the CSV" in summary.unwritten
    (bench.out / "clips.csv").rmdir()
    summary = bench.run()
    assert (summary.transcribed, summary.unwritten) == (0, "")
    assert len(read_csv(bench.out / "clips.csv").cells) == 10


def test_a_csv_of_somebody_else_is_not_overwritten(bench: Bench):
    bench.out.mkdir(parents=True, exist_ok=True)
    (bench.out / "clips.csv").write_text("my,own,table\n1,2,3\n")
    with pytest.raises(ClipsError, match=r"clips\.csv was not written by Hearsay, .* Name another folder in --out"):
        bench.run()
    assert (bench.out / "clips.csv").read_text() == "my,own,table\n1,2,3\n"
    assert sorted(path.name for path in bench.out.iterdir()) == ["clips.csv"]


@pytest.mark.parametrize("kept", ["the log", "the CSV"])
def test_a_csv_of_an_earlier_run_is_replaced(bench: Bench, kept: str):
    bench.run()
    if kept == "the log":
        (bench.out / "clips.csv").write_text("edited;in;a;spreadsheet\n")
    else:
        (bench.out / "clips.jsonl").unlink()
    assert bench.run().transcribed == (0 if kept == "the log" else 10)
    assert len(read_csv(bench.out / "clips.csv").cells) == 10


def test_a_journal_that_cannot_be_written_ends_the_run_and_keeps_earlier_records(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    class Filling(Journal):
        def append(self, rows: Any) -> None:
            if len(self.rows()) >= 6:
                raise ClipsError(f"{self.path} cannot be written: No space left on device")
            super().append(rows)

    monkeypatch.setattr(decoding, "Journal", Filling)
    summary = bench.run()
    assert "No space left on device. Earlier records are in the log" in summary.stop_reason
    assert len(bench.journal()) == len(read_csv(bench.out / "clips.csv").cells) == 6
    monkeypatch.undo()
    assert bench.run().transcribed == 4


def test_partial_csv_files_of_a_killed_run_are_removed_by_the_next_run(bench: Bench):
    bench.run()
    (bench.out / ".clips.csv.92656e08").write_text("filename,te")
    (bench.out / ".clips.csv.notes").write_text("somebody's")
    bench.run()
    assert sorted(path.name for path in bench.out.iterdir()) == [".clips.csv.notes", "clips.csv", "clips.jsonl"]


def test_decode_reports_missing_locks_and_an_unwritten_csv_with_exit_status_1(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    settings = {"ASR_MODEL": "pocketsphinx", "SER_MODEL": "classic", "WORKERS": "1", "LOG_DIR": str(tmp_path / "logs")}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(fcntl, "flock", failing(errno.ENOLCK))
    (tmp_path / "clips").mkdir()
    shutil.copy(samples / "sample-000000.mp3", tmp_path / "clips" / "a.mp3")
    (tmp_path / "out" / "clips.csv").mkdir(parents=True)
    assert main(["decode", str(tmp_path / "clips"), "--out", str(tmp_path / "out")]) == 1
    messages = capsys.readouterr().err
    assert "has no locks" in messages
    assert "run the same command to write the CSV" in messages
    assert f"written: {tmp_path / 'out' / 'clips.jsonl'};" in messages
    assert "Traceback" not in messages
    (row,) = read_journal(tmp_path / "out" / "clips.jsonl").values()
    assert isinstance(row, ClipRow)
    assert "blacksmith" in row.generated_text
