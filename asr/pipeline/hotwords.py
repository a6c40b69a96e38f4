"""Hotwords for a whole collection: words and names that are likely to occur in it, from a file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from asr.errors import BadSource, ModelUnavailable
from asr.speech.options import has_options
from asr.types import NO_OPTIONS, DecodingOptions, SpeechModel

_ADVICE: Final = "write one word or name a line"


def read_hotwords(path: Path) -> tuple[str, ...]:
    """The words of a text file, one a line, each once; raises `BadSource` where there are none."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as problem:
        raise BadSource(f"--hotwords {path}: the file cannot be read: {problem.strerror or problem}") from problem
    except UnicodeDecodeError as problem:
        raise BadSource(f"--hotwords {path}: this is no text in UTF-8; {_ADVICE}") from problem
    if not (words := unique(lines)):
        raise BadSource(f"--hotwords {path}: the file has no words; {_ADVICE}")
    return words


def check_hotwords(hotwords: tuple[str, ...], via: str | None) -> None:
    """Raises `BadSource` for hotwords that would have to reach an API: ``POST /asr`` takes none."""
    if hotwords and via is not None:
        raise BadSource(
            f"--hotwords does not go with --via: the API at {via} transcribes without them; leave one of them out"
        )


def unique(words: Iterable[str]) -> tuple[str, ...]:
    """The words without spaces around them, each once; empty ones are left out."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, words))))


def options_for(model: SpeechModel, hotwords: tuple[str, ...]) -> DecodingOptions:
    """The options that make a model expect the words.

    Raises `ModelUnavailable` where it takes none, or not so many: nothing is left out silently.
    """
    if not hotwords:
        return NO_OPTIONS
    if not has_options(model) or "hotwords" not in model.options:
        raise ModelUnavailable(
            f"The speech model {model.name} takes no hotwords; leave them out, or set ASR_MODEL to a Whisper model "
            "such as whisper-tiny.en."
        )
    options = DecodingOptions(hotwords=hotwords)
    if excess := model.excess_tokens(options):
        raise ModelUnavailable(
            f"{len(hotwords)} hotwords are too many for {model.name}: they have {excess} tokens more than it takes. "
            "Keep those that matter most."
        )
    return options
