"""Hotwords for a whole collection: words and names that are likely to occur in it, from a file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from asr.errors import BadSource, ModelUnavailable
from asr.types import NO_OPTIONS, DecodingOptions, SpeechModel, has_options

_ADVICE: Final = "write one word or name per line"


def read_hotwords(path: Path) -> tuple[str, ...]:
    """The words of a text file, one per line, without duplicates; raises `BadSource` if there are none."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as problem:
        raise BadSource(f"--hotwords {path}: the file cannot be read: {problem.strerror or problem}") from problem
    except UnicodeDecodeError as problem:
        raise BadSource(f"--hotwords {path}: the file is not UTF-8 text; {_ADVICE}") from problem
    if not (words := unique(lines)):
        raise BadSource(f"--hotwords {path}: the file has no words; {_ADVICE}")
    return words


def check_hotwords(hotwords: tuple[str, ...], via: str | None) -> None:
    """Raises `BadSource` for hotwords with ``--via``: ``POST /asr`` does not support them."""
    if hotwords and via is not None:
        raise BadSource(
            f"--hotwords and --via cannot be combined: the API at {via} does not support hotwords; omit one of them"
        )


def unique(words: Iterable[str]) -> tuple[str, ...]:
    """The words without surrounding spaces, duplicates and empty ones."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, words))))


def options_for(model: SpeechModel, hotwords: tuple[str, ...]) -> DecodingOptions:
    """The decoding options with these hotwords.

    Raises `ModelUnavailable` if the model does not support hotwords, or not as many: none is omitted silently.
    """
    if not hotwords:
        return NO_OPTIONS
    if not has_options(model) or "hotwords" not in model.options:
        raise ModelUnavailable(
            f"The speech model {model.name} does not support hotwords; omit them, or set ASR_MODEL to a Whisper "
            "model such as whisper-tiny.en."
        )
    options = DecodingOptions(hotwords=hotwords)
    if excess := model.excess_tokens(options):
        raise ModelUnavailable(
            f"{len(hotwords)} hotwords exceed the limit of {model.name} by {excess} tokens; remove some."
        )
    return options
