"""Which models a run would use, and why, without loading any of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from asr import sphinx
from asr.checkpoints import device_of, has_torch
from asr.classic import ClassicTagger
from asr.models import AUTO, EMOTION_ON_GPU, SPEECH_ON_CPU, SPEECH_ON_GPU
from asr.settings import AsrSettings

_BUILT_IN: Final = frozenset({sphinx.NAME, ClassicTagger.name})


@dataclass(frozen=True, slots=True)
class Choice:
    """The model that is wanted, why, and whether its weights are on this machine.

    Where they are not, they are downloaded; ``otherwise`` is used where that cannot be.
    """

    name: str
    why: str
    is_here: bool
    otherwise: str = ""

    def in_words(self) -> str:
        if self.is_here:
            return f"{self.name} ({self.why})"
        fallback = f", else {self.otherwise} is used" if self.otherwise else ""
        return f"{self.name} ({self.why}; its weights are not here and must be downloaded{fallback})"


def speech_choice(settings: AsrSettings) -> Choice:
    """The speech model that `asr.models.open_transcriber` would open first; raises `ModelUnavailable` for a device."""
    if settings.asr_model != AUTO:
        return _named(settings.asr_model, "ASR_MODEL")
    if not has_torch():
        return Choice(sphinx.NAME, "auto: torch and transformers are not installed", is_here=True)
    device = device_of(settings.device)
    wanted = SPEECH_ON_GPU if device.startswith("cuda") else SPEECH_ON_CPU
    return Choice(wanted, f"auto: runs on {device}", _is_here(wanted), sphinx.NAME)


def emotion_choice(settings: AsrSettings) -> Choice:
    """The emotion model that `asr.models.open_tagger` would open first; raises `ModelUnavailable` for a device."""
    if settings.ser_model != AUTO:
        return _named(settings.ser_model, "SER_MODEL")
    if not has_torch():
        return Choice(ClassicTagger.name, "auto: torch and transformers are not installed", is_here=True)
    device = device_of(settings.device)
    if not device.startswith("cuda"):
        return Choice(ClassicTagger.name, f"auto: runs on {device}", is_here=True)
    return Choice(EMOTION_ON_GPU, f"auto: runs on {device}", _is_here(EMOTION_ON_GPU), ClassicTagger.name)


def _named(name: str, setting: str) -> Choice:
    return Choice(name, f"named by {setting}", name in _BUILT_IN or _is_here(name))


def _is_here(name: str) -> bool:
    """Whether a checkpoint's weights are in its folder or in the hub's cache; an unfinished download is not here."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if (cached := _cached_config(name)) is None:
            return False
        folder = cached.parent
    return any(folder.glob("*.safetensors")) or any(folder.glob("*.bin"))


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
