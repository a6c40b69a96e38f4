"""Character errors, and the metric that a language is scored by."""

import pytest

from hearsay.text.cer import character_errors, metric_for, text_errors
from hearsay.text.wer import WordErrors


@pytest.mark.parametrize(
    ("reference", "language", "metric"),
    [
        ("the cat", "", "wer"),
        ("今天", "", "cer"),
        ("hello", "zh-CN", "cer"),
        ("hello", "ja", "cer"),
        ("คำ", "th", "cer"),
        ("한국어 문장", "ko", "cer"),
        ("今天", "en", "wer"),
        ("die Farbe", "de", "wer"),
    ],
)
def test_the_language_decides_the_metric_and_the_script_where_it_is_unknown(reference: str, language: str, metric: str):
    assert metric_for(reference, language) == metric


def test_spaces_case_and_punctuation_are_not_counted():
    assert character_errors("The cat.", "thec at") == WordErrors(6)


def test_character_errors_are_hand_counted():
    assert character_errors("abcd", "abxde", "plain") == WordErrors(4, substitutions=1, insertions=1)
    assert character_errors("今天二十度", "今天20度") == WordErrors(5, substitutions=2)


def test_both_metrics_normalise_in_the_same_way():
    assert text_errors("wer", "twenty two dollars", "$22") == WordErrors(1)
    assert text_errors("cer", "twenty two dollars", "$22") == WordErrors(3)
