"""Repeated runs over a folder: unchanged files are not read, changed ones are detected, by digest if necessary."""

import json
import os
import time
from pathlib import Path

import pytest

from asr.cli import main
from hearsay.records.journal import read_journal
from tests.asr.pipeline.test_batch import SETTLING, Bench
from tests.support.models import tone

FILE = "4.wav"
CLIP = f"corpus/{FILE}"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    assert bench.run().transcribed == 10
    return bench


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the audio files that are read from now on."""
    found: list[str] = []
    read_bytes = Path.read_bytes

    def read(path: Path) -> bytes:
        if path.suffix == ".wav":
            found.append(path.name)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    return found


@pytest.mark.parametrize("table", [True, False])
def test_unchanged_files_are_not_read(bench: Bench, reads: list[str], table: bool):
    lines = (bench.out / "clips.jsonl").read_text()
    summary = bench.run(table=table)
    assert (summary.transcribed, summary.skipped, reads) == (0, 10, [])
    assert (bench.out / "clips.jsonl").read_text() == lines


def test_a_run_that_verifies_reads_everything_and_changes_nothing(bench: Bench, reads: list[str]):
    lines = (bench.out / "clips.jsonl").read_text()
    assert bench.run(verifies=True).transcribed == 0
    assert len(set(reads)) == len(reads) == 10
    assert (bench.out / "clips.jsonl").read_text() == lines


def test_a_file_that_was_only_touched_is_read_once_and_not_transcribed(bench: Bench, reads: list[str]):
    before = bench.journal()[CLIP]
    os.utime(bench.corpus / FILE, (1_600_000_000, 1_600_000_000))
    time.sleep(SETTLING)
    for _ in range(2):
        summary = bench.run()
        assert (summary.transcribed, summary.skipped, reads) == (0, 10, [FILE])
    after = bench.journal()[CLIP]
    assert "-1600000000000000000-" in after.audio_stamp != before.audio_stamp
    assert (after.audio_digest, after.generated_text) == (before.audio_digest, before.generated_text)


def test_content_that_changed_under_the_same_size_and_time_is_transcribed(bench: Bench):
    path = bench.corpus / FILE
    found, digest = path.stat(), bench.journal()[CLIP].audio_digest
    path.write_bytes(tone(1604, peak=0.9))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (found.st_size, found.st_mtime_ns)
    assert bench.run().transcribed == 1
    assert bench.journal()[CLIP].audio_digest != digest


def test_records_of_an_older_version_are_verified_once_and_get_their_stamps(bench: Bench, reads: list[str]):
    log = bench.out / "clips.jsonl"
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert all(record.pop("audio_stamp") for record in records)
    log.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    for _ in range(2):
        assert (bench.run().transcribed, len(reads)) == (0, 10)
    assert all(row.audio_stamp for row in bench.journal().values())


def test_a_clip_that_failed_is_tried_again_though_its_file_is_the_same(bench: Bench, reads: list[str]):
    (bench.corpus / FILE).write_bytes(b"no sound at all")
    time.sleep(SETTLING)
    for _ in range(2):
        assert [row.id for row in bench.run().failed] == [CLIP]
        assert reads.count(FILE) >= 1
        assert set(reads) == {FILE}
        reads.clear()


def test_a_dry_run_follows_the_same_rule(
    bench: Bench, reads: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    log = bench.out / "clips.jsonl"
    names = {"asr_model": "pocketsphinx", "ser_model": "classic"}
    records = [{**json.loads(line), **names} for line in log.read_text(encoding="utf-8").splitlines()]
    log.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    for name, value in {"ASR_MODEL": "pocketsphinx", "SER_MODEL": "classic", "HEARSAY_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    words = ["decode", str(bench.corpus), "--out", str(bench.out), "--dry-run"]
    assert main(words) == 0
    assert reads == []
    assert main([*words, "--verify"]) == 0
    assert len(reads) == 10
    assert read_journal(log).keys() == bench.journal().keys()
