"""Batch decoding: journal and CSV, repeated runs, and runs that are interrupted or killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from asr.pipeline.assembly import open_source
from asr.pipeline.batch import Summary, decode, limited
from asr.pipeline.pipeline import LocalPipeline, digest_of
from asr.pipeline.progress import DecodingProgress
from asr.pipeline.scheduler import Limits, Scheduler
from asr.sources.listing import FolderSource, Listing
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal, read_journal
from hearsay.records.score import score
from hearsay.records.table import read_csv
from hearsay.records.transcript import Alternative
from tests.conftest import PROJECT
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel, tone

SETTLING = 0.15
"""Seconds after which a new file has a stamp, so that the second run over it has nothing to write."""


class Bench:
    """A corpus of tones in a folder, and decode runs over it."""

    def __init__(self, root: Path) -> None:
        self.corpus, self.out, self.table = root / "corpus", root / "out", root / "corpus.csv"
        self.corpus.mkdir()
        for number in range(10):
            (self.corpus / f"{number}.wav").write_bytes(tone(1600 + number))
        lines = (f"corpus/{number}.wav,{1600 + number},{'us' if number % 2 else ''}" for number in reversed(range(10)))
        self.table.write_text("\n".join(["filename,text,accent", *lines, ""]))
        time.sleep(SETTLING)
        self.speech_model, self.emotion_model = LengthSpeechModel(), LoudnessEmotionModel()
        self.limits = Limits()

    def run(
        self,
        *,
        table: bool = True,
        limit: int | None = None,
        batch_clips: int = 3,
        counted: DecodingProgress | None = None,
        keeps_transcripts: bool = False,
        verifies: bool = False,
    ) -> Summary:
        source = open_source(str(self.corpus), str(self.table) if table else None, None, allow_missing=True)
        pipeline = LocalPipeline(Scheduler(self.speech_model, self.emotion_model, self.limits), 60)
        with counted or DecodingProgress() as progress:
            listing = limited(source.list(), limit)
            rules = {"keeps_transcripts": keeps_transcripts, "verifies": verifies}
            return decode([listing], pipeline, self.out, batch_clips, progress, **rules)

    def journal(self) -> dict[str, ClipRow]:
        return read_journal(self.out / "clips.jsonl")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_csv_has_the_columns_and_order_of_the_table_followed_by_new_columns(bench: Bench):
    bench.run()
    table = read_csv(bench.out / "clips.csv")
    assert table.columns[:5] == ("filename", "text", "accent", "duration", "dataset")
    assert list(table.cells) == [f"corpus/{number}.wav" for number in reversed(range(10))]
    for cells in table.cells.values():
        assert cells["text"] == cells["generated_text"]
        assert cells["duration"] == "0.1"


def test_the_measured_duration_replaces_that_of_the_table_in_journal_and_csv(bench: Bench):
    lines = bench.table.read_text(encoding="utf-8").splitlines()
    bench.table.write_text("\n".join(["filename,duration", *(f"{line.split(',')[0]},0.02" for line in lines[1:]), ""]))
    for _ in range(2):
        bench.run()
        assert {cells["duration"] for cells in read_csv(bench.out / "clips.csv").cells.values()} == {"0.1"}
        assert {row.duration for row in bench.journal().values()} == {0.1}


def test_journal_and_csv_contain_the_alternatives_of_words(bench: Bench):
    bench.speech_model.alternatives = (Alternative("four", 0.25),)
    bench.run(limit=1)
    (journalled,) = bench.journal().values()
    (written,) = read_csv(bench.out / "clips.csv").rows().values()
    assert journalled.words[0].alternatives == written.words[0].alternatives == bench.speech_model.alternatives


def test_a_folder_without_a_table_gets_the_columns_of_common_voice(bench: Bench):
    bench.run(table=False)
    columns = read_csv(bench.out / "clips.csv").columns
    assert columns[:8] == ("filename", "text", "up_votes", "down_votes", "age", "gender", "accent", "duration")


def test_a_second_run_transcribes_nothing_and_writes_the_same_files(bench: Bench):
    bench.run()
    first, lines = (bench.out / "clips.csv").read_text(), (bench.out / "clips.jsonl").read_text()
    summary = bench.run()
    assert (summary.transcribed, summary.skipped, bench.speech_model.transcribed) == (0, 10, 10)
    assert (bench.out / "clips.csv").read_text() == first
    assert (bench.out / "clips.jsonl").read_text() == lines


def test_changed_audio_is_transcribed_again(bench: Bench):
    bench.run()
    (bench.corpus / "4.wav").write_bytes(tone(4000))
    assert bench.run().transcribed == 1
    assert bench.journal()["corpus/4.wav"].generated_text == "4000"


def test_a_different_model_transcribes_every_clip_again(bench: Bench):
    bench.run()
    bench.speech_model.name = "length-2"
    assert bench.run().transcribed == 10
    assert {row.asr_model for row in bench.journal().values()} == {"length-2"}


def test_changed_weights_under_the_same_name_transcribe_every_clip_again(bench: Bench):
    bench.speech_model.weights = "one"
    bench.run()
    assert bench.run().transcribed == 0
    bench.speech_model.weights = "two"
    assert bench.run().transcribed == 10
    assert {row.asr_weights for row in bench.journal().values()} == {"two"}
    assert read_csv(bench.out / "clips.csv").cells["corpus/1.wav"]["asr_weights"] == "two"


def test_records_without_a_digest_are_matched_by_model_name(bench: Bench):
    bench.run()
    lines = (bench.out / "clips.jsonl").read_text()
    assert "weights" not in lines
    bench.speech_model.weights = bench.emotion_model.weights = "known by now"
    bench.speech_model.precision = "float32"
    assert bench.run().transcribed == bench.emotion_model.tagged - 10 == 0
    assert (bench.out / "clips.jsonl").read_text() == lines


def test_a_different_precision_transcribes_again_only_if_it_was_set_explicitly(bench: Bench):
    bench.speech_model.weights = "one"
    bench.speech_model.precision = "int8"
    bench.run()
    bench.speech_model.precision = ""
    assert bench.run().transcribed == 0
    bench.speech_model.precision = "bfloat16"
    assert bench.run().transcribed == 10


@pytest.mark.parametrize(("part", "value"), [("name", "loudness-2"), ("weights", "two"), ("precision", "int8")])
def test_a_different_emotion_model_tags_every_clip_again_and_transcribes_none(bench: Bench, part: str, value: str):
    bench.emotion_model.weights = "one"
    bench.run()
    before = bench.journal()
    setattr(bench.emotion_model, part, value)
    summary = bench.run()
    assert (summary.transcribed, summary.retagged, summary.skipped, bench.speech_model.transcribed) == (0, 10, 0, 10)
    changed = {f"ser_{'model' if part == 'name' else part}": value}
    for clip_id, row in bench.journal().items():
        assert replace(row, decoded_at="") == replace(before[clip_id], decoded_at="", **changed)
    assert bench.run().retagged == 0


def test_a_different_speech_model_transcribes_every_clip_again_and_tags_none(bench: Bench):
    bench.run()
    bench.speech_model.name = "length-2"
    assert bench.run().transcribed == 10
    assert bench.emotion_model.tagged == 10
    assert {(row.asr_model, row.ser_model, row.emotion) for row in bench.journal().values()} == {
        ("length-2", "loudness", "uncertain")
    }


def test_a_failure_keeps_the_transcript_of_unchanged_audio_and_the_clip_is_retried(bench: Bench):
    bench.run()
    before = bench.journal()["corpus/4.wav"]
    bench.speech_model.name, bench.speech_model.fails_on = "length-2", 1604
    for _ in range(2):
        summary = bench.run()
        (failed,) = summary.failed
        assert bench.journal()["corpus/4.wav"] == failed
        assert failed.error.startswith("transcribing again failed: ")
        assert failed.error.endswith("out of memory; the transcript of length is kept")
        assert replace(failed, error="") == before
        assert read_csv(bench.out / "clips.csv").rows()["corpus/4.wav"] == failed
    bench.speech_model.fails_on = None
    summary = bench.run()
    assert (summary.transcribed, summary.failed) == (1, [])
    assert (bench.journal()["corpus/4.wav"].asr_model, bench.journal()["corpus/4.wav"].error) == ("length-2", "")


def test_a_failure_discards_the_transcript_of_changed_audio(bench: Bench):
    bench.run()
    (bench.corpus / "4.wav").write_bytes(tone(4000))
    bench.speech_model.fails_on = 4000
    (failed,) = bench.run().failed
    assert bench.journal()["corpus/4.wav"] == failed
    assert (failed.generated_text, failed.words, failed.emotion, failed.audio_digest) == (
        "", (), "", digest_of(tone(4000))
    )  # fmt: skip
    assert failed.error.endswith("out of memory")


def test_a_transcript_is_kept_if_its_audio_becomes_unreadable(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    bench.run()
    before = bench.journal()["corpus/4.wav"]
    read = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path.name == "4.wav":
            raise OSError(5, "Input/output error")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert bench.run().failed == [], "the stamp equals the one in the log, so the file is not read"
    (failed,) = bench.run(verifies=True).failed
    assert "the file cannot be read: Input/output error" in failed.error
    assert replace(failed, error="") == before
    monkeypatch.undo()
    assert bench.run().failed == []
    assert bench.journal()["corpus/4.wav"].error == ""


def test_clips_are_fully_processed_again_if_both_models_or_the_audio_changed(bench: Bench):
    bench.run()
    bench.emotion_model.name = bench.speech_model.name = "another"
    bench.run()
    assert bench.speech_model.transcribed == bench.emotion_model.tagged == 20
    bench.emotion_model.name = "a third"
    (bench.corpus / "4.wav").write_bytes(tone(4000))
    summary = bench.run()
    assert (summary.transcribed, summary.retagged) == (1, 9)


def test_a_failed_retagging_leaves_the_record_unchanged_and_is_retried(bench: Bench):
    bench.run()
    before = bench.journal()
    bench.emotion_model.name, bench.emotion_model.fails = "loudness-2", True
    summary = bench.run()
    assert (len(summary.failed), len(summary.failed_in_part)) == (0, 10)
    assert bench.journal() == before
    bench.emotion_model.fails = False
    summary = bench.run()
    assert (summary.transcribed, summary.retagged, summary.failed_in_part) == (0, 10, [])


def test_keeping_transcripts_allows_a_journal_with_several_models(bench: Bench):
    bench.run(limit=4)
    bench.speech_model.name = "length-2"
    summary = bench.run(keeps_transcripts=True)
    assert (summary.transcribed, summary.skipped) == (6, 4)
    assert Counter(row.asr_model for row in bench.journal().values()) == {"length": 4, "length-2": 6}
    assert bench.run(keeps_transcripts=True).transcribed == 0
    assert bench.run().transcribed == 4


def test_failed_clips_are_retried(bench: Bench):
    bench.speech_model.fails_on = 1604
    summary = bench.run()
    assert [row.id for row in summary.failed] == ["corpus/4.wav"]
    bench.speech_model.fails_on = None
    summary = bench.run()
    assert (summary.transcribed, summary.failed) == (1, [])


def test_metadata_added_to_the_table_later_is_added_to_existing_records(bench: Bench):
    bench.run(table=False)
    summary = bench.run()
    assert (summary.transcribed, bench.speech_model.transcribed) == (0, 10)
    assert bench.journal()["corpus/3.wav"].accent == "us"


def test_values_removed_from_the_table_are_removed_from_journal_and_csv(bench: Bench):
    bench.table.write_text("filename,text,accent,speaker,device\ncorpus/1.wav,a wrong sentence,us,7,phone\n")
    bench.run()
    bench.table.write_text("filename,text,accent,speaker,device\ncorpus/1.wav,,,,\n")
    summary = bench.run()
    assert (summary.transcribed, summary.skipped) == (0, 1)
    for row in (bench.journal()["corpus/1.wav"], read_csv(bench.out / "clips.csv").rows()["corpus/1.wav"]):
        assert (row.text, row.accent, row.speaker, row.extra.get("device", "")) == ("", "", "", "")
        assert row.generated_text == "1601"
    assert score(summary.rows).errors.whole.texts == 0


def test_table_values_are_kept_if_a_clip_is_transcribed_again_without_the_table(bench: Bench):
    bench.run()
    (bench.corpus / "1.wav").write_bytes(tone(3200))
    bench.run(table=False)
    row = bench.journal()["corpus/1.wav"]
    assert (row.generated_text, row.text, row.accent) == ("3200", "1601", "us")


def test_a_limit_selects_the_first_clips_and_a_later_run_decodes_the_rest(bench: Bench):
    assert bench.run(limit=4).transcribed == 4
    assert list(bench.journal()) == [f"corpus/{number}.wav" for number in (9, 8, 7, 6)]
    assert bench.run().transcribed == 6
    bench.run(limit=2)
    assert len(read_csv(bench.out / "clips.csv").cells) == 10


def test_successive_listings_form_one_run(bench: Bench):
    one, two = (Listing(FolderSource(bench.corpus, "corpus").list().clips[part]) for part in (slice(4), slice(4, 6)))
    with DecodingProgress() as progress:
        pipeline = LocalPipeline(Scheduler(bench.speech_model, LoudnessEmotionModel()), 60)
        summary = decode([one, two, one], pipeline, bench.out, 3, progress)
        pipeline.close()
    assert (summary.transcribed, summary.skipped, len(summary.rows)) == (6, 4, 6)
    assert list(read_csv(bench.out / "clips.csv").cells) == [f"corpus/{number}.wav" for number in range(6)]


def test_a_row_without_audio_is_kept_and_is_not_a_failure(bench: Bench):
    bench.table.write_text("filename,text\ncorpus/1.wav,1601\ncorpus/gone.wav,never recorded\n")
    summary = bench.run()
    assert (summary.transcribed, summary.skipped, summary.without_audio, summary.failed) == (1, 0, 1, [])
    assert bench.journal()["corpus/gone.wav"].text == "never recorded"


def test_a_deleted_clip_is_not_transcribed_again(bench: Bench):
    bench.run()
    with Journal(bench.out / "clips.jsonl") as journal:
        journal.append([ClipRow("corpus/4.wav", deleted=True)])
    assert bench.run().transcribed == 0
    assert bench.journal()["corpus/4.wav"].deleted


class Batches(DecodingProgress):
    """Records the number of clips in each progress update."""

    def __init__(self) -> None:
        super().__init__()
        self.clips: list[int] = []

    def advance(self, clips: int, transcribed: int, audio_seconds: float, failed: int = 0) -> None:
        super().advance(clips, transcribed, audio_seconds, failed)
        self.clips.append(clips)


ONE_BY_ONE = Limits(batch_seconds=0, threads=2)
"""The limits of PocketSphinx with two processes."""


@pytest.mark.parametrize(
    ("limits", "batch_clips", "counted"),
    [(ONE_BY_ONE, 0, [2] * 5), (Limits(), 0, [10]), (ONE_BY_ONE, 4, [4, 4, 2]), (Limits(), 4, [4, 4, 2])],
)
def test_the_default_batch_is_one_clip_per_process_and_an_explicit_batch_size_is_used(
    bench: Bench, limits: Limits, batch_clips: int, counted: list[int]
):
    bench.limits = limits
    batches = Batches()
    assert bench.run(batch_clips=batch_clips, counted=batches).transcribed == 10
    assert batches.clips == counted


class SixCounted(DecodingProgress):
    """Sets an event once six clips are in the journal and counted."""

    def __init__(self) -> None:
        super().__init__()
        self.are_counted = threading.Event()

    def advance(self, clips: int, transcribed: int, audio_seconds: float, failed: int = 0) -> None:
        super().advance(clips, transcribed, audio_seconds, failed)
        if self._done == 6:
            self.are_counted.set()


class InterruptedTranscriber(LengthSpeechModel):
    """Sends Ctrl-C at the seventh clip of the table, after six are counted."""

    def __init__(self, six: SixCounted) -> None:
        super().__init__()
        self.six = six
        self.may_continue = threading.Event()

    def transcribe(self, clips: list) -> list:
        if any(len(clip.waveform) == 1603 for clip in clips):
            self.six.are_counted.wait()
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            self.may_continue.wait(250)
        return super().transcribe(clips)


def test_ctrl_c_keeps_finished_transcripts_and_writes_the_csv(bench: Bench, ctrl_c: None):
    six = SixCounted()
    bench.speech_model = InterruptedTranscriber(six)
    bench.limits = Limits(batch_seconds=0.1)  # one clip at a time
    summary = bench.run(counted=six)
    bench.speech_model.may_continue.set()
    assert summary.interrupted
    assert summary.transcribed in (6, 7)  # a seventh clip may have finished
    assert len(bench.journal()) == len(read_csv(bench.out / "clips.csv").cells) == summary.transcribed


ENDLESS_RUN = """
import sys, threading
from pathlib import Path
from tests.asr.pipeline import test_batch
from tests.support.models import LengthSpeechModel

class Endless(LengthSpeechModel):
    def transcribe(self, clips):
        if any(len(clip.waveform) == 1603 for clip in clips):  # the seventh clip of the table, alone or in a batch
            threading.Event().wait()
        return super().transcribe(clips)

bench = object.__new__(test_batch.Bench)
root = Path(sys.argv[1])
bench.corpus, bench.out, bench.table, bench.speech_model = root / "corpus", root / "out", root / "corpus.csv", Endless()
bench.emotion_model = test_batch.LoudnessEmotionModel()
bench.limits = test_batch.Limits()
bench.run(batch_clips=1)
"""


def test_a_killed_run_loses_no_records_and_the_next_run_completes_it(bench: Bench):
    run = subprocess.Popen([sys.executable, "-c", ENDLESS_RUN, str(bench.corpus.parent)], cwd=PROJECT)
    journal = bench.out / "clips.jsonl"
    while not journal.exists() or journal.read_bytes().count(b"\n") < 3:
        assert run.poll() is None
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    with journal.open("ab") as file:
        file.write(b'{"filename": "corpus/0.w')  # a line truncated by the kill
    kept = len(bench.journal())
    assert 3 <= kept < 10
    assert bench.run().transcribed == 10 - kept
    lines = journal.read_text().splitlines()
    assert len(lines) == len(set(lines)) == 10
    for row in bench.journal().values():
        assert row.generated_text == row.text
