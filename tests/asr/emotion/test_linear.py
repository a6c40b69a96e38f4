"""The embedded emotion model: when it assigns a label, and its model file with the published figures."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asr.audio.decoding import decode_audio
from asr.emotion.linear import MODEL, LinearClassifier, LinearEmotionModel
from asr.errors import ModelUnavailable
from asr.training.datasets import read_labelled_voices
from asr.training.emotion import ATTRIBUTION, train
from asr.types import NO_EMOTION, SAMPLE_RATE, EmotionModel, Waveform
from hearsay.records.emotions import UNCERTAIN, canonical_emotion, sentiment_of
from tests.conftest import PROJECT, leave_out
from tests.support.recordings import audio_of

FILE = json.loads(MODEL.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def emotion_model() -> EmotionModel:
    return LinearEmotionModel()


@pytest.fixture(scope="module")
def model() -> LinearClassifier:
    return LinearClassifier.from_json(FILE)


@pytest.fixture(scope="module")
def spoken(samples: Path) -> list[Waveform]:
    return [decode_audio(path.read_bytes(), 60) for path in sorted(samples.glob("sample-00000*.mp3"))]


def test_the_probabilities_of_all_labels_sum_to_one(emotion_model: EmotionModel, spoken: list[Waveform]):
    for emotion in emotion_model.tag(audio_of(*spoken)):
        assert set(emotion.scores) == set(FILE["labels"])
        assert sum(emotion.scores.values()) == pytest.approx(1)
        assert emotion.score == max(emotion.scores.values())


def test_emotions_do_not_depend_on_the_order_and_size_of_a_batch(emotion_model: EmotionModel, spoken: list[Waveform]):
    one_by_one = [emotion_model.tag(audio_of(waveform))[0] for waveform in spoken]
    assert emotion_model.tag(audio_of(*spoken)) == one_by_one
    assert emotion_model.tag(audio_of(*spoken[::-1])) == one_by_one[::-1]
    assert emotion_model.tag([]) == []


@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_a_gain_of_six_decibels_does_not_change_labels(
    emotion_model: EmotionModel, spoken: list[Waveform], gain: float
):
    for before, after in zip(
        emotion_model.tag(audio_of(*spoken)),
        emotion_model.tag(audio_of(*(each * np.float32(gain) for each in spoken))),
        strict=True,
    ):
        assert after.label == before.label
        assert after.scores == pytest.approx(before.scores, abs=0.05)


@pytest.mark.parametrize("seconds", [0, 0.05, 2])
def test_silence_has_no_emotion(emotion_model: EmotionModel, seconds: float):
    assert emotion_model.tag(audio_of(np.zeros(int(seconds * SAMPLE_RATE), np.float32))) == [NO_EMOTION]


def test_a_quarter_of_a_second_of_speech_has_no_emotion(emotion_model: EmotionModel, spoken: list[Waveform]):
    middle = len(spoken[0]) // 2
    assert emotion_model.tag(audio_of(spoken[0][middle : middle + SAMPLE_RATE // 4])) == [NO_EMOTION]


@pytest.mark.parametrize("loudness", [0.001, 0.1, 0.5])
def test_white_noise_is_uncertain(emotion_model: EmotionModel, loudness: float):
    noise = np.random.default_rng(5).normal(0, loudness, (4, 2 * SAMPLE_RATE)).astype(np.float32)
    assert [emotion.label for emotion in emotion_model.tag(audio_of(*noise))] == [UNCERTAIN] * 4


def test_the_best_label_is_assigned_at_the_minimum_score_and_uncertain_below_it(
    model: LinearClassifier, spoken: list[Waveform]
):
    scores = model.emotion(spoken[0]).scores
    best = max((label for label in scores if label != "boredom"), key=scores.__getitem__)
    kept = [at for at, label in enumerate(model.labels) if label != "boredom"]  # boredom is never assigned
    sure = replace(
        model,
        labels=tuple(model.labels[at] for at in kept),
        weights=model.weights[:, kept],
        bias=model.bias[kept],
        max_strangeness=np.inf,
    )
    score = sure.emotion(spoken[0]).score
    assert score is not None
    assert replace(sure, min_score=score).emotion(spoken[0]).label == best
    below = replace(sure, min_score=score + 1e-6).emotion(spoken[0])
    assert (below.label, below.score) == (UNCERTAIN, score)


def test_speech_unlike_the_training_data_is_uncertain_at_any_score(model: LinearClassifier, spoken: list[Waveform]):
    strange = replace(model, min_score=0.0, max_strangeness=0.1)
    assert {strange.emotion(waveform).label for waveform in spoken} == {UNCERTAIN}


def test_boredom_has_a_score_and_is_never_assigned(model: LinearClassifier, spoken: list[Waveform]):
    towards_boredom = model.bias + 100 * (np.array(model.labels) == "boredom")
    bored = replace(model, bias=towards_boredom, min_score=0.0, max_strangeness=np.inf).emotion(spoken[0])
    assert (bored.label, bored.sentiment) == (UNCERTAIN, "uncertain")
    assert bored.scores["boredom"] == bored.score == pytest.approx(1)


def test_the_model_is_named_classic_and_can_be_closed_twice(emotion_model: EmotionModel):
    assert (emotion_model.name, emotion_model.device) == ("classic", "cpu")
    emotion_model.close()
    emotion_model.close()


def test_the_model_file_is_small_and_contains_its_attribution():
    assert MODEL.stat().st_size < 200_000
    assert FILE["attribution"] == ATTRIBUTION
    assert "EMO-DB" in ATTRIBUTION
    assert "CC BY 4.0" in ATTRIBUTION


def test_all_labels_are_canonical_and_have_a_sentiment():
    for label in FILE["labels"]:
        assert canonical_emotion(label) == label
        assert sentiment_of(label) != "uncertain"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"labels": 3}', "\x00"])
def test_a_file_that_is_not_a_model_is_rejected(tmp_path: Path, content: str):
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(ModelUnavailable, match=r"model\.json is not a classic emotion model"):
        LinearEmotionModel(tmp_path / "model.json")


def test_a_missing_model_file_is_named_in_the_error(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match=r"nowhere\.json"):
        LinearEmotionModel(tmp_path / "nowhere.json")


def test_the_documented_figures_equal_those_in_the_model_file():
    figures = dict(FILE["figures"])
    for name in ("recorded", "other_channel"):
        figures[name] = {"clips": figures["leave_one_speaker_out"]["clips"], **figures["leave_one_speaker_out"][name]}
    del figures["leave_one_speaker_out"]
    lines = (PROJECT / "docs" / "emotion.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    names = ("clips", "recall", "calibration", "said", "right")
    documented = {
        row[0]: {name: float(cell) for name, cell in zip(names, row[1:], strict=True) if cell} for row in cells
    }
    assert documented == {row: {name: of[name] for name in names if name in of} for row, of in figures.items()}


def test_few_clips_of_read_speech_are_labelled(real_data: Path, emotion_model: EmotionModel):
    paths = sorted((real_data / "common-voice" / "cv-valid-dev").glob("*.mp3"))[:60]
    emotions = emotion_model.tag(audio_of(*(decode_audio(path.read_bytes(), 60) for path in paths)))
    assert sum(emotion.label != UNCERTAIN for emotion in emotions) <= 6


@pytest.mark.long
def test_training_again_reproduces_the_figures_in_the_model_file(real_data: Path):
    if not (real_data / "emodb-2s").is_dir():
        leave_out("data", "HEARSAY_DATA has no emodb-2s/ in it")
    model, trained = train(read_labelled_voices(real_data / "emodb-2s"))
    again, stored = trained["leave_one_speaker_out"], FILE["figures"]["leave_one_speaker_out"]
    for channel in ("recorded", "other_channel"):
        figures = {name: again[channel][name] for name in stored[channel]}
        assert figures == pytest.approx(stored[channel], abs=0.02)
    assert model.min_score == pytest.approx(FILE["min_score"], abs=0.01)
