"""The words for word error rate: reference and transcript, normalised alike.

Speech models write numbers, contractions and spellings in different ways. English texts are normalised with OpenAI's
normaliser (the package whisper-normalizer, imported inside the functions), as for published word error rates.
"""

import re
import warnings
from functools import cache
from importlib.metadata import version
from typing import Any, Final, Literal, get_args

from hearsay.text.normalize import is_unspaced, words

Normalizer = Literal["whisper", "plain"]
"""``whisper`` for English, and ``plain`` for all other languages; or ``plain`` for everything."""

NORMALIZERS: Final[tuple[Normalizer, ...]] = get_args(Normalizer)

_PACKAGE: Final = "whisper-normalizer"
_APOSTROPHES: Final = dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u0060\u00b4\u2032"), "'")
_WORD: Final = re.compile(r"[a-z]+")
_SENTENCE: Final = re.compile(r"[a-z]+(?:[.,?!]? [a-z]+)*[.,?!]?")
"""Words that the normaliser splits only at spaces."""


def scored_words(
    reference: str, hypothesis: str, normalizer: Normalizer = "whisper", language: str = ""
) -> tuple[list[str], list[str]]:
    """The words of a reference and of its hypothesis, normalised alike."""
    if is_normalized_by_whisper(reference, hypothesis, normalizer, language):
        return _english_words(reference), _english_words(hypothesis)
    return words(reference), words(hypothesis)


def is_normalized_by_whisper(reference: str, hypothesis: str, normalizer: Normalizer, language: str) -> bool:
    """Whether a pair of texts is normalised with OpenAI's English normaliser.

    ``language`` is a code such as ``en`` or ``en-GB``. If it is unknown, a text counts as English, unless it is
    written in a script without spaces, or in Korean.
    """
    if normalizer == "plain":
        return False
    if language:
        return language.lower().replace("_", "-").partition("-")[0] == "en"
    return not (is_unspaced(reference) or is_unspaced(hypothesis))


def normalizer_in_words(normalizer: Normalizer) -> str:
    """How texts were normalised, with the version of the package that did it."""
    if normalizer == "plain":
        return "the plain normaliser (ignores case, punctuation and apostrophes)"
    return f"{_PACKAGE} {normalizer_version(normalizer)} (English numbers, contractions and spelling)"


@cache
def normalizer_version(normalizer: Normalizer) -> str | None:
    """The version of the package; None for ``plain``, which is Hearsay's own."""
    return None if normalizer == "plain" else version(_PACKAGE)


def _english_words(text: str) -> list[str]:
    folded = text.lower()
    if _SENTENCE.fullmatch(folded) and _rewritten_words().isdisjoint(found := _WORD.findall(folded)):
        return found  # the normaliser gives the same, but takes forty times as long
    # OpenAI's normaliser knows one apostrophe, and makes two words of don’t with the typographic one.
    normalized: str = _english()(text.translate(_APOSTROPHES))
    return normalized.split()


@cache
def _rewritten_words() -> frozenset[str]:
    """The words that the normaliser replaces or removes in a sentence of letters and single punctuation marks.

    They are its numbers, British spellings, colloquial forms, titles and fillers. “and” is changed beside numbers only,
    and “and a half” at the beginning of a text is removed.
    """
    english = _english()
    forms = (pattern.replace(r"\b", "") for pattern in english.replacers)
    fillers = english.ignore_patterns.replace(r"\b", "").strip("()").split("|")
    numbers = english.standardize_numbers.words - {"and"}
    return frozenset({*forms, *fillers, *numbers, *english.standardize_spellings.mapping, "half"})


@cache
def _english() -> Any:
    with warnings.catch_warnings():
        # Python warns about its docstrings when it is compiled at its first import.
        warnings.filterwarnings("ignore", "invalid escape sequence")
        from whisper_normalizer.english import EnglishTextNormalizer

    return EnglishTextNormalizer()
