"""How languages are written: with spaces between words or without."""

from collections.abc import Iterable
from typing import Final

UNSPACED: Final = frozenset({"zh", "yue", "ja", "th", "lo", "my"})
"""Languages written without spaces between words, as OpenAI's Whisper lists them (``whisper/tokenizer.py``)."""


def base_language(code: str) -> str:
    """The language of a code such as ``en``, ``en-GB`` or ``zh_TW``, in lower case and without region or script."""
    return code.lower().replace("_", "-").partition("-")[0]


def joined(texts: Iterable[str], language: str = "") -> str:
    """Words or segments as one text: with spaces between them unless the language is one of `UNSPACED`."""
    return ("" if base_language(language) in UNSPACED else " ").join(texts)
