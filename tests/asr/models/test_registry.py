import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from transformers import Wav2Vec2ForCTC

from asr.emotion.classifier import ClassifierEmotionModel
from asr.emotion.linear import LinearEmotionModel
from asr.emotion.whisper_emotion import WhisperEmotionModel
from asr.errors import ModelUnavailable
from asr.inference.batched_model import SECONDS_ON_CPU, SECONDS_ON_GPU
from asr.models.registry import (
    EMOTION_ON_GPU,
    ENGLISH_ON_GPU,
    OTHER_LANGUAGES_ON_GPU,
    OpenedModel,
    open_emotion_model,
    open_speech_model,
)
from asr.models.selection import select_emotion_model
from asr.pipeline.assembly import limits_for
from asr.settings import AsrSettings
from asr.speech.ctc import CtcSpeechModel
from asr.speech.pocketsphinx import PocketSphinxSpeechModel
from asr.speech.seq2seq import Seq2SeqSpeechModel
from asr.speech.whisper import WhisperSpeechModel
from asr.types import SpeechModel
from tests.conftest import PROJECT
from tests.support.checkpoints import save_classifier, save_moonshine, save_wav2vec2, save_whisper
from tests.support.hub import Hub
from tests.support.models import LengthSpeechModel
from tests.support.weights import published_weights


def settings(**named: object) -> AsrSettings:
    return AsrSettings(**{"workers": 1, "device": "cpu", "asr_model": "auto", "ser_model": "auto", **named})


def closed(chosen: OpenedModel[SpeechModel]) -> OpenedModel[SpeechModel]:
    chosen.model.close()
    return chosen


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which torch reports a GPU; these tests never use it."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which torch is not installed."""
    monkeypatch.setitem(sys.modules, "torch", None)


def test_embedded_models_are_opened_by_name_without_a_warning():
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
def test_the_config_of_a_checkpoint_folder_selects_the_model_class(save, kind, tmp_path: Path):  # noqa: ANN001
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
def test_every_model_rejects_a_precision_that_the_device_does_not_support(save, open_model, named, tmp_path: Path):  # noqa: ANN001
    with pytest.raises(ModelUnavailable, match="PRECISION is float16"):
        open_model(settings(precision="float16", **{named: str(save(tmp_path))}))


def test_the_folder_of_an_emotion_model_is_not_accepted_as_a_speech_model(tmp_path: Path):
    folder = str(save_classifier(tmp_path, {0: "happy", 1: "sad"}))
    assert isinstance(open_emotion_model(settings(ser_model=folder)).model, ClassifierEmotionModel)
    with pytest.raises(ModelUnavailable, match="is not a speech model"):
        open_speech_model(settings(asr_model=folder))


@pytest.mark.parametrize("name", ["/no/such/folder", "hearsay/nothing"])
def test_an_unavailable_named_model_is_an_error_without_a_fallback(name: str, closed_hub: Hub):
    with pytest.raises(ModelUnavailable, match=name):
        open_speech_model(settings(asr_model=name))
    with pytest.raises(ModelUnavailable, match=name):
        open_emotion_model(settings(ser_model=name))


def test_auto_on_a_cpu_selects_whisper_tiny_and_the_embedded_emotion_model(hub: Hub, monkeypatch: pytest.MonkeyPatch):
    use_published(monkeypatch, "whisper-tiny.en-short")
    chosen = open_speech_model(settings())
    assert isinstance(chosen.model, WhisperSpeechModel)
    assert (chosen.model.name, chosen.model.device, chosen.warning) == ("whisper-tiny.en-short", "cpu", None)
    emotion_model = open_emotion_model(settings())
    assert (emotion_model.model.name, emotion_model.warning) == ("whisper-emotion", None)
    assert emotion_model.model.weights == select_emotion_model(settings()).weights()
    assert not hub.asked


@pytest.mark.parametrize("language", ["de", "auto"])
def test_auto_selects_the_multilingual_model_for_other_languages(language: str, monkeypatch: pytest.MonkeyPatch):
    use_published(monkeypatch, "whisper-base")
    chosen = open_speech_model(settings(asr_language=language))
    assert (chosen.model.name, chosen.warning) == ("whisper-base", None)


def test_without_weights_the_classic_model_is_used_and_the_reason_given(closed_hub: Hub):
    opened = open_emotion_model(settings(model_sources="cache"))
    assert isinstance(opened.model, LinearEmotionModel)
    check_fallback(opened.warning, "whisper-emotion", "MODEL_SOURCES", "classic")
    chosen = select_emotion_model(settings(model_sources="cache"))
    assert (chosen.name, chosen.is_fallback) == ("classic", True)


@pytest.mark.parametrize(
    ("named", "encoder"),
    [
        ({}, "whisper-tiny.en-short"),
        ({"asr_model": "whisper-tiny.en"}, "whisper-tiny.en"),
        ({"asr_model": "pocketsphinx"}, "whisper-tiny.en-short"),
        ({"asr_language": "de"}, "whisper-base"),
    ],
    ids=["auto", "named", "pocketsphinx", "german"],
)
def test_whisper_emotion_uses_the_weights_that_transcribe(named: dict[str, str], encoder: str):
    chosen = select_emotion_model(settings(ser_model="whisper-emotion", **named))
    assert chosen.encoder is not None
    assert (chosen.name, chosen.encoder.name, chosen.is_fallback) == ("whisper-emotion", encoder, False)


def test_other_languages_never_fall_back_to_an_english_model(closed_hub: Hub):
    with pytest.raises(ModelUnavailable, match="whisper-base"):
        open_speech_model(settings(asr_language="de", model_sources="cache"))


def use_published(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Make the weights of a published model available from the cache that tests share."""
    monkeypatch.setenv("HEARSAY_HOME", str(published_weights(name).folder.parent.parent))


def check_fallback(warning: str | None, wanted: str, reason: str, used: str) -> None:
    assert warning is not None
    for part in (wanted, reason, f"Using {used} instead."):
        assert part in warning


def test_auto_falls_back_with_a_warning_if_no_weights_are_available(closed_hub: Hub):
    chosen = closed(open_speech_model(settings(model_sources="cache,hub")))
    assert isinstance(chosen.model, PocketSphinxSpeechModel)
    check_fallback(chosen.warning, "whisper-tiny.en", "the Hugging Face hub cannot be reached", "pocketsphinx")


@pytest.mark.parametrize(("language", "wanted"), [("en", ENGLISH_ON_GPU), ("fr", OTHER_LANGUAGES_ON_GPU)])
def test_auto_on_a_gpu_falls_back_from_a_large_model_to_the_published_one(
    gpu: None, closed_hub: Hub, monkeypatch: pytest.MonkeyPatch, language: str, wanted: str
):
    used = "whisper-tiny.en-short" if language == "en" else "whisper-base"
    use_published(monkeypatch, used)
    chosen = open_speech_model(settings(device="auto", asr_language=language))
    check_fallback(chosen.warning, wanted, "connect once", used)
    emotion_model = open_emotion_model(settings(device="auto"))
    assert isinstance(emotion_model.model, WhisperEmotionModel)
    check_fallback(emotion_model.warning, EMOTION_ON_GPU, "connect once to download it", "whisper-emotion")


def test_an_unused_gpu_does_not_change_the_models(gpu: None, closed_hub: Hub, monkeypatch: pytest.MonkeyPatch):
    use_published(monkeypatch, "whisper-tiny.en-short")
    assert open_speech_model(settings()).warning is None
    assert open_emotion_model(settings()).warning is None


def test_auto_without_torch_does_not_query_the_hub(no_torch: None, hub: Hub, monkeypatch: pytest.MonkeyPatch):
    use_published(monkeypatch, "whisper-tiny.en-short")
    assert open_speech_model(settings(device="auto")).model.name == "whisper-tiny.en-short"
    assert open_emotion_model(settings(device="auto")).model.name == "whisper-emotion"
    assert not hub.asked


def test_a_folder_of_a_ctranslate2_model_is_opened_by_its_path(closed_hub: Hub):
    folder = published_weights("whisper-tiny.en").folder
    chosen = open_speech_model(settings(asr_model=str(folder)))
    assert isinstance(chosen.model, WhisperSpeechModel)
    assert (chosen.model.name, chosen.model.weights) == (str(folder), published_weights("whisper-tiny.en").digest)


@pytest.mark.parametrize("name", ["auto", "pocketsphinx"])
def test_pocketsphinx_warns_that_it_ignores_a_named_gpu(no_torch: None, name: str):
    chosen = closed(open_speech_model(settings(asr_model=name, device="cuda", model_sources="cache")))
    warning = chosen.warning
    assert "DEVICE is cuda, but pocketsphinx runs on the CPU only" in (warning or "")


def test_a_named_checkpoint_without_torch_explains_how_to_install_it(no_torch: None, tmp_path: Path):
    with pytest.raises(ModelUnavailable, match=r"\./run\.sh setup --models"):
        open_speech_model(settings(asr_model=str(tmp_path)))
    with pytest.raises(ModelUnavailable, match=r"\./run\.sh setup --models"):
        open_emotion_model(settings(ser_model=str(tmp_path)))


def test_a_named_gpu_that_does_not_exist_is_an_error():
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


def test_embedded_models_import_neither_torch_nor_transformers_nor_the_hub_client(tmp_path: Path):
    (tmp_path / "program.py").write_text(EMBEDDED)
    command = [sys.executable, "-W", "error", tmp_path / "program.py"]
    done = subprocess.run(command, env={"PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_pocketsphinx_processes_one_clip_per_worker_process():
    speech_model = closed(open_speech_model(settings(asr_model="pocketsphinx", workers=2))).model
    limits = limits_for(speech_model, settings())
    assert (limits.batch_seconds, limits.threads) == (0, 2)


def test_whisper_uses_the_same_number_of_threads_for_long_and_short_clips():
    weights = published_weights("whisper-tiny.en")
    model = WhisperSpeechModel(weights.folder, weights.name, weights.digest, workers=3)
    limits = limits_for(model, settings())
    assert (limits.batch_seconds, limits.threads, limits.long_threads) == (60, 3, 3)


@pytest.mark.parametrize(
    ("device", "named", "batch", "waiting"),
    [
        ("cpu", 0, SECONDS_ON_CPU, 600),
        ("cuda", 0, SECONDS_ON_GPU, 3600),
        ("cpu", 45, 45, 600),
        ("cuda:1", 200, 200, 1200),
    ],
)
def test_batch_limits_depend_on_the_device_and_the_setting(device: str, named: float, batch: float, waiting: float):
    model = LengthSpeechModel()
    model.device = device
    limits = limits_for(model, settings(batch_seconds=named))
    assert (limits.batch_seconds, limits.waiting_seconds, limits.threads) == (batch, waiting, 2)


@pytest.mark.parametrize("architectures", [["Wav2Vec2ForPreTraining"], ["Wav2Vec2Model"], None])
@pytest.mark.parametrize("is_safe", [True, False])
def test_a_ctc_checkpoint_is_recognised_by_its_weight_names(
    architectures: list[str] | None, is_safe: bool, tmp_path: Path
):
    folder = save_wav2vec2(tmp_path)
    if not is_safe:
        model = Wav2Vec2ForCTC.from_pretrained(folder)
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": architectures}))
    assert isinstance(closed(open_speech_model(settings(asr_model=str(folder)))).model, CtcSpeechModel)


def test_a_whisper_checkpoint_that_names_no_class_is_loaded(tmp_path: Path):
    folder = save_whisper(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": None}))
    assert isinstance(closed(open_speech_model(settings(asr_model=str(folder)))).model, Seq2SeqSpeechModel)
