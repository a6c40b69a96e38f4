"""The decoding options and languages that a speech model supports."""

from typing import Protocol, TypeGuard

from asr.types import DecodingOptions, SpeechModel


class ModelWithOptions(SpeechModel, Protocol):
    """A speech model that reads the `DecodingOptions` of a clip."""

    @property
    def options(self) -> frozenset[str]:
        """The names of the supported options."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the supported languages."""
        ...

    def excess_tokens(self, options: DecodingOptions) -> int:
        """The number of tokens of the prompt and the hotwords that exceed the limit."""
        ...


def has_options(model: SpeechModel) -> TypeGuard[ModelWithOptions]:
    """Whether the model supports options; other models ignore all of them."""
    return hasattr(model, "options")


def supported_options(model: SpeechModel) -> frozenset[str]:
    """The names of the options that a model supports."""
    return model.options if has_options(model) else frozenset()
