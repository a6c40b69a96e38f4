"""Training Whisper for short windows: deterministic, resumable, and the files that it writes."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from asr.audio.decoding import SAMPLE_RATE
from asr.errors import AsrError, BadSource
from asr.models.low_rank import read_change
from asr.models.weights import resolve_weights
from asr.settings import AsrSettings
from asr.sources.listing import Clip, open_folder
from asr.speech.whisper import WhisperSpeechModel
from asr.speech.whisper_decoding import window_limits
from asr.training.lora import TrainedChange
from asr.training.non_speech import sound_without_speech
from asr.training.short_windows import CHANGE_FILE, LIMITS, Recipe, train_short_windows, training_items
from asr.training.whisper_checkpoint import encoded, whisper_from_ctranslate2
from hearsay.records.clip import ClipRow
from hearsay.records.table import read_csv
from tests.conftest import PROJECT, SAMPLES
from tests.support.weights import published_weights

SMALL = Recipe(steps=4, batch=2, joined=0.5, joined_seconds=(6, 9), sounds=0.5, random_tokens=100)


def clips(count: int = 4) -> tuple[Clip, ...]:
    return open_folder(str(SAMPLES), None).list().clips[:count]


def trained(out: Path, work: Path, recipe: Recipe = SMALL, measured: tuple[Clip, ...] = ()) -> Path:
    train_short_windows(
        published_weights("whisper-tiny.en"), clips(), out, work, recipe, measured, "Sample clips (CC0):"
    )
    return out


def change_in(folder: Path) -> dict[str, list[float]]:
    return {name: array.ravel().tolist() for name, array in read_change(folder / CHANGE_FILE).arrays.items()}


@pytest.mark.long
def test_training_writes_a_model_and_a_report_and_is_reproducible(tmp_path: Path):
    references = {Path(name).name: row for name, row in read_csv(SAMPLES / "clips.csv").rows().items()}
    measured = tuple(
        replace(clip, row=replace(clip.row, text=references[Path(clip.row.id).name].text)) for clip in clips(2)
    )
    first = trained(tmp_path / "first", tmp_path / "work", measured=measured)
    report = (first / "report.md").read_text("utf-8")
    assert "| 0.5 s |" in report
    assert "Sample clips (CC0): 4 clips" in report
    assert {"losses.svg", "windows.svg", "LICENSE"} >= {path.name for path in first.glob("*.svg")}
    assert window_limits(first) == LIMITS
    weights = resolve_weights(str(first), AsrSettings())
    assert WhisperSpeechModel(weights.folder, weights.name, weights.digest).name == str(first)
    again = trained(tmp_path / "again", tmp_path / "other-work")
    assert change_in(again) == change_in(first)
    assert (again / "model.bin").read_bytes() == (first / "model.bin").read_bytes()


@pytest.mark.long
def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = trained(tmp_path / "whole", tmp_path / "whole-work")
    program = (
        "import os, signal\nfrom pathlib import Path\nimport asr.training.short_windows as module\n"
        "from tests.asr.training.test_short_windows import trained\n"
        "module._STORED_EVERY = 2\nstore = module.ShortWindowTraining._store\n"
        "def killed(*given):\n    store(*given)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "module.ShortWindowTraining._store = killed\n"
        f"trained(Path({str(tmp_path / 'out')!r}), Path({str(tmp_path / 'work')!r}))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, check=False, timeout=600)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert not (tmp_path / "out").exists()
    assert change_in(trained(tmp_path / "out", tmp_path / "work")) == change_in(whole)


@pytest.mark.long
def test_a_training_with_another_recipe_does_not_resume_from_the_checkpoint(tmp_path: Path):
    trained(tmp_path / "out", tmp_path / "work")
    with pytest.raises(AsrError, match=r"checkpoint\.pt is of a training with other audio or other options"):
        trained(tmp_path / "other", tmp_path / "work", replace(SMALL, seed=1))
    assert not (tmp_path / "other").exists()


def test_items_are_clips_joined_clips_and_sounds(capsys: pytest.CaptureFixture[str]):
    long = Clip(ClipRow("long.wav"), lambda: b"RIFF")
    items = training_items([*clips(), long], SMALL)
    assert [item.kind for item in items] == ["clip"] * 4 + ["joined"] * 2 + ["sound"] * 2
    assert "left out: long.wav: " in capsys.readouterr().err
    for item in items[4:6]:
        assert len(item.sources) > 1
        assert len(item.waveform()) < 11 * SAMPLE_RATE
    assert len({item.key("weights") for item in items}) == 8
    assert items[0].key("weights") != items[0].key("others")
    with pytest.raises(BadSource, match="None of 1 files is a clip of at most 28 s"):
        training_items([long], SMALL)


def test_generated_sounds_without_speech_are_audible_and_varied():
    found = [sound_without_speech(np.random.default_rng(seed)) for seed in range(40)]
    assert all(0.6 * SAMPLE_RATE < len(sound) < 20.1 * SAMPLE_RATE for sound in found)
    assert all(np.isfinite(sound).all() and 0.004 < np.abs(sound).max() < 0.91 for sound in found)
    levels = [np.abs(np.fft.rfft(sound[: SAMPLE_RATE // 2])) for sound in found]
    assert len({int(level.argmax()) for level in levels}) > 20


def test_an_untrained_change_has_no_effect_and_all_other_weights_are_frozen():
    model = whisper_from_ctranslate2(published_weights("whisper-tiny.en").folder)
    features = torch.zeros(1, 80, 200)
    with torch.inference_mode():
        before = encoded(model, features)
    change = TrainedChange(model, 4, seed=1)
    with torch.inference_mode():
        assert torch.equal(encoded(model, features), before)
    trained_parameters = {id(parameter) for parameter in (*change.matrices(), *change.vectors())}
    assert {id(parameter) for parameter in model.parameters() if parameter.requires_grad} == trained_parameters
    assert not any(array.any() for name, array in change.arrays().items() if not name.endswith(".down"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--audio", str(SAMPLES)], "--out"),
        (["--audio", str(SAMPLES), "--out", str(SAMPLES)], "exists already; remove it, or name another folder"),
        (["--audio", "/no/such", "--out", "new"], "/no/such does not exist"),
    ],
)
def test_wrong_use_of_the_command_is_reported(given: list[str], message: str, tmp_path: Path):
    command = [sys.executable, "-m", "hearsay", "train-whisper", "--short-windows", *given]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert ended.returncode == 2
    assert message in ended.stderr
