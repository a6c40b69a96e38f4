"""What a caller can ask of a speech model beside a transcript: which options take effect, and in which languages."""

from typing import Protocol, TypeGuard

from asr.types import DecodingOptions, SpeechModel


class ModelWithOptions(SpeechModel, Protocol):
    """A speech model that reads the `DecodingOptions` of a clip."""

    @property
    def options(self) -> frozenset[str]:
        """The names of those that take effect."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that it transcribes."""
        ...

    def excess_tokens(self, options: DecodingOptions) -> int:
        """How many tokens of the prompt and the hotwords are left out, because the model does not take so many."""
        ...


def has_options(model: SpeechModel) -> TypeGuard[ModelWithOptions]:
    """Whether the model reads options; on the others every option has no effect."""
    return hasattr(model, "options")


def supported_options(model: SpeechModel) -> frozenset[str]:
    """The names of the options that take effect with a model."""
    return model.options if has_options(model) else frozenset()
