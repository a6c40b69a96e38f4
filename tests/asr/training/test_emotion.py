"""Training of the embedded emotion model on a small corpus of sample clips."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from asr.audio.decoding import decode_audio
from asr.emotion.linear import LinearEmotionModel
from asr.training.datasets import read_labelled_voices, through_another_channel
from asr.training.emotion import CrossValidation, least_score, main
from tests.support.recordings import audio_of

CLIPS = 18


@pytest.fixture(scope="module")
def corpus(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three invented speakers with two clips for each of three emotions."""
    folder = tmp_path_factory.mktemp("acted")
    rows = [("file", "emotion", "speaker")]
    for number in range(CLIPS):
        name = f"sample-{number:06}.mp3"
        shutil.copy(samples / name, folder)
        rows.append((name, ("anger", "sad", "neutral")[number % 3], f"s{number // 6}"))
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows(rows)
    return folder


@pytest.fixture(scope="module")
def trained(corpus: Path, samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("model") / "model.json"
    assert main([str(corpus), "--measure", str(corpus), "--measure", str(samples), "--out", str(out)]) == 0
    return out


def test_a_trained_model_can_be_loaded_by_the_emotion_model(trained: Path, samples: Path):
    waveform = decode_audio((samples / "sample-000020.mp3").read_bytes(), 60)
    [emotion] = LinearEmotionModel(trained).tag(audio_of(waveform))
    assert set(emotion.scores) == {"angry", "sadness", "neutral"}


def test_the_model_file_contains_the_figures_of_training_and_of_each_measured_folder(trained: Path, corpus: Path):
    figures = json.loads(trained.read_text())["figures"]
    assert set(figures) == {"leave_one_speaker_out", corpus.name, "samples"}
    assert figures["leave_one_speaker_out"]["clips"] == figures[corpus.name]["clips"] == CLIPS
    assert figures[corpus.name]["shared_emotions"] == 3
    assert 0 <= figures["samples"]["said"] <= 1


def test_coverage_and_precision_have_their_old_names_too(trained: Path):
    figures = json.loads(trained.read_text())["figures"]
    assert figures["samples"]["coverage"] == figures["samples"]["said"]
    recorded = figures["leave_one_speaker_out"]["recorded"]
    assert recorded["coverage"] == recorded["said"]
    assert recorded.get("precision") == recorded.get("right")


def test_the_old_name_of_the_program_still_works():
    command = [sys.executable, "-P", "-m", "asr.train_classic", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Train the classic emotion model." in shown


def test_recall_on_the_training_data_is_higher_than_on_unseen_speakers(trained: Path, corpus: Path):
    figures = json.loads(trained.read_text())["figures"]
    assert figures[corpus.name]["recall"] > figures["leave_one_speaker_out"]["recorded"]["recall"]


def test_training_is_deterministic(trained: Path, corpus: Path, samples: Path, tmp_path: Path):
    again = tmp_path / "again.json"
    main([str(corpus), "--measure", str(corpus), "--measure", str(samples), "--out", str(again)])
    assert again.read_bytes() == trained.read_bytes()


def predictions(scores: list[float], is_right: list[bool]) -> CrossValidation:
    """Clips that were all classified as angry, with these scores."""
    labels = np.array(["angry", "boredom", "neutral"])
    probabilities = np.array([[score, (1 - score) / 2, (1 - score) / 2] for score in scores])
    emotions = np.array(["angry" if right else "neutral" for right in is_right])
    return CrossValidation(labels, emotions, probabilities, np.ones(len(scores)))


def test_the_minimum_score_is_the_lowest_that_reaches_the_required_precision():
    clips = predictions([0.95, 0.9, 0.8, 0.7, 0.6], [True, True, True, False, True])
    assert least_score(clips, 1.0) == 0.8
    assert least_score(clips, 0.8) == 0.6
    assert least_score(clips, 0.1) == 0.6


def test_the_minimum_score_is_one_if_no_prediction_is_correct():
    assert least_score(predictions([0.9, 0.8], [False, False]), 0.95) == 1.0


def test_channel_simulation_changes_the_waveform_and_keeps_its_length(samples: Path):
    waveform = decode_audio((samples / "sample-000000.mp3").read_bytes(), 60)
    changed = through_another_channel(waveform, np.random.default_rng(1))
    assert changed.shape == waveform.shape
    assert changed.dtype == np.float32
    assert 0.3 < np.corrcoef(changed, waveform)[0, 1] < 0.99


def test_emotions_have_canonical_names_and_all_channels_have_features(corpus: Path):
    voices = read_labelled_voices(corpus)
    assert set(voices.emotions) == {"angry", "sadness", "neutral"}
    assert {features.shape for features in (voices.recorded, *voices.changed)} == {voices.recorded.shape}
    assert voices.only(voices.speakers == "s1").emotions.tolist() == ["angry", "sadness", "neutral"] * 2


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (None, "labels.csv cannot be read"),
        ("file,emotion\na.mp3,anger\n", "labels.csv lacks speaker"),
        ("file,emotion,speaker\n", "labels.csv lacks rows"),
        ("file,emotion,speaker\na.mp3,anger,1\n", "a.mp3 cannot be read"),
    ],
)
def test_an_invalid_training_folder_is_rejected_with_a_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str | None, why: str
):
    if table is not None:
        (tmp_path / "labels.csv").write_text(table)
    assert main([str(tmp_path), "--out", str(tmp_path / "model.json")]) == 2
    assert why in capsys.readouterr().err
    assert not (tmp_path / "model.json").exists()


def test_one_speaker_is_not_enough(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    shutil.copy(corpus / "sample-000000.mp3", tmp_path)
    (tmp_path / "labels.csv").write_text("file,emotion,speaker\nsample-000000.mp3,anger,1\n")
    assert main([str(tmp_path), "--out", str(tmp_path / "model.json")]) == 2
    assert "fewer than two speakers" in capsys.readouterr().err


def test_a_folder_without_clips_cannot_be_measured(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(corpus), "--measure", str(tmp_path), "--out", str(tmp_path / "model.json")]) == 2
    assert "has neither labels.csv nor" in capsys.readouterr().err
