"""Thousands of damaged audio files: each is decoded or rejected with a message; nothing crashes or hangs."""

import gc
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import httpx
import numpy as np
import pytest

from asr.audio.decoding import decode_audio
from hearsay.errors import AudioError
from tests.support.mutations import mutated, whole_files
from tests.support.serving import server_of, small_models

ANSWERED = {200, 413, 415, 422}

GROWTH = 80_000_000
"""Bytes that a process may grow by over some thousand files: allocators keep some freed memory."""


def is_decoded(data: bytes) -> bool:
    """Whether a file can be decoded; otherwise it must be rejected with a message."""
    try:
        waveform, refusal = decode_audio(data, 60), ""
    except AudioError as problem:
        waveform, refusal = np.zeros(1, np.float32), str(problem)
    assert waveform.dtype == np.float32
    assert waveform.ndim == 1
    assert np.isfinite(waveform).all()
    assert np.abs(waveform).max() <= 1
    assert refusal.endswith("." if refusal else "")
    return not refusal


def resident_bytes() -> int:
    gc.collect()
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_undamaged_files_are_decoded(samples: Path):
    assert all(is_decoded(data) for data in whole_files(samples))


def test_damaged_files_are_decoded_or_rejected(samples: Path):
    outcomes = Counter(is_decoded(data) for data in mutated(whole_files(samples), 300))
    assert min(outcomes[True], outcomes[False]) > 30, "some damaged files are decoded and some are not"


def test_the_server_answers_every_damaged_file_and_leaves_no_temporary_files(
    samples: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with server_of(small_models(), monkeypatch, max_clip_seconds=60) as address:
        assert statuses(address, mutated(whole_files(samples), 100, seed=8)) <= ANSWERED
    assert list(tmp_path.iterdir()) == []


def statuses(address: str, files: Iterable[bytes]) -> set[int]:
    with httpx.Client(base_url=address, timeout=200) as client:
        return {client.post("/asr", files={"file": data}).status_code for data in files}


@pytest.mark.long
def test_thousands_of_damaged_files_leak_neither_memory_nor_open_files(samples: Path):
    files = whole_files(samples)
    for data in mutated(files, 500, seed=1):
        is_decoded(data)
    memory, opened = resident_bytes(), open_files()
    for data in mutated(files, 4000, seed=2):
        is_decoded(data)
    assert resident_bytes() - memory < GROWTH
    assert open_files() <= opened


@pytest.mark.long
def test_thousands_of_damaged_real_clips_leak_no_memory_and_no_files_in_the_server(
    real_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    clips = sorted((real_data / "speech-samples").rglob("*.*"), key=lambda path: path.stat().st_size)
    files = [path.read_bytes() for path in clips if path.suffix != ".csv"][:60]
    with server_of(small_models(), monkeypatch, max_clip_seconds=60) as address:
        assert statuses(address, mutated(files, 300, seed=3)) <= ANSWERED
        memory, opened = resident_bytes(), open_files()
        assert statuses(address, mutated(files, 2000, seed=4)) <= ANSWERED
        assert resident_bytes() - memory < GROWTH
        assert open_files() <= opened + 2  # connections that the client reopens
    assert list(tmp_path.iterdir()) == []
