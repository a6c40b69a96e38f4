"""Which models hear: the one place where a name in the settings becomes a recogniser or a tagger."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from asr.emotion import EmotionTagger
from asr.errors import ModelUnavailable
from asr.settings import AsrSettings
from asr.sphinx import PocketSphinxTranscriber
from asr.transcript import Transcriber

Model_co = TypeVar("Model_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Chosen(Generic[Model_co]):
    """A model that is ready to hear, and the sentence about a fallback where it is not the wanted one."""

    model: Model_co
    warning: str | None = None


def open_transcriber(settings: AsrSettings) -> Chosen[Transcriber]:
    """The recogniser that ``asr_model`` names; raises `ModelUnavailable` where a named one cannot be had."""
    return Chosen(PocketSphinxTranscriber(settings.workers))


def open_tagger(settings: AsrSettings) -> Chosen[EmotionTagger]:
    """The tagger that ``ser_model`` names; raises `ModelUnavailable` where a named one cannot be had."""
    raise ModelUnavailable(f"The emotion model {settings.ser_model} is not there yet.")
