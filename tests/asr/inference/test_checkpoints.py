import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import WavLMConfig, WavLMForCTC

from asr.errors import ModelUnavailable
from asr.inference.checkpoints import Checkpoint, device_of, has_torch, loaded
from asr.speech.ctc import CtcSpeechModel
from tests.asr.inference.test_batch_invariance import random_model
from tests.conftest import PROJECT
from tests.support.checkpoints import save_wav2vec2
from tests.support.hub import Hub
from tests.support.recordings import audio_of, bursts

NAME = "hearsay/tiny"


def test_a_downloaded_checkpoint_is_used_offline(hub: Hub, tmp_path: Path):
    folder = save_wav2vec2(tmp_path / "published")
    sound = bursts((0.5, 2), length=3)
    expected = CtcSpeechModel(str(folder), "cpu").transcribe(audio_of(sound))
    hub.publish(NAME, folder)
    assert CtcSpeechModel(NAME, "cpu").transcribe(audio_of(sound)) == expected
    assert f"/{NAME}/resolve/main/config.json" in hub.asked
    hub.close()
    hub.asked.clear()
    speech_model = CtcSpeechModel(NAME, "cpu")
    assert speech_model.name == NAME
    assert speech_model.transcribe(audio_of(sound)) == expected
    assert not hub.asked


def test_an_incomplete_download_is_completed(hub: Hub, tmp_path: Path):
    folder = save_wav2vec2(tmp_path / "published")
    half = shutil.copytree(folder, tmp_path / "half")
    (half / "vocab.json").unlink()
    hub.publish(NAME, half)
    with pytest.raises(ModelUnavailable, match="tokenizer"):
        CtcSpeechModel(NAME, "cpu")
    hub.publish(NAME, folder)
    assert CtcSpeechModel(NAME, "cpu").name == NAME


def test_a_name_unknown_to_the_hub_is_reported_as_a_possible_misspelling(hub: Hub):
    with pytest.raises(ModelUnavailable, match=r"no model hearsay/tiny.*spelling"):
        CtcSpeechModel(NAME, "cpu")
    assert len(hub.asked) == 1


def test_a_gated_model_is_reported_with_its_terms(hub: Hub):
    hub.gated.add(NAME)
    with pytest.raises(ModelUnavailable, match="terms"):
        CtcSpeechModel(NAME, "cpu")


def test_only_files_that_torch_needs_are_downloaded(hub: Hub, tmp_path: Path):
    folder = save_wav2vec2(tmp_path / "published")
    for other in ("pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "README.md"):
        (folder / other).write_bytes(b"of no use")
    hub.publish(NAME, folder)
    CtcSpeechModel(NAME, "cpu")
    asked = {Path(path).name for path in hub.asked}
    assert {"model.safetensors", "config.json", "vocab.json"} <= asked
    assert not asked & {"pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "README.md"}


def test_a_refused_connection_to_the_hub_is_reported(closed_hub: Hub):
    with pytest.raises(ModelUnavailable, match=r"Hugging Face hub .*refused.*connect once"):
        CtcSpeechModel(NAME, "cpu")


def test_a_hub_that_does_not_answer_times_out(closed_hub: Hub, monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr("asr.inference.checkpoints.HUB_TIMEOUT", 0.2)
        with pytest.raises(ModelUnavailable, match="cannot be downloaded from the Hugging Face hub"):
            CtcSpeechModel(NAME, "cpu")


@pytest.mark.parametrize("name", ["/no/such/folder", "./models/mine", "~/model", "a/b/c"])
def test_a_missing_folder_is_reported_as_a_folder_and_not_looked_up_on_the_hub(hub: Hub, name: str):
    with pytest.raises(ModelUnavailable, match=f"no folder {name}"):
        CtcSpeechModel(name, "cpu")
    assert not hub.asked


def test_an_invalid_model_name_is_reported_as_a_possible_misspelling(hub: Hub):
    with pytest.raises(ModelUnavailable, match="spelling"):
        CtcSpeechModel("what is this?", "cpu")


def test_an_existing_folder_is_never_looked_up_on_the_hub(hub: Hub, tmp_path: Path):
    with pytest.raises(ModelUnavailable, match=re.escape(f"{tmp_path} cannot be loaded")):
        CtcSpeechModel(str(tmp_path), "cpu")
    assert not hub.asked


def test_an_error_while_loading_a_checkpoint_is_raised_as_model_unavailable(tmp_path: Path):
    def fails(checkpoint: Checkpoint) -> None:
        raise KeyError("layers")

    with pytest.raises(ModelUnavailable, match="layers") as caught:
        loaded(str(tmp_path), fails)
    assert isinstance(caught.value.__cause__, KeyError)


def test_loading_a_checkpoint_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    save_wav2vec2(tmp_path)
    capfd.readouterr()
    CtcSpeechModel(str(tmp_path), "cpu")
    assert capfd.readouterr() == ("", "")


def test_batched_transcription_with_wavlm_raises_no_warning(tmp_path: Path):
    save_wav2vec2(tmp_path)
    random_model(WavLMForCTC, WavLMConfig, "group").save_pretrained(tmp_path)
    sounds = [bursts((0.1, 1.9), length=2), bursts((0.1, 1.8), length=1.95)]
    assert len(CtcSpeechModel(str(tmp_path), "cpu").transcribe(audio_of(*sounds))) == 2


def test_a_named_device_is_used_and_auto_selects_an_available_gpu():
    assert device_of("cpu") == "cpu"
    assert device_of("auto") == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("device", ["cuda:99", "gpu", "cpux", ""])
def test_a_missing_device_is_rejected_and_auto_suggested(device: str):
    with pytest.raises(ModelUnavailable, match="auto"):
        device_of(device)


def test_without_torch_the_error_explains_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    assert has_torch()
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    assert not has_torch()
    for attempt in (lambda: device_of("auto"), lambda: CtcSpeechModel(NAME)):
        check_suggests_setup(attempt)


def check_suggests_setup(attempt: Callable[[], object]) -> None:
    with pytest.raises(ModelUnavailable, match=r"\./run\.sh setup --models"):
        attempt()


def test_the_onednn_primitive_cache_is_limited_before_torch_is_imported():
    program = (
        "import os, sys, asr.inference.checkpoints; "
        "print(os.environ['ONEDNN_PRIMITIVE_CACHE_CAPACITY'], 'torch' in sys.modules)"
    )
    alone = {name: value for name, value in os.environ.items() if name != "ONEDNN_PRIMITIVE_CACHE_CAPACITY"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=alone, cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "64 False\n"
