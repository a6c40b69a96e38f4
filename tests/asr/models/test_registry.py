import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch

from asr.emotion.classifier import ClassifierEmotionModel
from asr.emotion.linear import LinearEmotionModel
from asr.errors import ModelUnavailable
from asr.inference.batched_model import SECONDS_ON_CPU, SECONDS_ON_GPU
from asr.models.registry import (
    EMOTION_ON_GPU,
    SPEECH_ON_CPU,
    SPEECH_ON_GPU,
    OpenedModel,
    open_emotion_model,
    open_speech_model,
)
from asr.pipeline.assembly import limits_for
from asr.settings import AsrSettings
from asr.speech.ctc import CtcSpeechModel
from asr.speech.pocketsphinx import PocketSphinxSpeechModel
from asr.speech.seq2seq import Seq2SeqSpeechModel
from asr.types import SpeechModel
from tests.conftest import PROJECT
from tests.support.checkpoints import save_classifier, save_moonshine, save_wav2vec2, save_whisper
from tests.support.hub import Hub
from tests.support.models import LengthSpeechModel


def settings(**named: object) -> AsrSettings:
    return AsrSettings(**{"workers": 1, "device": "cpu", "asr_model": "auto", "ser_model": "auto", **named})


def closed(chosen: OpenedModel[SpeechModel]) -> OpenedModel[SpeechModel]:
    chosen.model.close()
    return chosen


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which torch sees a GPU; nothing of these tests comes so far as to use it."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which torch is not installed."""
    monkeypatch.setitem(sys.modules, "torch", None)


def test_embedded_models_are_had_by_name_without_a_warning():
    chosen = closed(open_speech_model(settings(asr_model="pocketsphinx")))
    assert isinstance(chosen.model, PocketSphinxSpeechModel)
    assert (chosen.model.name, chosen.model.device, chosen.warning) == ("pocketsphinx", "cpu", None)
    emotion_model = open_emotion_model(settings(ser_model="classic"))
    assert isinstance(emotion_model.model, LinearEmotionModel)
    assert (emotion_model.model.name, emotion_model.model.device, emotion_model.warning) == ("classic", "cpu", None)


@pytest.mark.parametrize(
    ("save", "kind"),
    [(save_wav2vec2, CtcSpeechModel), (save_whisper, Seq2SeqSpeechModel), (save_moonshine, Seq2SeqSpeechModel)],
)
def test_a_folders_config_says_which_class_runs_its_checkpoint(save, kind, tmp_path: Path):  # noqa: ANN001
    chosen = open_speech_model(settings(asr_model=str(save(tmp_path))))
    assert type(chosen.model) is kind
    assert (chosen.model.name, chosen.warning) == (str(tmp_path), None)


@pytest.mark.parametrize(
    ("save", "open_model", "named"),
    [
        (save_wav2vec2, open_speech_model, "asr_model"),
        (save_whisper, open_speech_model, "asr_model"),
        (partial(save_classifier, labels={0: "happy", 1: "sad"}), open_emotion_model, "ser_model"),
    ],
)
def test_a_precision_that_the_device_cannot_compute_is_an_error_of_every_model(save, open_model, named, tmp_path: Path):  # noqa: ANN001
    with pytest.raises(ModelUnavailable, match="PRECISION is float16"):
        open_model(settings(precision="float16", **{named: str(save(tmp_path))}))


def test_a_folder_of_an_emotion_model_is_a_tagger_and_no_transcriber(tmp_path: Path):
    folder = str(save_classifier(tmp_path, {0: "happy", 1: "sad"}))
    assert isinstance(open_emotion_model(settings(ser_model=folder)).model, ClassifierEmotionModel)
    with pytest.raises(ModelUnavailable, match="is not a speech model"):
        open_speech_model(settings(asr_model=folder))


@pytest.mark.parametrize("name", ["/no/such/folder", "hearsay/nothing"])
def test_a_named_model_that_cannot_be_had_is_an_error_and_never_another_one(name: str, closed_hub: Hub):
    with pytest.raises(ModelUnavailable, match=name):
        open_speech_model(settings(asr_model=name))
    with pytest.raises(ModelUnavailable, match=name):
        open_emotion_model(settings(ser_model=name))


def test_on_a_cpu_auto_is_the_smaller_speech_model_and_the_embedded_tagger(hub: Hub, tmp_path: Path):
    hub.publish(SPEECH_ON_CPU, save_wav2vec2(tmp_path / "published"))
    chosen = open_speech_model(settings())
    assert isinstance(chosen.model, CtcSpeechModel)
    assert (chosen.model.name, chosen.model.device, chosen.warning) == (SPEECH_ON_CPU, "cpu", None)
    hub.asked.clear()
    emotion_model = open_emotion_model(settings())
    assert (emotion_model.model.name, emotion_model.warning) == ("classic", None)
    assert not hub.asked


def check_fallback(warning: str | None, wanted: str, reason: str, used: str) -> None:
    assert warning is not None
    for part in (wanted, reason, f"Using {used} instead."):
        assert part in warning


def test_where_the_hub_is_out_of_reach_auto_falls_back_and_says_so(closed_hub: Hub):
    chosen = closed(open_speech_model(settings()))
    assert isinstance(chosen.model, PocketSphinxSpeechModel)
    check_fallback(chosen.warning, SPEECH_ON_CPU, "connect once to download it", "pocketsphinx")


def test_on_a_gpu_auto_is_the_larger_models_and_falls_back_when_they_are_out_of_reach(gpu: None, closed_hub: Hub):
    chosen = closed(open_speech_model(settings(device="auto")))
    check_fallback(chosen.warning, SPEECH_ON_GPU, "connect once to download it", "pocketsphinx")
    emotion_model = open_emotion_model(settings(device="auto"))
    assert isinstance(emotion_model.model, LinearEmotionModel)
    check_fallback(emotion_model.warning, EMOTION_ON_GPU, "connect once to download it", "classic")


def test_a_gpu_that_the_settings_leave_alone_changes_nothing(gpu: None, closed_hub: Hub):
    check_fallback(closed(open_speech_model(settings())).warning, SPEECH_ON_CPU, "download it", "pocketsphinx")
    assert open_emotion_model(settings()).warning is None


def test_without_torch_auto_falls_back_without_asking_the_hub(no_torch: None, hub: Hub):
    chosen = closed(open_speech_model(settings(device="auto")))
    check_fallback(chosen.warning, SPEECH_ON_CPU, "./run.sh setup --models", "pocketsphinx")
    assert open_emotion_model(settings(device="auto")).model.name == "classic"
    assert not hub.asked


@pytest.mark.parametrize("name", ["auto", "pocketsphinx"])
def test_pocketsphinx_where_a_gpu_is_named_says_that_it_runs_on_the_cpu(no_torch: None, name: str):
    warning = closed(open_speech_model(settings(asr_model=name, device="cuda"))).warning
    assert "DEVICE is cuda, but pocketsphinx runs on the CPU only" in (warning or "")


def test_without_torch_a_named_checkpoint_says_how_to_get_it(no_torch: None, tmp_path: Path):
    with pytest.raises(ModelUnavailable, match=r"\./run\.sh setup --models"):
        open_speech_model(settings(asr_model=str(tmp_path)))
    with pytest.raises(ModelUnavailable, match=r"\./run\.sh setup --models"):
        open_emotion_model(settings(ser_model=str(tmp_path)))


def test_a_gpu_that_is_named_and_not_there_is_an_error():
    with pytest.raises(ModelUnavailable, match="DEVICE is cuda:99"):
        open_speech_model(settings(device="cuda:99"))


EMBEDDED = """
import sys
from asr.models.registry import open_emotion_model, open_speech_model
from asr.settings import AsrSettings

if __name__ == "__main__":
    settings = AsrSettings(asr_model="pocketsphinx", ser_model="classic", workers=1)
    open_emotion_model(settings)
    open_speech_model(settings).model.close()
    print(sorted({"torch", "transformers", "huggingface_hub"} & set(sys.modules)))
"""


def test_the_embedded_models_import_neither_torch_nor_what_comes_with_it(tmp_path: Path):
    (tmp_path / "program.py").write_text(EMBEDDED)
    command = [sys.executable, "-W", "error", tmp_path / "program.py"]
    done = subprocess.run(command, env={"PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_pocketsphinx_is_given_one_sound_for_each_of_its_processes():
    speech_model = closed(open_speech_model(settings(asr_model="pocketsphinx", workers=2))).model
    limits = limits_for(speech_model, settings())
    assert (limits.batch_seconds, limits.threads) == (0, 2)


@pytest.mark.parametrize(
    ("device", "named", "batch", "waiting"),
    [
        ("cpu", 0, SECONDS_ON_CPU, 600),
        ("cuda", 0, SECONDS_ON_GPU, 3600),
        ("cpu", 45, 45, 600),
        ("cuda:1", 200, 200, 1200),
    ],
)
def test_what_batches_is_given_a_pass_at_a_time(device: str, named: float, batch: float, waiting: float):
    model = LengthSpeechModel()
    model.device = device
    limits = limits_for(model, settings(batch_seconds=named))
    assert (limits.batch_seconds, limits.waiting_seconds, limits.threads) == (batch, waiting, 2)
