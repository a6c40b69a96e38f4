"""Second transcripts: added to new and finished logs, completed after failures and kills, apart from the first ones."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from asr.cli import main
from asr.pipeline import interim
from asr.pipeline.batch import Summary, decode
from asr.pipeline.pipeline import LocalPipeline
from asr.pipeline.progress import DecodingProgress
from asr.pipeline.scheduler import Limits, Scheduler
from asr.sources.listing import open_folder
from hearsay.config import user_cache
from hearsay.records.clip import ClipRow
from hearsay.records.journal import read_journal
from tests.asr.pipeline.test_batch import SETTLING
from tests.asr.pipeline.test_interim import LONG, PIECES, StoppingModel, sound_file, wait_for
from tests.conftest import PROJECT
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel, tone
from tests.support.weights import published_weights

CLIPS = 6
ONE_BY_ONE = Limits(batch_seconds=0, threads=1)


class Runs:
    """A folder of tones, and decode runs over it with a second model; the models count what they compute."""

    def __init__(self, root: Path) -> None:
        self.folder, self.out = root / "corpus", root / "out"
        self.folder.mkdir()
        for number in range(CLIPS):
            (self.folder / f"{number}.wav").write_bytes(tone(1600 + number))
        time.sleep(SETTLING)
        self.first, self.emotion, self.second = LengthSpeechModel(), LoudnessEmotionModel(), named("other")

    def run(self, *, has_second: bool = True, keeps_transcripts: bool = False) -> Summary:
        second = self.second if has_second else None
        pipeline = LocalPipeline(Scheduler(self.first, self.emotion, Limits(), second_model=second), 600)
        with DecodingProgress() as progress:
            listing = open_folder(str(self.folder), None).list()
            return decode([listing], pipeline, self.out, 2, progress, keeps_transcripts=keeps_transcripts)

    def log(self) -> dict[str, ClipRow]:
        return read_journal(self.out / "clips.jsonl")


def named(name: str, weights: str = "") -> LengthSpeechModel:
    model = LengthSpeechModel()
    model.name, model.weights = name, weights
    return model


def without_second(row: ClipRow) -> ClipRow:
    return replace(row, transcripts=())


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_a_finished_log_gets_second_transcripts_and_keeps_everything_else(runs: Runs):
    runs.run(has_second=False)
    before = runs.log()
    summary = runs.run()
    assert (summary.transcribed, summary.retagged, summary.seconded) == (0, 0, CLIPS)
    assert (runs.first.transcribed, runs.second.transcribed) == (CLIPS, CLIPS)
    assert {clip_id: without_second(row) for clip_id, row in runs.log().items()} == before
    for row in runs.log().values():
        (second,) = row.transcripts
        assert (second.model, second.text, second.confidence) == ("other", row.generated_text, 0.988)
        assert row.agreement == 1.0
    header = (runs.out / "clips.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert {"generated_text_2", "asr_model_2", "agreement"} <= set(header)


def test_nothing_is_computed_twice(runs: Runs):
    runs.run()
    lines = (runs.out / "clips.jsonl").read_bytes()
    summary = runs.run()
    assert (summary.skipped, summary.seconded, runs.second.transcribed) == (CLIPS, 0, CLIPS)
    assert (runs.out / "clips.jsonl").read_bytes() == lines


def test_a_new_log_gets_both_and_each_file_is_read_once(runs: Runs, monkeypatch: pytest.MonkeyPatch):
    reads: list[str] = []
    read_bytes = Path.read_bytes

    def read(path: Path) -> bytes:
        reads.append(path.suffix)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    summary = runs.run()
    assert (summary.transcribed, summary.seconded, reads.count(".wav")) == (CLIPS, CLIPS, CLIPS)


def test_a_third_model_adds_a_transcript(runs: Runs):
    runs.run()
    runs.second = named("third")
    assert runs.run().seconded == CLIPS
    for row in runs.log().values():
        assert [one.model for one in row.transcripts] == ["other", "third"]
    assert "generated_text_3" in (runs.out / "clips.csv").read_text(encoding="utf-8").splitlines()[0]


def test_a_failure_of_the_second_model_leaves_the_first_transcript_and_is_retried(runs: Runs):
    runs.run(has_second=False)
    before = runs.log()
    runs.second.fails_on = 1602
    summary = runs.run()
    assert (summary.seconded, list(summary.failed_second), summary.failed) == (CLIPS - 1, ["corpus/2.wav"], [])
    row = runs.log()["corpus/2.wav"]
    assert without_second(row) == before["corpus/2.wav"]
    assert (row.transcripts[0].text, "out of memory" in row.transcripts[0].error) == ("", True)
    assert row.agreement is None
    runs.second.fails_on = None
    summary = runs.run()
    assert (summary.seconded, summary.failed_second, runs.second.transcribed) == (1, {}, CLIPS)
    assert runs.log()["corpus/2.wav"].transcripts[0].error == ""


def test_a_failure_of_the_first_model_leaves_the_second_transcript(runs: Runs):
    runs.first.fails_on = 1602
    summary = runs.run()
    assert ([row.id for row in summary.failed], summary.failed_second) == (["corpus/2.wav"], {})
    runs.first.fails_on = None
    summary = runs.run()
    assert (summary.transcribed, summary.seconded, runs.second.transcribed) == (1, 0, CLIPS)
    assert runs.log()["corpus/2.wav"].agreement == 1.0


def test_a_file_that_disappears_keeps_its_record(runs: Runs):
    runs.run(has_second=False)
    before = runs.log()
    listing = open_folder(str(runs.folder), None).list()
    gone = listing.clips[2]

    def read() -> bytes:
        raise FileNotFoundError("no such file")

    clips = tuple(replace(clip, read=read) if clip is gone else clip for clip in listing.clips)
    pipeline = LocalPipeline(Scheduler(runs.first, runs.emotion, second_model=runs.second), 600)
    with DecodingProgress() as progress:
        summary = decode([replace(listing, clips=clips)], pipeline, runs.out, 2, progress)
    assert ([row.id for row in summary.failed], summary.seconded) == ([gone.row.id], CLIPS - 1)
    assert runs.log()[gone.row.id] == before[gone.row.id]


def test_new_weights_of_the_same_name_transcribe_again_unless_transcripts_are_kept(runs: Runs):
    runs.second = named("other", "a" * 64)
    runs.run()
    runs.second = named("other", "b" * 64)
    assert runs.run(keeps_transcripts=True).seconded == 0
    runs.second.fails_on = 1602
    assert runs.run().seconded == CLIPS - 1
    kept = runs.log()["corpus/2.wav"].transcripts[0]
    assert (kept.text, kept.weights, kept.error[:27]) == ("1602", "a" * 64, "transcribing again failed: ")
    runs.second.fails_on = None
    assert runs.run().seconded == 1
    assert {row.transcripts[0].weights for row in runs.log().values()} == {"b" * 64}


def test_only_missing_emotions_are_tagged_beside_second_transcripts(runs: Runs):
    runs.run(has_second=False)
    runs.emotion.name = "loudness-2"
    summary = runs.run()
    assert (summary.transcribed, summary.retagged, summary.seconded) == (0, CLIPS, CLIPS)
    assert {row.ser_model for row in runs.log().values()} == {"loudness-2"}


def test_a_second_transcript_is_stored_if_only_the_emotion_fails(runs: Runs):
    runs.run(has_second=False)
    before = runs.log()
    runs.emotion.name, runs.emotion.fails = "loudness-2", True
    summary = runs.run()
    assert (len(summary.failed_in_part), summary.seconded) == (CLIPS, CLIPS)
    assert {clip_id: without_second(row) for clip_id, row in runs.log().items()} == before
    assert all(row.transcripts for row in runs.log().values())


def test_changed_audio_gets_both_transcripts_again(runs: Runs):
    runs.run()
    (runs.folder / "2.wav").write_bytes(tone(3200))
    summary = runs.run()
    assert (summary.transcribed, summary.seconded) == (1, 1)
    row = runs.log()["corpus/2.wav"]
    assert (row.generated_text, row.transcripts[0].text) == ("3200", "3200")


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    folder = tmp_path / "talks"
    folder.mkdir()
    (folder / "long.wav").write_bytes(sound_file(LONG))
    return folder


def decoded(
    folder: Path, out: Path, second: LengthSpeechModel | None, then: Callable[[], None] = lambda: None
) -> tuple[Summary, LengthSpeechModel]:
    first = LengthSpeechModel()
    scheduler = Scheduler(first, LoudnessEmotionModel(), ONE_BY_ONE, second_model=second)
    pipeline = LocalPipeline(scheduler, 600)
    try:
        with DecodingProgress() as progress:
            return decode([open_folder(str(folder), None).list()], pipeline, out, 0, progress), first
    finally:
        then()
        pipeline.close()


def row_in(out: Path) -> ClipRow:
    (row,) = read_journal(out / "clips.jsonl").values()
    return row


def test_only_missing_pieces_of_a_long_recording_are_transcribed_again(talk: Path, tmp_path: Path):
    second = named("other")
    start, end = PIECES[1]
    second.fails_on = end - start
    summary, _ = decoded(talk, tmp_path / "out", second)
    assert list(summary.failed_second) == ["talks/long.wav"]
    (partial,) = row_in(tmp_path / "out").transcripts
    assert len(partial.failed_pieces) >= 1
    assert partial.segments
    second = named("other")
    summary, first = decoded(talk, tmp_path / "out", second)
    assert (summary.seconded, second.transcribed, first.transcribed) == (1, len(partial.failed_pieces), 0)
    decoded(talk, tmp_path / "whole", named("other"))
    assert row_in(tmp_path / "out").transcripts == row_in(tmp_path / "whole").transcripts


def test_a_killed_run_keeps_the_pieces_of_its_second_transcript(
    talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(interim, "SECONDS_BETWEEN", 0.0)
    out, left = tmp_path / "out", tmp_path / "left"
    decoded(talk, out, None)

    def pieces_missing() -> int:
        return sum(len(one.failed_pieces) for one in row_in(out).transcripts)

    def copy_output() -> None:
        wait_for(lambda: pieces_missing() == len(PIECES) - 2)
        shutil.copytree(out, left)

    stopping = StoppingModel(2, copy_output)
    stopping.name = "other"
    decoded(talk, out, stopping)
    resumed = named("other")
    summary, first = decoded(talk, left, resumed)
    assert (summary.seconded, resumed.transcribed, first.transcribed) == (1, len(PIECES) - 2, 0)
    assert row_in(left).transcripts == row_in(out).transcripts


@pytest.fixture
def real_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("whisper-tiny.en-short", "whisper-tiny.en"):
        published_weights(name)
    settings = {
        "HEARSAY_HOME": str(user_cache() / "hearsay" / "test-weights"),
        "LOG_DIR": str(tmp_path / "logs"),
        "ASR_MODEL": "whisper-tiny.en-short",
        "SER_MODEL": "classic",
        "BATCH_CLIPS": "2",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


def lines_of(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "clips.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.usefixtures("real_models")
def test_a_run_that_is_killed_continues_without_computing_anything_twice(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder, out = tmp_path / "clips", tmp_path / "out"
    folder.mkdir()
    for path in sorted((real_data / "common-voice" / "cv-valid-dev").glob("*.mp3"))[:24]:
        shutil.copy(path, folder)
    words = ["decode", str(folder), "--out", str(out)]
    assert main(words) == 0
    first = read_journal(out / "clips.jsonl")
    words += ["--second", "whisper-tiny.en"]
    assert main([*words, "--dry-run"]) == 0
    assert "24 second transcripts to make" in capsys.readouterr().out
    process = subprocess.Popen([sys.executable, "-m", "asr", *words], cwd=PROJECT, stderr=subprocess.DEVNULL)
    began = time.monotonic()
    while (done := sum("transcripts" in line for line in lines_of(out))) < 4:
        assert process.poll() is None
        assert time.monotonic() - began < 120
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = sum("transcripts" in line for line in lines_of(out))
    assert 4 <= done < 24
    assert main([*words, "--dry-run"]) == 0
    assert f"{24 - done} second transcripts to make" in capsys.readouterr().out
    assert main(words) == 0
    names = [str(line["filename"]) for line in lines_of(out) if "transcripts" in line]
    assert sorted(names) == sorted(first)
    rows = read_journal(out / "clips.jsonl")
    assert {clip_id: without_second(row) for clip_id, row in rows.items()} == first
    assert {one.model for row in rows.values() for one in row.transcripts} == {"whisper-tiny.en"}


@pytest.mark.usefixtures("real_models")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--second", "whisper-tiny.en-short"], "that is the first model, too"),
        (["--second", "no/such-model"], "no/such-model"),
        (["--second", "whisper-tiny.en", "--via", "http://127.0.0.1:1"], "cannot be combined"),
    ],
)
def test_a_second_model_that_cannot_be_used_is_refused(
    options: list[str], message: str, runs: Runs, capsys: pytest.CaptureFixture[str]
):
    assert main(["decode", str(runs.folder), "--out", str(runs.out), *options]) == 2
    assert message in capsys.readouterr().err
    assert not runs.out.exists()
