"""Text has the same tokens in searching, highlighting and counting."""

import string
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hearsay.text.normalize import LONGEST_TOKEN, token_runs, tokens, words

CJK = "東京タワー한국어"
awkward = st.text(st.sampled_from("aeΣß'’´\u200d\u0301\u0308\u00ad-_ 1½ﬁकि़हिन्दी" + CJK) | st.characters())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n—…", []),
        ("Don't STOP", ["dont", "stop"]),
        ("don’t don`t donʼt don´t don＇t", ["dont"] * 5),
        ("state-of-the-art_model", ["state", "of", "the", "art", "model"]),
        ("x² and ﬁve", ["x2", "and", "five"]),
        ("Café CAFE\u0301", ["café", "café"]),
        ("soft\u00adhyphen", ["softhyphen"]),
        ("हिन्दी कि़ताब", ["हिन्दी", unicodedata.normalize("NFKC", "कि़ताब")]),
        ("東京タワーabc", ["東京", "京タ", "タワ", "ワー", "abc"]),
        ("中 a", ["中", "a"]),
        ("3.5 km", ["3", "5", "km"]),
    ],
)
def test_text_is_split_into_tokens(text: str, expected: list[str]):
    assert tokens(text) == expected


@given(awkward)
@example("e\u200d\u0301")
@example("ΑΣ' ΣΑ")
@example("´")
def test_tokenisation_is_idempotent(text: str):
    once = tokens(text)
    assert tokens(" ".join(once)) == once


@given(awkward)
def test_a_token_contains_only_letters_marks_and_digits_in_nfkc(text: str):
    for token in tokens(text):
        assert 1 <= len(token) <= LONGEST_TOKEN
        assert unicodedata.is_normalized("NFKC", token)
        assert all(character.isalnum() or unicodedata.category(character)[0] == "M" for character in token)


@given(awkward, st.sampled_from(["NFC", "NFD"]))
def test_tokens_do_not_depend_on_the_unicode_normal_form(text: str, form: str):
    assert tokens(unicodedata.normalize(form, text)) == tokens(text)


@given(st.text(string.printable))
def test_ascii_text_has_the_same_tokens_next_to_other_scripts(text: str):
    assert tokens(f"{text} é") == [*tokens(text), "é"]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("the old-man", [["the"], ["old"], ["man"]]),
        ("ab bc", [["ab"], ["bc"]]),
        ("京都大学 ok", [["京都", "都大", "大学"], ["ok"]]),
        ("tokyo東京 大", [["tokyo"], ["東京"], ["大"]]),
        ("?!", []),
    ],
)
def test_the_tokens_of_a_cjk_run_are_grouped(text: str, runs: list[list[str]]):
    assert token_runs(text) == runs


@given(st.text(string.printable))
def test_counted_words_equal_tokens_in_text_without_cjk(text: str):
    assert [word[:LONGEST_TOKEN] for word in words(text)] == tokens(text)


def test_chinese_is_counted_by_character_and_searched_by_bigram():
    assert words("东京塔 tower") == ["东", "京", "塔", "tower"]
    assert tokens("东京塔 tower") == ["东京", "京塔", "tower"]


def test_a_word_is_truncated_to_the_maximum_token_length():
    assert tokens("a" * 1000) == ["a" * LONGEST_TOKEN]
