import errno
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from asr.audio import samples
from asr.audio.decoding import decode_audio
from asr.audio.samples import SampleBuffer, release_pages
from asr.audio.vad import detect_speech
from asr.types import Waveform
from tests.faults.small_disks import MountedDisk
from tests.support.recordings import sound_file, tone

LIMIT, BLOCK = 40_000, 7_000


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[IO[bytes]]:
    """Recordings above `LIMIT` samples are moved to a file; the files that were opened."""
    opened: list[IO[bytes]] = []
    create = tempfile.TemporaryFile

    def noted(*given: Any, **named: Any) -> IO[bytes]:
        opened.append(create(*given, **named))
        return opened[-1]

    monkeypatch.setattr(samples, "MOST_IN_MEMORY", LIMIT)
    monkeypatch.setattr(samples, "_BLOCK", BLOCK)
    monkeypatch.setattr(tempfile, "TemporaryFile", noted)
    return opened


def ramp(length: int) -> Waveform:
    return np.linspace(-1, 1, length, dtype=np.float32)


def filled(whole: Waveform, part: int = 3_001) -> SampleBuffer:
    buffer = SampleBuffer()
    for first in range(0, len(whole), part):
        buffer.append(whole[first : first + part])
    return buffer


def halve(block: Waveform) -> None:
    block /= 2


@pytest.mark.parametrize("length", [0, 1, LIMIT, LIMIT + 1, 3 * LIMIT + 17])
def test_samples_are_the_same_in_memory_and_in_a_file(length: int, files: list[IO[bytes]]):
    whole = ramp(length)
    buffer = filled(whole)
    assert len(buffer) == length
    assert len(files) == (length > LIMIT)
    np.testing.assert_array_equal(np.concatenate([np.zeros(0), *buffer.blocks()]), whole)
    buffer.change(halve)
    np.testing.assert_array_equal(buffer.waveform(), whole / 2)


def test_a_long_recording_is_decoded_alike_in_a_file(files: list[IO[bytes]], monkeypatch: pytest.MonkeyPatch):
    data = sound_file(tone(12, peak=1.7) + np.float32(0.2), subtype="FLOAT")
    in_file = decode_audio(data, 60)
    monkeypatch.setattr(samples, "MOST_IN_MEMORY", 10**9)
    in_memory = decode_audio(data, 60)
    assert len(files) == 1
    assert (in_file.flags.writeable, in_memory.flags.writeable) == (False, True)
    np.testing.assert_array_equal(in_file, in_memory)
    assert detect_speech(in_file).stretches == detect_speech(in_memory).stretches


def test_pages_that_were_read_are_released_and_read_again(files: list[IO[bytes]]):
    whole = ramp(4_000_000)
    waveform = filled(whole, 500_000).waveform()
    assert files
    total = float(waveform.sum())
    read = resident(waveform)
    release_pages(waveform[100:200])
    assert read * 1024 >= waveform.nbytes
    assert resident(waveform) == 0
    assert float(waveform.sum()) == total
    in_memory = ramp(100)
    release_pages(in_memory)
    np.testing.assert_array_equal(in_memory, ramp(100))


def resident(waveform: Waveform) -> int:
    """The resident kilobytes of the mapping that contains the waveform."""
    start = f"{waveform.__array_interface__['data'][0]:x}-"
    lines = iter(Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines())
    next(line for line in lines if line.startswith(start))
    return int(next(line for line in lines if line.startswith("Rss:")).split()[1])


def failing_from(write: int) -> Callable[..., Any]:
    """A replacement for `tempfile.TemporaryFile` whose disk is full from its nth write on, halfway through it."""

    class Full:
        def __init__(self, **named: Any) -> None:
            self._file = create(**named)
            self._left = write

        def write(self, data: memoryview) -> int:
            self._left -= 1
            if self._left < 0:
                self._file.write(data[: len(data) // 8 * 4])
                raise OSError(errno.ENOSPC, "No space left on device")
            return int(self._file.write(data))

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

    create = tempfile.TemporaryFile
    return Full


@pytest.mark.parametrize("write", [0, 1, 5, 20])
def test_a_recording_stays_whole_in_memory_if_the_disk_is_full(
    write: int, files: list[IO[bytes]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "TemporaryFile", failing_from(write))
    whole = ramp(2 * LIMIT)
    buffer = filled(whole)
    buffer.change(halve)
    buffer.change(halve)
    waveform = buffer.waveform()
    assert waveform.flags.writeable, "it is still in the file"
    np.testing.assert_array_equal(waveform, whole / 4)


@pytest.fixture
def full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with MountedDisk(tmp_path / "disk") as disk:
        disk.leave(150_000)
        monkeypatch.setattr(tempfile, "tempdir", str(disk.folder))
        yield disk.folder


def test_a_real_full_disk_costs_nothing(files: list[IO[bytes]], full_disk: Path):
    whole = ramp(3 * LIMIT)
    waveform = filled(whole).waveform()
    assert len(files) == 1
    assert waveform.flags.writeable
    np.testing.assert_array_equal(waveform, whole)
    assert list(full_disk.iterdir()) == []


def test_a_folder_for_temporary_files_that_is_missing_costs_nothing(
    files: list[IO[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    whole = ramp(2 * LIMIT)
    np.testing.assert_array_equal(filled(whole).waveform(), whole)
    assert not files
