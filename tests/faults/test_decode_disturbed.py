"""decode on a disk that becomes full at a random byte, and concurrently with a second decode to the same folder."""

import signal
import time
from pathlib import Path
from random import Random

import pytest

from hearsay.records.journal import read_journal
from hearsay.records.table import read_csv
from tests.faults.driver import SEED, Starter, foreign_files_unchanged
from tests.faults.small_disks import SmallDisk, small_disks
from tests.faults.test_decode_killed import NOTES, check_equals_uninterrupted, whole_lines, without_times

pytestmark = pytest.mark.long

FILLS = 5


@pytest.fixture(scope="module")
def quiet(decoder: Starter, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of an uninterrupted run."""
    out = tmp_path_factory.mktemp("quiet")
    decoder.run_well(["decode", corpus, "--out", out])
    return out


def check_readable(out: Path, quiet: Path) -> None:
    """The journal is a prefix of the uninterrupted one, and the CSV, if it exists, has only records of the journal."""
    log = whole_lines(out / "clips.jsonl")
    assert without_times((quiet / "clips.jsonl").read_bytes()).startswith(without_times(log))
    if (out / "clips.csv").exists():
        assert set(read_csv(out / "clips.csv").cells) <= set(read_journal(out / "clips.jsonl"))


@pytest.mark.parametrize("disk", small_disks)
def test_a_full_disk_is_reported_by_decode_and_the_next_run_completes_the_output(
    disk: type[SmallDisk], decoder: Starter, corpus: Path, quiet: Path, tmp_path: Path
):
    chance = Random(SEED)
    needed = sum((quiet / name).stat().st_size for name in ("clips.jsonl", "clips.csv"))
    full = 0
    for number in range(FILLS):
        with disk(tmp_path / f"{number}") as small, foreign_files_unchanged(tmp_path / f"beside-{number}"):
            out = small.folder
            (out / "notes.txt").write_text(NOTES, encoding="utf-8")
            words = ["decode", corpus, "--out", out]
            ended = decoder.run(words, limit=small.leave(chance.randrange(1, needed)))
            assert "Traceback" not in ended.output
            assert ended.status in (0, 1), ended.output
            assert (ended.status == 1) == (small.complaint in ended.output), ended.output
            full += ended.status
            check_readable(out, quiet)
            small.leave(None)
            decoder.run_well(words)
            check_equals_uninterrupted(out, quiet)
    assert full >= FILLS // 2, "the disk was rarely full"


def test_a_second_decode_to_the_same_folder_is_rejected_and_the_first_one_completes(
    decoder: Starter, corpus: Path, quiet: Path, tmp_path: Path
):
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text(NOTES, encoding="utf-8")
    words = ["decode", corpus, "--out", out]
    first = decoder.start(words)
    while not whole_lines(out / "clips.jsonl"):
        time.sleep(0.01)
    first.send(signal.SIGSTOP)
    before = (out / "clips.jsonl").read_bytes()
    second = decoder.run(words)
    assert second.status == 2
    assert f"{out / 'clips.jsonl'} is being written by another run" in second.output
    assert (out / "clips.jsonl").read_bytes() == before
    first.send(signal.SIGCONT)
    assert first.ended().status == 0
    check_equals_uninterrupted(out, quiet)
