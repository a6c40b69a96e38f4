"""Which models a run would use, and why, without loading them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from asr.emotion.linear import MODEL, LinearEmotionModel
from asr.errors import ModelUnavailable
from asr.inference.checkpoints import Checkpoint, device_of, has_torch
from asr.inference.weights import weights_digest
from asr.models.hub import is_hub_reachable
from asr.models.published import PUBLISHED, published
from asr.models.registry import AUTO, EMOTION_ON_GPU, speech_candidates
from asr.models.weights import weights_here
from asr.settings import AsrSettings
from asr.speech import pocketsphinx

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
        if model := published(self.name):
            return model.digest if self.is_here else ""
        folder = _folder_of(self.name)
        return Checkpoint(self.name, folder).weights() if folder else ""


def select_speech_model(settings: AsrSettings) -> ModelSelection:
    """The speech model that `open_speech_model` would open; raises `ModelUnavailable` if the device is invalid."""
    if settings.asr_model != AUTO:
        return _named(settings.asr_model, "ASR_MODEL", settings)
    reasons: list[str] = []
    for name in speech_candidates(settings):
        obstacle = _obstacle(name, settings)
        if not obstacle:
            why = f"auto: {'; '.join(reasons)}" if reasons else "auto: the best for this machine and language"
            return ModelSelection(name, why, _is_here(name, settings), is_fallback=bool(reasons))
        reasons.append(f"{name} {obstacle}")
    raise ModelUnavailable(f"No speech model can be loaded: {'; '.join(reasons)}.")


def select_emotion_model(settings: AsrSettings) -> ModelSelection:
    """The emotion model that `open_emotion_model` would open; raises `ModelUnavailable` if the device is invalid."""
    if settings.ser_model != AUTO:
        return _named(settings.ser_model, "SER_MODEL", settings)
    if not has_torch():
        return ModelSelection(LinearEmotionModel.name, "auto: torch and transformers are not installed", is_here=True)
    device = device_of(settings.device)
    if not device.startswith("cuda"):
        return ModelSelection(LinearEmotionModel.name, f"auto: on {device}", is_here=True)
    why = f"auto: on {device}"
    if obstacle := _obstacle(EMOTION_ON_GPU, settings):
        return ModelSelection(
            LinearEmotionModel.name,
            f"{why} it would be {EMOTION_ON_GPU}, which {obstacle}",
            is_here=True,
            is_fallback=True,
        )
    return ModelSelection(EMOTION_ON_GPU, why, _is_here(EMOTION_ON_GPU, settings))


def _named(name: str, setting: str, settings: AsrSettings) -> ModelSelection:
    return ModelSelection(name, f"named by {setting}", _is_here(name, settings))


def _obstacle(name: str, settings: AsrSettings) -> str:
    """Why a model is not available, as the end of a sentence about it; empty if it is local or can be downloaded."""
    if _is_here(name, settings):
        return ""
    sources = set(settings.sources) & ({"hub", "index"} if name in PUBLISHED else {"hub"})
    if not sources:
        return "is not on this machine, and MODEL_SOURCES does not allow its download"
    if "index" in sources or is_hub_reachable():
        return ""
    return "is not on this machine, and the hub cannot be reached"


def _is_here(name: str, settings: AsrSettings) -> bool:
    if name in _BUILT_IN:
        return True
    if model := PUBLISHED.get(name):
        makes_it = model.base is not None and weights_here(model.base.name, settings) is not None
        return makes_it or weights_here(name, settings) is not None
    return _folder_of(name) is not None


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
