"""decode on a disk that is full at a random byte, and beside a second decode into the same folder."""

import signal
import time
from pathlib import Path
from random import Random

import pytest

from hearsay.records.journal import read_journal
from hearsay.records.table import read_csv
from tests.faults.driver import SEED, Starter, nothing_foreign_touched
from tests.faults.small_disks import SmallDisk, small_disks
from tests.faults.test_decode_killed import NOTES, see_that_all_is_as_in, timeless, whole_lines

pytestmark = pytest.mark.long

FILLS = 5


@pytest.fixture(scope="module")
def quiet(decoder: Starter, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an undisturbed run."""
    out = tmp_path_factory.mktemp("quiet")
    decoder.run_well(["decode", corpus, "--out", out])
    return out


def see_that_it_can_be_read(out: Path, quiet: Path) -> None:
    """The log is the beginning of the undisturbed one, and the CSV, where there is one, has records of it."""
    log = whole_lines(out / "clips.jsonl")
    assert timeless((quiet / "clips.jsonl").read_bytes()).startswith(timeless(log))
    if (out / "clips.csv").exists():
        assert set(read_csv(out / "clips.csv").cells) <= set(read_journal(out / "clips.jsonl"))


@pytest.mark.parametrize("disk", small_disks)
def test_a_decode_whose_disk_is_full_at_any_byte_says_so_and_the_next_one_writes_the_rest(
    disk: type[SmallDisk], decoder: Starter, corpus: Path, quiet: Path, tmp_path: Path
):
    chance = Random(SEED)
    needed = sum((quiet / name).stat().st_size for name in ("clips.jsonl", "clips.csv"))
    full = 0
    for number in range(FILLS):
        with disk(tmp_path / f"{number}") as small, nothing_foreign_touched(tmp_path / f"beside-{number}"):
            out = small.folder
            (out / "notes.txt").write_text(NOTES, encoding="utf-8")
            words = ["decode", corpus, "--out", out]
            ended = decoder.run(words, limit=small.leave(chance.randrange(1, needed)))
            assert "Traceback" not in ended.said
            assert ended.status in (0, 1), ended.said
            assert (ended.status == 1) == (small.complaint in ended.said), ended.said
            full += ended.status
            see_that_it_can_be_read(out, quiet)
            small.leave(None)
            decoder.run_well(words)
            see_that_all_is_as_in(out, quiet)
    assert full >= FILLS // 2, "the disk was hardly ever full"


def test_a_second_decode_into_the_same_folder_is_refused_and_the_first_one_writes_all(
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
    assert f"{out / 'clips.jsonl'} is being written by another run" in second.said
    assert (out / "clips.jsonl").read_bytes() == before
    first.send(signal.SIGCONT)
    assert first.ended().status == 0
    see_that_all_is_as_in(out, quiet)
