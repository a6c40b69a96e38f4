"""Stamps of files: equal while a file is unchanged, different after any change, empty if a change could be missed."""

import os
import time
from pathlib import Path

import pytest

from asr.sources import stamps
from asr.sources.stamps import stamp_of

LATER = 10 * 10**9


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file, some seconds after it was written."""
    now = time.time_ns
    monkeypatch.setattr(stamps.time, "time_ns", lambda: now() + LATER)
    path = tmp_path / "clip.wav"
    path.write_bytes(b"one")
    return path


def test_an_unchanged_file_keeps_its_stamp(settled: Path):
    stamp = stamp_of(settled)
    assert stamp.split("-")[0] == "3"
    settled.read_bytes()
    assert stamp_of(settled) == stamp


def test_changed_content_of_equal_size_and_time_has_a_different_stamp(settled: Path):
    stamp, found = stamp_of(settled), settled.stat()
    time.sleep(0.02)
    settled.write_bytes(b"two")
    os.utime(settled, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert settled.stat().st_mtime_ns == found.st_mtime_ns
    assert stamp_of(settled) not in ("", stamp)


def test_a_file_that_was_just_written_has_no_stamp(tmp_path: Path):
    path = tmp_path / "clip.wav"
    for _ in range(100):  # the machine may pause for a tenth of a second here
        path.write_bytes(b"one")
        if not stamp_of(path):
            break
    else:
        pytest.fail("a file had a stamp at the moment at which it was written")
    time.sleep(0.2)
    assert stamp_of(path)


def test_files_with_times_in_whole_seconds_have_a_stamp_after_two_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path, second = tmp_path / "clip.wav", 1_700_000_000 * 10**9
    path.write_bytes(b"one")

    class Found:
        st_size, st_mtime_ns, st_ctime_ns = 3, second, second

    monkeypatch.setattr(Path, "stat", lambda _: Found)
    for after, stamp in ((1.9, ""), (2.1, f"3-{second}-{second}")):
        monkeypatch.setattr(stamps.time, "time_ns", lambda after=after: second + int(after * 10**9))
        assert stamp_of(path) == stamp


def test_a_missing_file_and_a_time_in_the_future_have_no_stamp(tmp_path: Path):
    assert stamp_of(tmp_path / "gone.wav") == ""
    path = tmp_path / "clip.wav"
    path.write_bytes(b"one")
    os.utime(path, (time.time() + 3600, time.time() + 3600))
    time.sleep(0.2)
    assert stamp_of(path) == ""
