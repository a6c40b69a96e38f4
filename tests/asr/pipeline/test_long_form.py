"""Long recordings in pieces: a failed piece is named, does not affect the others, and is retried alone."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from asr.cli import SOME_FAILED, status_of
from asr.errors import ModelFailed
from asr.pipeline.assembly import Models
from asr.pipeline.batch import Summary, decode
from asr.pipeline.long_form import cut
from asr.pipeline.pipeline import LocalPipeline
from asr.pipeline.progress import DecodingProgress
from asr.pipeline.records import sentence_of
from asr.pipeline.remote import open_remote_pipeline
from asr.pipeline.report import show_summary
from asr.pipeline.scheduler import Scheduler
from asr.settings import AsrSettings
from asr.sources.listing import Clip, open_folder
from asr.types import DecodedAudio, SpeechOutput
from hearsay.records.clip import ClipRow
from hearsay.records.journal import read_journal
from hearsay.records.table import read_csv
from hearsay.records.transcript import FailedPiece
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel, OptionsSpeechModel
from tests.support.recordings import audio_of, bursts, sound_file
from tests.support.serving import client_of, server_of

TIMEOUT = 100.0
LONG = bursts((1, 5), (20, 25), (40, 50), (70, 82), length=90)
(AUDIO,) = audio_of(LONG)
PIECES = cut(AUDIO).pieces
MIDDLE = PIECES[1][1] - PIECES[1][0]
"""Length in samples of the piece that models fail on in these tests; no other piece has this length."""


def broken_tagger() -> LoudnessEmotionModel:
    """An emotion model that fails on everything."""
    emotion_model = LoudnessEmotionModel()
    emotion_model.fails = True
    return emotion_model


def transcript_of(speech_model: LengthSpeechModel) -> SpeechOutput:
    scheduler = Scheduler(speech_model, LoudnessEmotionModel())
    try:
        return scheduler.transcript(AUDIO).result(TIMEOUT)
    finally:
        scheduler.close()


def decoded(
    folder: Path, out: Path, speech_model: LengthSpeechModel, emotion_model: LoudnessEmotionModel | None = None
) -> tuple[Summary, ClipRow]:
    """The summary of a run over a folder with one recording, and its record."""
    pipeline = LocalPipeline(Scheduler(speech_model, emotion_model or LoudnessEmotionModel()), 600)
    try:
        with DecodingProgress() as progress:
            summary = decode([open_folder(str(folder), None).list()], pipeline, out, 0, progress)
    finally:
        pipeline.close()
    (row,) = read_journal(out / "clips.jsonl").values()
    assert read_csv(out / "clips.csv").rows()[row.id] == row
    return summary, row


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "talks"
    folder.mkdir()
    (folder / "long.wav").write_bytes(sound_file(LONG))
    return folder


def test_the_test_recording_has_pieces_of_different_lengths():
    assert len({end - start for start, end in PIECES}) == len(PIECES) == 3


def test_a_failed_piece_does_not_change_the_words_and_times_of_the_others():
    whole = transcript_of(LengthSpeechModel())
    part = transcript_of(LengthSpeechModel(fails_on=MIDDLE))
    assert part.words == (whole.words[0], whole.words[2])
    assert part.segments == (whole.segments[0], whole.segments[2])
    assert part.text == " ".join(word.text for word in part.words)
    start, end = (sample / 16_000 for sample in PIECES[1])
    assert part.failed == (FailedPiece(start, end, "the model failed: out of memory"),)
    assert whole.failed == ()


def test_a_recording_fails_if_all_its_pieces_fail():
    class Broken(LengthSpeechModel):
        def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
            raise RuntimeError("no weights")

    with pytest.raises(ModelFailed, match="no weights"):
        transcript_of(Broken())


def test_a_cancelled_recording_is_not_transcribed_to_its_end():
    may_continue = threading.Event()

    class Held(LengthSpeechModel):
        def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
            assert may_continue.wait(TIMEOUT)
            return super().transcribe(clips)

    speech_model = Held()
    scheduler = Scheduler(speech_model, LoudnessEmotionModel())
    try:
        answer = scheduler.transcript(AUDIO)
        assert answer.cancel()
        may_continue.set()
        assert scheduler.transcript(AUDIO.part(0, 16_000)).result(TIMEOUT).text == "16000"
    finally:
        scheduler.close()
    assert speech_model.transcribed <= 3, "at most the pieces that were already in progress"


def test_a_record_names_its_failed_piece_and_the_next_run_transcribes_only_that_piece(folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    summary, row = decoded(folder, out, LengthSpeechModel(fails_on=MIDDLE))
    start, end = (sample / 16_000 for sample in PIECES[1])
    assert row.error == f"0:{start:04.1f}–0:{end:04.1f} could not be transcribed: the model failed: out of memory"
    assert row.failed_pieces == (FailedPiece(start, end, "the model failed: out of memory"),)
    assert (len(row.words), row.emotion, summary.transcribed) == (2, "angry", 1)
    assert (summary.failed, summary.failed_in_part) == ([], [row])

    repaired, emotion_model = LengthSpeechModel(), LoudnessEmotionModel()
    summary, row = decoded(folder, out, repaired, emotion_model)
    assert (repaired.transcribed, emotion_model.tagged) == (1, 0)
    assert (summary.failed, summary.failed_in_part) == ([], [])
    _, never_failed = decoded(folder, tmp_path / "other", LengthSpeechModel())
    assert without_time(row) == without_time(never_failed)

    idle = LengthSpeechModel()
    assert decoded(folder, out, idle)[0].skipped == 1
    assert idle.transcribed == 0


JAPANESE = ("en", "ja")
"""Languages of a model that recognises the last one."""


def test_a_record_has_its_language_and_no_spaces_where_the_language_has_none(folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    _, row = decoded(folder, out, OptionsSpeechModel(JAPANESE, fails_on=MIDDLE))
    assert (row.language, row.language_probability) == ("ja", 0.988)
    assert row.generated_text == "".join(word.text for word in row.words)
    _, row = decoded(folder, out, OptionsSpeechModel(JAPANESE))
    assert (len(row.words), row.error) == (3, "")
    assert row.generated_text == "".join(word.text for word in row.words)
    _, at_once = decoded(folder, tmp_path / "other", OptionsSpeechModel(JAPANESE))
    assert without_time(row) == without_time(at_once)


def without_time(row: ClipRow) -> dict[str, object]:
    """The record without its time of transcription and without the stamp, which a new file gets only after a moment."""
    return {name: value for name, value in row.to_json().items() if name not in ("decoded_at", "audio_stamp")}


def test_a_piece_that_fails_again_leaves_the_record_unchanged(folder: Path, tmp_path: Path):
    _, before = decoded(folder, tmp_path / "out", LengthSpeechModel(fails_on=MIDDLE))
    summary, after = decoded(folder, tmp_path / "out", LengthSpeechModel(fails_on=MIDDLE))
    assert without_time(after) == without_time(before)
    assert summary.failed_in_part == [after]


def test_changed_audio_is_transcribed_completely(folder: Path, tmp_path: Path):
    decoded(folder, tmp_path / "out", LengthSpeechModel(fails_on=MIDDLE))
    (folder / "long.wav").write_bytes(sound_file(LONG[:-160]))
    speech_model = LengthSpeechModel()
    _, row = decoded(folder, tmp_path / "out", speech_model)
    assert (speech_model.transcribed, len(row.words), row.error) == (3, 3, "")


def test_a_record_keeps_its_transcript_if_its_file_becomes_unreadable(folder: Path, tmp_path: Path):
    _, before = decoded(folder, tmp_path / "out", LengthSpeechModel(fails_on=MIDDLE))

    def read() -> bytes:
        raise OSError("the disk is gone")

    pipeline = LocalPipeline(Scheduler(LengthSpeechModel(), LoudnessEmotionModel()), 600)
    (after,) = pipeline.process([Clip(ClipRow(before.id), read, before, before)])
    pipeline.close()
    assert (after.words, after.failed_pieces, after.emotion) == (before.words, before.failed_pieces, before.emotion)
    assert after.error.startswith(before.error)
    assert "the disk is gone" in after.error


def test_a_failed_emotion_keeps_the_transcript_and_the_next_run_only_tags(folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    summary, row = decoded(folder, out, LengthSpeechModel(), broken_tagger())
    assert row.error == "the emotion could not be recognised: the model failed: out of memory"
    assert (len(row.words), row.emotion, row.sentiment, row.failed_pieces[0].task) == (3, "", "", "emotion")
    assert summary.failed_in_part == [row]
    speech_model, emotion_model = LengthSpeechModel(), LoudnessEmotionModel()
    _, row = decoded(folder, out, speech_model, emotion_model)
    assert (speech_model.transcribed, emotion_model.tagged) == (0, 1)
    assert (row.emotion, row.sentiment, row.error, row.failed_pieces, len(row.words)) == (
        *("angry", "negative", "", ()),
        3,
    )


def test_a_partial_failure_is_reported_with_exit_status_1(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    summary, row = decoded(folder, tmp_path / "out", LengthSpeechModel(fails_on=MIDDLE))
    console = Console(width=1000)
    show_summary(summary, console)
    output = capsys.readouterr().out
    assert "1 clip transcribed" in output
    assert "0 failed" in output
    assert "1 clip failed in part" in output
    assert row.error in output
    assert status_of(summary, console, is_watching=False) == SOME_FAILED


def test_an_error_message_names_three_failed_pieces_and_counts_the_rest():
    failed = [FailedPiece(3600.0 + start, 3630.0 + start, "no memory") for start in (0, 30, 60, 90, 120)]
    assert sentence_of(failed) == (
        "1:00:00.0–1:00:30.0 could not be transcribed: no memory; "
        "1:00:30.0–1:01:00.0 could not be transcribed: no memory; "
        "1:01:00.0–1:01:30.0 could not be transcribed: no memory; and 2 more pieces"
    )


def failing_models(*, on: int | None = MIDDLE, fails_to_tag: bool = False) -> Models:
    return Models(LengthSpeechModel(fails_on=on), broken_tagger() if fails_to_tag else LoudnessEmotionModel(), ())


def test_the_api_returns_a_partial_result_and_names_the_failed_pieces(monkeypatch: pytest.MonkeyPatch):
    with client_of(failing_models(fails_to_tag=True), monkeypatch) as client:
        reply = client.post("/asr", files={"file": ("long.wav", sound_file(LONG))})
        body = reply.json()
        start, end = (sample / 16_000 for sample in PIECES[1])
        assert (reply.status_code, len(body["words"]), body["emotion"], body["sentiment"]) == (200, 2, None, None)
        assert "could not be transcribed: the model failed: out of memory" in body["error"]
        assert [(piece["start"], piece["end"], piece["task"]) for piece in body["failed_pieces"]] == [
            (start, end, "transcript"),
            (0.0, 90.0, "emotion"),
        ]
        fields = {"model": "whisper-1", "response_format": "text"}
        text = client.post("/v1/audio/transcriptions", files={"file": ("long.wav", sound_file(LONG))}, data=fields)
        assert (text.status_code, len(text.text.split())) == (200, 2)
        assert text.headers["X-Failed-Pieces"] == f"transcript {start:g}-{end:g}"


def test_a_complete_reply_has_no_error_fields(monkeypatch: pytest.MonkeyPatch):
    with client_of(failing_models(on=None), monkeypatch) as client:
        reply = client.post("/asr", files={"file": ("long.wav", sound_file(LONG))})
    assert not {"error", "failed_pieces"} & reply.json().keys()


@contextmanager
def decoding_via(models: Models, monkeypatch: pytest.MonkeyPatch, folder: Path, out: Path) -> Iterator[ClipRow]:
    with server_of(models, monkeypatch) as address:
        pipeline = open_remote_pipeline(address, AsrSettings(), [].append)
        try:
            with DecodingProgress() as progress:
                decode([open_folder(str(folder), None).list()], pipeline, out, 0, progress)
        finally:
            pipeline.close()
        (row,) = read_journal(out / "clips.jsonl").values()
        yield row


def test_a_partial_record_is_completed_through_the_api(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "out"
    with decoding_via(failing_models(fails_to_tag=True), monkeypatch, folder, out) as row:
        assert [piece.task for piece in row.failed_pieces] == ["transcript", "emotion"]
        assert (len(row.words), row.emotion) == (2, "")
    repaired = failing_models(on=None)
    with decoding_via(repaired, monkeypatch, folder, out) as row:
        assert (row.error, row.failed_pieces, row.emotion) == ("", (), "angry")
    assert isinstance(repaired.speech_model, LengthSpeechModel)
    assert repaired.speech_model.transcribed == 1
    _, never_failed = decoded(folder, tmp_path / "other", LengthSpeechModel())
    assert without_time(row) == without_time(never_failed)


def test_the_language_is_the_same_through_the_api(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "out"
    failing = Models(OptionsSpeechModel(JAPANESE, fails_on=MIDDLE), LoudnessEmotionModel(), ())
    with decoding_via(failing, monkeypatch, folder, out) as row:
        assert (row.language, row.language_probability, len(row.words)) == ("ja", 0.988, 2)
    with decoding_via(
        Models(OptionsSpeechModel(JAPANESE), LoudnessEmotionModel(), ()), monkeypatch, folder, out
    ) as row:
        pass
    _, local = decoded(folder, tmp_path / "other", OptionsSpeechModel(JAPANESE))
    assert without_time(row) == without_time(local)


def test_records_with_failed_pieces_round_trip_through_json_and_csv():
    row = ClipRow("a", failed_pieces=(FailedPiece(0.0, 31.24, "no memory"), FailedPiece(0.0, 90.0, "NaN", "emotion")))
    assert ClipRow.from_json(json.loads(json.dumps(row.to_json()))) == row
    assert ClipRow.from_cells(row.to_cells()) == row
