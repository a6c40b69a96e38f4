"""Which models a run would use, and why, without loading them."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from asr.emotion.linear import MODEL, LinearEmotionModel
from asr.inference.checkpoints import Checkpoint, device_of, has_torch
from asr.inference.weights import weights_digest
from asr.models.registry import AUTO, EMOTION_ON_GPU, SPEECH_ON_CPU, SPEECH_ON_GPU
from asr.settings import AsrSettings
from asr.speech import pocketsphinx

REACHED_SECONDS: Final = 3.0
"""Seconds within which the hub must accept a connection to count as reachable."""

_BUILT_IN: Final = frozenset({pocketsphinx.NAME, LinearEmotionModel.name})


@dataclass(frozen=True, slots=True)
class ModelSelection:
    """A model, the reason for its selection, whether its weights are on this machine, and whether it is a fallback."""

    name: str
    why: str
    is_here: bool
    is_fallback: bool = False

    def in_words(self) -> str:
        return f"{self.name} ({self.why}{'' if self.is_here else '; to be downloaded'})"

    def weights(self) -> str:
        """The digest of its weights, equal to that of the loaded model; empty if they are not on this machine."""
        if self.name == pocketsphinx.NAME:
            return pocketsphinx.weights_of_the_wheel() if self.is_here else ""
        if self.name == LinearEmotionModel.name:
            return weights_digest({"model": MODEL})
        folder = _folder_of(self.name)
        return Checkpoint(self.name, folder).weights() if folder else ""


def select_speech_model(settings: AsrSettings) -> ModelSelection:
    """The speech model that `open_speech_model` would open; raises `ModelUnavailable` for a device."""
    if settings.asr_model != AUTO:
        return _named(settings.asr_model, "ASR_MODEL")
    if not has_torch():
        return ModelSelection(pocketsphinx.NAME, "auto: torch and transformers are not installed", is_here=True)
    device = device_of(settings.device)
    return _wanted(SPEECH_ON_GPU if device.startswith("cuda") else SPEECH_ON_CPU, device, pocketsphinx.NAME)


def select_emotion_model(settings: AsrSettings) -> ModelSelection:
    """The emotion model that `asr.models.registry.open_emotion_model` would open; raises `ModelUnavailable` for a
    device.
    """
    if settings.ser_model != AUTO:
        return _named(settings.ser_model, "SER_MODEL")
    if not has_torch():
        return ModelSelection(LinearEmotionModel.name, "auto: torch and transformers are not installed", is_here=True)
    device = device_of(settings.device)
    if not device.startswith("cuda"):
        return ModelSelection(LinearEmotionModel.name, f"auto: on {device}", is_here=True)
    return _wanted(EMOTION_ON_GPU, device, LinearEmotionModel.name)


def is_hub_reachable() -> bool:
    """Whether the hub accepts connections, and its library is not set to offline."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return False
    address = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname or "", port), REACHED_SECONDS).close()
    except (OSError, ValueError):
        return False
    return True


def _named(name: str, setting: str) -> ModelSelection:
    return ModelSelection(name, f"named by {setting}", name in _BUILT_IN or _folder_of(name) is not None)


def _wanted(name: str, device: str, otherwise: str) -> ModelSelection:
    why = f"auto: on {device}"
    if _folder_of(name) or is_hub_reachable():
        return ModelSelection(name, why, _folder_of(name) is not None)
    instead = f"{why}, instead of {name}, which is not on this machine, and the hub cannot be reached"
    return ModelSelection(otherwise, instead, is_here=True, is_fallback=True)


def _folder_of(name: str) -> Path | None:
    """The folder of a checkpoint, given or in the hub's cache; None if it is missing or not fully downloaded."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        config = _cached_config(name)
        if config is None:
            return None
        folder = config.parent
    return folder if [*folder.glob("*.safetensors"), *folder.glob("*.bin")] else None


def _cached_config(name: str) -> Path | None:
    if not has_torch():
        return None
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        return None
    return Path(config) if isinstance(config, str) else None
