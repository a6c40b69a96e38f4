"""How texts are joined in languages with and without spaces between words."""

import pytest

from hearsay.text.languages import base_language, joined


@pytest.mark.parametrize(
    ("code", "base"), [("en", "en"), ("en-GB", "en"), ("zh_TW", "zh"), ("ZH-Hant", "zh"), ("", "")]
)
def test_a_code_is_reduced_to_its_language(code: str, base: str):
    assert base_language(code) == base


def test_words_are_joined_with_spaces_except_in_languages_without_them():
    assert joined(["one", "two"]) == "one two"
    assert joined(["one", "two"], "de") == "one two"
    assert joined(["今天", "很好"], "zh") == "今天很好"
    assert joined(["今天", "很好"], "zh-CN") == "今天很好"
