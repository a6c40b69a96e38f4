"""Character error rate, and the languages in which transcripts are scored by it."""

from typing import Final, Literal, get_args

from hearsay.text.languages import UNSPACED, base_language
from hearsay.text.normalize import is_unspaced
from hearsay.text.scoring import Normalizer, scored_words
from hearsay.text.wer import WordErrors, word_errors

ErrorMetric = Literal["wer", "cer"]

Metric = Literal["auto", "wer", "cer"]
"""``auto`` applies `metric_for` to each text."""

METRICS: Final[tuple[Metric, ...]] = get_args(Metric)

BY_CHARACTER: Final = UNSPACED | {"ko", "km", "bo"}
"""Languages whose words are not separated by spaces, and Korean, whose spaces are not used consistently."""


def metric_for(reference: str, language: str = "") -> ErrorMetric:
    """The usual error rate of a text: of characters in the languages of `BY_CHARACTER`, otherwise of words.

    If the language is unknown, a reference in a script without spaces, or in Korean, counts as one of them.
    """
    is_by_character = base_language(language) in BY_CHARACTER if language else is_unspaced(reference)
    return "cer" if is_by_character else "wer"


def character_errors(
    reference: str, hypothesis: str, normalizer: Normalizer = "whisper", language: str = ""
) -> WordErrors:
    """The errors of a hypothesis in characters, without spaces; both texts are normalised alike."""
    said, found = scored_words(reference, hypothesis, normalizer, language)
    return word_errors("".join(said), "".join(found))


def text_errors(
    metric: ErrorMetric, reference: str, hypothesis: str, normalizer: Normalizer = "whisper", language: str = ""
) -> WordErrors:
    """The errors of a hypothesis in words or in characters; both texts are normalised alike."""
    if metric == "cer":
        return character_errors(reference, hypothesis, normalizer, language)
    return word_errors(*scored_words(reference, hypothesis, normalizer, language))
