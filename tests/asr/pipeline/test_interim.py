"""Interim records of long clips: a run that ends inside a clip continues with the missing pieces."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from asr.pipeline import interim
from asr.pipeline.batch import Summary, decode
from asr.pipeline.interim import InterimRecords
from asr.pipeline.long_form import cut
from asr.pipeline.pipeline import LocalPipeline
from asr.pipeline.progress import DecodingProgress
from asr.pipeline.records import NOT_YET
from asr.pipeline.scheduler import Limits, Scheduler
from asr.sources.listing import open_folder
from asr.types import DecodedAudio, SpeechOutput
from hearsay.records.clip import ClipRow
from hearsay.records.journal import read_journal
from hearsay.records.table import read_csv
from hearsay.records.transcript import TRANSCRIBING
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel
from tests.support.recordings import audio_of, bursts, sound_file

TIMEOUT = 60.0
LONG = bursts((1, 5), (20, 25), (40, 50), (70, 82), (100, 107), length=115)[:-37]
"""Neither it nor its last piece ends at a multiple of 10 ms."""

(AUDIO,) = audio_of(LONG)
PIECES = cut(AUDIO).pieces
ONE_BY_ONE = Limits(batch_seconds=0, threads=1, long_threads=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "talks"
    folder.mkdir()
    (folder / "long.wav").write_bytes(sound_file(LONG))
    return folder


class StoppingModel(LengthSpeechModel):
    """Calls a function after a number of pieces, and continues."""

    def __init__(self, after: int, then: Callable[[], None]) -> None:
        super().__init__()
        self._after, self._then = after, then

    def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
        if self.transcribed == self._after:
            self._then()
        return super().transcribe(clips)


def decoded(
    folder: Path, out: Path, speech_model: LengthSpeechModel, then: Callable[[], None] = lambda: None
) -> Summary:
    pipeline = LocalPipeline(Scheduler(speech_model, LoudnessEmotionModel(), ONE_BY_ONE), 600)
    try:
        with DecodingProgress() as progress:
            return decode([open_folder(str(folder), None).list()], pipeline, out, 0, progress)
    finally:
        then()
        pipeline.close()


def record_in(out: Path) -> ClipRow:
    (row,) = read_journal(out / "clips.jsonl").values()
    return row


def without_times(row: ClipRow) -> dict[str, object]:
    return {name: value for name, value in row.to_json().items() if name not in ("decoded_at", "audio_stamp")}


def missing_pieces(row: ClipRow) -> list[tuple[int, int]]:
    transcripts = (piece for piece in row.failed_pieces if piece.task == TRANSCRIBING)
    return [(round(piece.start * 16_000), round(piece.end * 16_000)) for piece in transcripts]


def wait_for(is_so: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < TIMEOUT
        time.sleep(0.01)


@pytest.fixture
def killed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The output folder of a run that was killed after two pieces."""
    monkeypatch.setattr(interim, "SECONDS_BETWEEN", 0.0)
    out, left = tmp_path / "out", tmp_path / "left"

    def copy_output() -> None:
        wait_for(
            lambda: any(missing_pieces(row) == [*PIECES[2:]] for row in read_journal(out / "clips.jsonl").values())
        )
        shutil.copytree(out, left)

    decoded(folder, out, StoppingModel(2, copy_output))
    assert record_in(out).error == ""
    return left


def test_the_test_recording_has_several_pieces_and_does_not_end_on_a_10_ms_boundary():
    assert len(PIECES) >= 4
    assert len({end - start for start, end in PIECES}) == len(PIECES)
    shortened = LONG[: PIECES[-1][1] - 1603]
    (audio,) = audio_of(shortened)
    assert cut(audio).pieces[-1][1] % 160


def test_a_resumed_run_transcribes_only_the_missing_pieces_and_equals_an_uninterrupted_run(
    killed: Path, folder: Path, tmp_path: Path
):
    resumed = LengthSpeechModel()
    summary = decoded(folder, killed, resumed)
    assert resumed.transcribed == len(PIECES) - 2
    assert (summary.failed, summary.failed_in_part) == ([], [])
    decoded(folder, tmp_path / "uninterrupted", LengthSpeechModel())
    assert without_times(record_in(killed)) == without_times(record_in(tmp_path / "uninterrupted"))


def test_an_interim_record_counts_as_incomplete_everywhere(killed: Path):
    row = replace(record_in(killed), text="a reference")
    assert (len(row.words), row.lacks_speech, row.is_failed) == (2, True, False)
    assert {piece.reason for piece in row.failed_pieces} == {NOT_YET}
    assert "is missing: not processed yet" in row.error
    assert not row.is_scorable


def test_failed_pieces_are_stored_with_sample_precision(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(interim, "SECONDS_BETWEEN", 0.0)
    shortened = LONG[: PIECES[-1][1] - 1603]
    (folder / "long.wav").write_bytes(sound_file(shortened))
    (audio,) = audio_of(shortened)
    last = cut(audio).pieces[-1]
    out = tmp_path / "out"
    decoded(folder, out, LengthSpeechModel(fails_on=last[1] - last[0]))
    assert missing_pieces(record_in(out)) == [last]
    resumed = LengthSpeechModel()
    decoded(folder, out, resumed)
    assert resumed.transcribed == 1
    assert record_in(out).generated_text.split()[-1] == str(last[1] - last[0])


def test_ctrl_c_stores_the_completed_pieces_in_log_and_csv(folder: Path, tmp_path: Path):
    out, ended = tmp_path / "out", threading.Event()

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert ended.wait(TIMEOUT)

    summary = decoded(folder, out, StoppingModel(3, interrupt), ended.set)
    assert summary.interrupted
    row = record_in(out)
    assert missing_pieces(row) == [*PIECES[3:]]
    assert read_csv(out / "clips.csv").rows() == {row.id: row}
    resumed = LengthSpeechModel()
    decoded(folder, out, resumed)
    assert resumed.transcribed == len(PIECES) - 3
    assert record_in(out).error == ""


def test_a_completed_clip_of_an_interrupted_batch_is_stored(folder: Path, tmp_path: Path):
    shutil.copy(folder / "long.wav", folder / "other.wav")
    out, ended = tmp_path / "out", threading.Event()

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert ended.wait(TIMEOUT)

    decoded(folder, out, StoppingModel(len(PIECES) + 1, interrupt), ended.set)
    rows = read_journal(out / "clips.jsonl").values()
    assert sorted(len(missing_pieces(row)) for row in rows) == [0, len(PIECES) - 1]
    resumed = LengthSpeechModel()
    decoded(folder, out, resumed)
    assert resumed.transcribed == len(PIECES) - 1


@dataclass
class Clip:
    id: str
    share: float = 0.0

    def row(self) -> ClipRow | None:
        return ClipRow(self.id)


def test_a_clip_of_any_length_has_at_most_nineteen_interim_records(monkeypatch: pytest.MonkeyPatch):
    clock, records, clip = [0.0], InterimRecords(), Clip("talks/a-day.mp3")
    monkeypatch.setattr(interim.time, "monotonic", lambda: clock[0])
    shares = []
    for piece in range(1, 3000):
        clock[0] += 60.0
        clip.share = piece / 3000
        shares += [due.share for due in records.due([clip])]
    assert 15 <= len(shares) <= 19
    assert sum(shares) < 10


def test_a_clip_that_takes_half_a_minute_has_no_interim_records(monkeypatch: pytest.MonkeyPatch):
    clock, records, clip = [0.0], InterimRecords(), Clip("talks/short.mp3")
    monkeypatch.setattr(interim.time, "monotonic", lambda: clock[0])
    for piece in range(1, 30):
        clock[0] += 1.0
        clip.share = piece / 30
        assert not list(records.due([clip]))
    assert list(records.left([clip])) == [clip]
