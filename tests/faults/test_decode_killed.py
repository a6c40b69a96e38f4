"""decode killed at random moments: after a resumed run, journal and CSV equal those of an uninterrupted run.

`tests/asr/pipeline/test_batch.py` kills a run at a chosen clip, and `tests/hearsay/records/test_journal.py` truncates
a journal at every byte.
"""

import re
from pathlib import Path
from random import Random

import pytest

from hearsay.records.journal import read_journal
from hearsay.records.table import read_csv
from tests.faults.conftest import CLIPS
from tests.faults.driver import KILLS, SEED, Hits, Starter, foreign_files_unchanged, moments

NOTES = "a note of somebody else, in the folder that decode writes to"


def whole_lines(log: Path) -> bytes:
    """The complete lines of a journal."""
    written = log.read_bytes() if log.exists() else b""
    return written[: written.rfind(b"\n") + 1]


def without_times(written: bytes) -> bytes:
    """The records without the time of transcription, which differs between runs."""
    return re.sub(rb"20\d\d-\d\d-\d\dT[\d:]+\+00:00", b"then", written)


def check_equals_uninterrupted(out: Path, quiet: Path) -> None:
    for name in ("clips.jsonl", "clips.csv"):
        assert without_times((out / name).read_bytes()) == without_times((quiet / name).read_bytes())
    assert sorted(path.name for path in out.iterdir()) == ["clips.csv", "clips.jsonl", "notes.txt"]
    assert (out / "notes.txt").read_text(encoding="utf-8") == NOTES


@pytest.mark.parametrize("kills", KILLS)
def test_a_journal_of_killed_runs_contains_every_clip_exactly_once_and_keeps_written_clips(
    kills: int, decoder: Starter, corpus: Path, tmp_path: Path
):
    quiet = tmp_path / "quiet"
    seconds = decoder.run_well(["decode", corpus, "--out", quiet]).seconds
    whole, csv = (without_times((quiet / name).read_bytes()) for name in ("clips.jsonl", "clips.csv"))
    assert len(whole.splitlines()) == len(read_journal(quiet / "clips.jsonl")) == CLIPS
    chance, hits, rounds = Random(SEED), Hits(), 0
    parts = moments(kills, chance)
    with foreign_files_unchanged(tmp_path / "beside"):
        while hits.total < kills:
            rounds += 1
            out = tmp_path / f"out-{rounds}"
            out.mkdir()
            (out / "notes.txt").write_text(NOTES, encoding="utf-8")
            words, log = ["decode", corpus, "--out", out], out / "clips.jsonl"
            for _ in range(min(chance.randint(1, 3), kills - hits.total)):
                before = whole_lines(log)
                if not decoder.kill(words, next(parts) * seconds).was_killed:
                    break
                after = whole_lines(log)
                hits.add(has_begun=len(after) > len(before), is_done=without_times(after) == whole)
                assert after.startswith(before)
                assert whole.startswith(without_times(after))
                if (out / "clips.csv").exists():
                    assert without_times((out / "clips.csv").read_bytes()) == csv
            decoder.run_well(words)
            check_equals_uninterrupted(out, quiet)
    hits.report("log", rounds=rounds, clips=rounds * CLIPS)


ROWS = 800


def table(path: Path, word: str) -> Path:
    """A table of clips without audio, so that a run only writes the journal and the CSV."""
    lines = (f"clips/{number:05}.mp3,{word} of clip {number}" for number in range(ROWS))
    path.write_text("\n".join(["filename,text", *lines, ""]), encoding="utf-8")
    return path


@pytest.mark.parametrize("kills", KILLS)
def test_a_csv_of_killed_runs_is_complete_and_from_the_previous_or_the_new_run(
    kills: int, decoder: Starter, tmp_path: Path
):
    (tmp_path / "clips").mkdir()
    out, quiet, csvs, seconds = tmp_path / "out", tmp_path / "quiet", {}, 0.0
    tables = [table(tmp_path / f"{word}.csv", word) for word in ("reading", "writing")]

    def words(number: int, out: Path) -> list[object]:
        return ["decode", tmp_path / "clips", "--csv", tables[number], "--allow-missing", "--out", out]

    for number in (0, 1, 0):
        seconds = decoder.run_well(words(number, quiet)).seconds
        csvs[number] = (quiet / "clips.csv").read_bytes()
    assert csvs[0] != csvs[1]
    out.mkdir()
    (out / "notes.txt").write_text(NOTES, encoding="utf-8")
    decoder.run_well(words(0, out))
    hits, served = Hits(), 0
    with foreign_files_unchanged(tmp_path / "beside"):
        for part in moments(kills, Random(SEED)):
            before = whole_lines(out / "clips.jsonl")
            ended = decoder.kill(words(1 - served, out), part * seconds)
            written, log = (out / "clips.csv").read_bytes(), whole_lines(out / "clips.jsonl")
            assert log.startswith(before)
            assert written in (csvs[served], csvs[1 - served])
            if is_new := written == csvs[1 - served]:
                served = 1 - served
            else:
                assert ended.was_killed, "the run reported success, but the CSV is that of the previous run"
            if ended.was_killed:
                hits.add(has_begun=log != before, is_done=is_new)
            if hits.total == kills:
                break
        for number in (0, 1):
            decoder.run_well(words(number, out))
            assert (out / "clips.csv").read_bytes() == csvs[number]
    assert len(read_csv(out / "clips.csv").cells) == len(read_journal(out / "clips.jsonl")) == ROWS
    assert sorted(path.name for path in out.iterdir()) == ["clips.csv", "clips.jsonl", "notes.txt"]
    hits.report("CSV", rows=ROWS)
