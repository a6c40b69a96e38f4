"""Watched folders: existing files, arriving files, and files that are still being written."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from asr.errors import BadSource
from asr.sources import watch
from asr.sources.listing import FolderSource, Listing
from asr.sources.watch import ArrivingFile, arrivals
from hearsay.records.journal import read_journal
from hearsay.records.table import read_csv
from tests.conftest import PROJECT
from tests.support.api_server import EMBEDDED, FakeApi
from tests.support.models import tone


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


class Watch:
    """A watch over a folder, its successive listings, and its messages."""

    def __init__(self, folder: Path) -> None:
        self.messages: list[str] = []
        self._listings: Iterator[Listing] = arrivals(FolderSource(folder, "inbox"), self.messages.append)

    def next(self) -> list[str]:
        return [clip.row.id for clip in next(self._listings).clips]


def put(path: Path, data: bytes = b"sound") -> None:
    """Move a file that was completed a minute ago into place."""
    path.parent.mkdir(exist_ok=True)
    finished = path.parent / f".{path.name}"
    finished.write_bytes(data)
    os.utime(finished, (time.time() - 60,) * 2)
    finished.rename(path)


def test_existing_files_are_listed_before_new_files(folder: Path):
    put(folder / "b.wav")
    put(folder / "a.mp3")
    watched = Watch(folder)
    assert watched.next() == ["inbox/a.mp3", "inbox/b.wav"]
    put(folder / "c.wav")
    assert watched.next() == ["inbox/c.wav"]
    assert watched.messages == ["arrived: 2 clips (inbox/a.mp3, inbox/b.wav)", "arrived: 1 clip (inbox/c.wav)"]


def test_the_files_of_a_new_folder_are_listed(folder: Path, tmp_path: Path):
    put(folder / "a.wav")
    watched = Watch(folder)
    watched.next()
    put(tmp_path / "day" / "b.wav")
    put(tmp_path / "day" / "c.wav")
    (tmp_path / "day").rename(folder / "day")
    assert watched.next() == ["inbox/day/b.wav", "inbox/day/c.wav"]
    put(folder / "day" / "d.wav")
    assert watched.next() == ["inbox/day/d.wav"]


def test_a_file_is_listed_only_after_it_is_complete(folder: Path):
    put(folder / "a.wav")
    watched = Watch(folder)
    watched.next()
    code = "import sys, time\nfor _ in range(15):\n    print('sound' * 100, flush=True)\n    time.sleep(0.1)\n"
    with (folder / "slow.wav").open("wb") as file:
        writer = subprocess.Popen([sys.executable, "-c", code], stdout=file)
        assert watched.next() == ["inbox/slow.wav"]
        assert writer.wait() == 0
    assert (folder / "slow.wav").stat().st_size == 15 * 501


def test_a_replaced_or_extended_file_is_listed_again(folder: Path):
    put(folder / "a.wav", b"one")
    watched = Watch(folder)
    watched.next()
    put(folder / "a.wav", b"two")
    assert watched.next() == ["inbox/a.wav"]
    with (folder / "a.wav").open("ab") as file:
        file.write(b" and three")
    assert watched.next() == ["inbox/a.wav"]


def test_non_audio_files_are_skipped_with_a_message_and_hidden_files_silently(folder: Path):
    put(folder / "notes.txt")
    put(folder / "a.wav")
    watched = Watch(folder)
    assert watched.next() == ["inbox/a.wav"]
    put(folder / ".hidden.wav")
    put(folder / "more.txt")
    put(folder / "b.wav")
    assert watched.next() == ["inbox/b.wav"]
    assert [line for line in watched.messages if "skipped" in line]
    assert not [line for line in watched.messages if "hidden" in line]


def test_files_deleted_before_completion_are_not_clips(folder: Path):
    (folder / "a.wav").write_bytes(b"not calm yet")
    watching = watch.PendingFiles()
    watching.add([folder / "a.wav", folder / "never.wav"])
    (folder / "a.wav").unlink()
    assert watching.take_whole() == []


def test_a_periodic_scan_finds_files_without_change_notifications(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watch, "watch", lambda *_, **__: iter([set(), set()]))  # as on a network share
    monkeypatch.setattr(watch, "SECONDS_BETWEEN_ROUNDS", 0.0)
    put(folder / "a.wav")
    watched = Watch(folder)
    assert watched.next() == ["inbox/a.wav"]
    put(folder / "b.wav")
    assert watched.next() == ["inbox/b.wav"]


def test_a_modification_time_in_the_future_does_not_delay_a_file_indefinitely(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watch, "CALM_SECONDS", 600.0)
    assert ArrivingFile(1, 1, written=time.time() + 3600, seen=time.monotonic() - 601).is_calm()
    assert not ArrivingFile(1, 1, written=time.time() + 3600, seen=time.monotonic()).is_calm()


def test_a_missing_folder_cannot_be_watched(tmp_path: Path):
    with pytest.raises(BadSource, match="cannot be watched"):
        next(arrivals(FolderSource(tmp_path / "gone", "gone"), print))


class Run:
    """``decode --watch`` as a process, and its journal."""

    def __init__(self, folder: Path, out: Path, *further: str) -> None:
        self.journal, self.csv = out / "clips.jsonl", out / "clips.csv"
        command = [sys.executable, "-m", "asr", "decode", str(folder), "--out", str(out), "--watch", *further]
        environment = {**os.environ, **EMBEDDED, "LOG_DIR": str(out / "logs")}
        self._process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            # Programs that a shell runs in the background ignore SIGINT.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # nothing here forks
        )

    def wait_for(self, rows: int) -> None:
        while not self.journal.exists() or self.journal.read_bytes().count(b"\n") < rows:
            assert self._process.poll() is None
            time.sleep(0.02)

    def end(self, number: signal.Signals) -> tuple[int, str]:
        self._process.send_signal(number)
        _, stderr = self._process.communicate(timeout=200)
        return self._process.returncode, stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_a_watch_decodes_new_files_until_a_signal_ends_it_with_status_0(
    folder: Path, tmp_path: Path, number: signal.Signals
):
    with FakeApi() as fake_api:
        run = Run(folder, tmp_path / "out", "--via", fake_api.address)
        put(folder / "a.wav", b"one")
        run.wait_for(1)
        put(folder / "b.wav", b"three")
        run.wait_for(2)
        put(folder / "a.wav", b"another")
        run.wait_for(3)
        status, stderr = run.end(number)
    assert status == 0, stderr
    assert {name: row.generated_text for name, row in read_journal(run.journal).items()} == {
        "inbox/a.wav": "7",
        "inbox/b.wav": "5",
    }
    assert set(read_csv(run.csv).cells) == {"inbox/a.wav", "inbox/b.wav"}
    assert "arrived: 1 clip (inbox/b.wav)" in stderr


def test_a_watch_with_local_models_continues_after_a_restart(folder: Path, tmp_path: Path):
    put(folder / "a.wav", tone(8000))
    run = Run(folder, tmp_path / "out")
    run.wait_for(1)
    assert run.end(signal.SIGTERM)[0] == 0
    put(folder / "b.wav", tone(4000))
    run = Run(folder, tmp_path / "out")
    run.wait_for(2)
    assert run.end(signal.SIGTERM)[0] == 0
    assert len(run.journal.read_text().splitlines()) == 2
    assert {row["error"] for row in read_csv(run.csv).cells.values()} == {""}


@pytest.mark.parametrize("further", [("--csv", "a.csv"), ("--limit", "3"), ("--allow-missing",)])
def test_options_incompatible_with_a_watch_are_rejected(folder: Path, tmp_path: Path, further: tuple[str, ...]):
    run = Run(folder, tmp_path / "out", *further)
    status, stderr = run.end(signal.Signals.SIGCONT)
    assert (status, "--watch works with a local folder only" in stderr) == (2, True)
