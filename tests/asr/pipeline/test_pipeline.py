"""The local pipeline: one row per clip, in order, even if some clips fail."""

import hashlib
from pathlib import Path

import pytest

from asr.pipeline.pipeline import LocalPipeline
from asr.pipeline.scheduler import Scheduler
from asr.sources.listing import Clip
from hearsay.records.clip import ClipRow
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel, tone


def clip(name: str, data: bytes) -> Clip:
    return Clip(ClipRow(f"set/{name}", age="twenties"), lambda: data)


def pipeline(**options: int) -> LocalPipeline:
    return LocalPipeline(Scheduler(LengthSpeechModel(**options), LoudnessEmotionModel()), max_seconds=60)


def test_clips_have_rows_in_their_order():
    lengths = [16000, 800, 32000, 4800, 1600]
    rows = pipeline().process([clip(f"{length}", tone(length)) for length in lengths])
    assert [row.id for row in rows] == [f"set/{length}" for length in lengths]
    assert [row.generated_text for row in rows] == [str(length) for length in lengths]
    assert all(row.age == "twenties" for row in rows)


def test_a_row_contains_the_audio_digest_models_and_results():
    data = tone(16000, peak=0.9)
    (row,) = pipeline().process([clip("loud", data)])
    assert row.audio_digest == hashlib.sha256(data).hexdigest()
    assert (row.asr_model, row.ser_model) == ("length", "loudness")
    assert (row.emotion, row.sentiment) == ("angry", "negative")
    assert row.duration == 1.0
    assert row.decoded_at.endswith("+00:00")
    assert (row.confidence, row.words[0].confidence) == (0.988, 0.988)


def test_an_uncertain_emotion_has_no_score():
    (row,) = pipeline().process([clip("quiet", tone(16000, peak=0.2))])
    assert (row.emotion, row.emotion_score) == ("uncertain", None)
    assert row.emotion_scores["angry"] == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("given", [0.2, 7.5])
def test_the_measured_duration_replaces_that_of_the_table(given: float):
    clip = Clip(ClipRow("set/a", duration=given), lambda: tone(16000))
    assert pipeline().process([clip])[0].duration == 1.0


def unreadable() -> bytes:
    raise PermissionError(13, "Permission denied")


def test_failed_clips_have_rows_with_an_error_and_the_others_are_transcribed():
    rows = pipeline().process(
        [
            clip("good", tone(16000)),
            clip("empty", b""),
            clip("text", b"this is not audio" * 20),
            Clip(ClipRow("set/unreadable"), unreadable),
            Clip(ClipRow("set/absent"), None),
            clip("long", tone(61 * 8000, rate=8000)),
            clip("last", tone(1600)),
        ]
    )
    assert [bool(row.error) for row in rows] == [False, True, True, True, True, True, False]
    assert [row.generated_text for row in rows] == ["16000", "", "", "", "", "", "1600"]
    assert "Permission denied" in rows[3].error
    assert all(row.asr_model == "length" and row.decoded_at for row in rows)


def test_a_model_failure_on_one_clip_does_not_affect_the_others():
    rows = pipeline(fails_on=800).process([clip("a", tone(1600)), clip("b", tone(800)), clip("c", tone(3200))])
    assert [row.generated_text for row in rows] == ["1600", "", "3200"]
    assert "out of memory" in rows[1].error


def test_an_empty_batch_has_no_rows():
    assert pipeline().process([]) == []


def test_the_audio_is_read_from_the_file(tmp_path: Path):
    (tmp_path / "a.wav").write_bytes(tone(2400))
    assert pipeline().process([Clip(ClipRow("set/a.wav"), (tmp_path / "a.wav").read_bytes)])[0].generated_text == "2400"


@pytest.mark.parametrize("length", [16001, 17599])
def test_durations_are_rounded_to_two_decimals(length: int):
    assert pipeline().process([clip("x", tone(length))])[0].duration == round(length / 16000, 2)


def test_closing_closes_the_models():
    speech_model = LengthSpeechModel()
    LocalPipeline(Scheduler(speech_model, LoudnessEmotionModel()), 60).close()
    assert speech_model.is_closed
