"""Text has the same tokens in searching, highlighting and counting."""

import string
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hearsay.text.normalize import LONGEST_TOKEN, is_unspaced, token_runs, token_spans, tokens, words

CJK = "東京タワー한국어"
THAI_AND_OTHERS = "สวัสดีครับน้ำ ສະບາຍດີ မြန်မာ ភាសាខ្មែរ\u200b བོད་ཡིག"
OTHER_SPELLINGS = "aeΣßİıi\u0307'’´ʻ\u200d\u0301\u0308\u00ad-_ 1½ﬁｶﾞकि़हिन्दी مُحَمَّد ـ שָׁלוֹם"
EMOJI = "❤\ufe0f⚡👍🏽👩\u200d👧🇩🇪🏴\U000e0067\U000e007f1\u20e3"
awkward = st.text(st.sampled_from(OTHER_SPELLINGS + CJK + THAI_AND_OTHERS + EMOJI) | st.characters())


def is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


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
        ("¨hello¨ she said", ["hello", "she", "said"]),
        ("\u0301hello か゛", ["hello", "か"]),
    ],
)
def test_text_is_split_into_tokens(text: str, expected: list[str]):
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I ❤️ you", ["i", "❤", "you"]),
        ("I❤NY ⚡️", ["i", "❤", "ny", "⚡"]),
        ("👍🏽 👍", ["👍", "👍"]),
        ("👩‍🚀", ["👩", "🚀"]),
        ("🤷‍♀️", ["🤷", "♀"]),
        ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"]),
        ("🏴󠁧󠁢󠁳󠁣󠁴󠁿", ["🏴󠁧󠁢󠁳󠁣󠁴󠁿"]),
        ("1️⃣ #️⃣", ["1"]),
        ("♪ la la © ★ →", ["la", "la"]),
    ],
)
def test_an_emoji_is_a_token_without_its_style_and_skin_tone(text: str, expected: list[str]):
    assert tokens(text) == expected


def test_an_emoji_is_not_a_word_of_the_word_error_rate():
    assert words("I ❤️ you") == words("I you")
    assert words("❤️⚡️🇩🇪👍🏽") == []


@pytest.mark.parametrize(
    "spellings",
    [
        ("istanbul", "İSTANBUL", "İstanbul", "ISTANBUL", "I\u0307STANBUL"),
        ("ışık", "IŞIK", "işik"),
        ("straße", "STRASSE", "STRAẞE", "Strasse"),
        ("o'zbekiston", "Oʻzbekiston", "Oʼzbekiston", "Oʽzbekiston", "O‛zbekiston", "O‘ZBEKISTON"),
        ("محمد", "مُحَمَّد", "محمـــد", "\ufdf4"),
        ("שלום", "שָׁלוֹם"),
        ("צה״ל", "צהל"),
        ("ΟΔΟΣ", "οδος", "οδοσ"),
        ("l'été", "L’E\u0301TE\u0301"),
    ],
)
def test_spellings_of_one_word_are_one_token(spellings: tuple[str, ...]):
    (token,) = {word for spelling in spellings for word in tokens(spelling)}
    assert {word for spelling in spellings for word in words(spelling)} == {token}


def test_hamza_and_madda_and_accents_are_spelling():
    assert len(set(tokens("ان أن آن إن"))) == 4
    assert len(set(tokens("resume résumé"))) == 2


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("ครับ", "สวัสดีครับผมชื่อสมชาย"),
        ("ดี", "สวัสดีครับ"),
        ("น้ำ", "ขอน้ำหน่อย"),
        ("ຍິນດີ", "ຂ້ອຍຍິນດີຫຼາຍ"),
        ("မြန်မာ", "ကျွန်တော်မြန်မာစကားပြောတယ်"),
        ("ရေ", "ကျွန်တော်ရေသောက်တယ်"),
        ("ភាសាខ្មែរ", "ខ្ញុំស្រលាញ់ភាសា\u200bខ្មែរណាស់"),
        ("བོད་ཡིག", "ང་བོད་ཡིག་ཤེས།"),
        ("大学", "京都大学は遠い"),
    ],
)
def test_the_tokens_of_a_word_are_in_a_row_in_a_sentence_without_spaces(word: str, sentence: str):
    (run,) = token_runs(word)
    found = tokens(sentence)
    assert run in [found[at : at + len(run)] for at in range(len(found))]
    assert len(words(sentence)) > 3


@given(awkward)
@example("e\u200d\u0301")
@example("ΑΣ' ΣΑ")
@example("´")
@example("İ i\u0307 ı")
def test_tokenisation_is_idempotent_except_for_pairs_that_begin_with_a_mark(text: str):
    once = tokens(text)
    readable = [token.lstrip("".join(filter(is_mark, token))) if is_mark(token[0]) else token for token in once]
    assert tokens(" ".join(once)) == [token for token in readable if token]


@given(awkward)
def test_a_token_contains_only_letters_marks_and_digits_in_nfkc_or_is_one_emoji(text: str):
    for token in tokens(text):
        assert 1 <= len(token) <= LONGEST_TOKEN
        assert unicodedata.is_normalized("NFKC", token)
        is_word = all(character.isalnum() or is_mark(character) for character in token)
        assert is_word or words(token) == [], "an emoji is no word of the word error rate"


@given(awkward)
def test_every_token_is_in_the_text_where_its_span_says(text: str):
    spans = token_spans(text)
    assert [token for token, _, _ in spans] == tokens(text)
    assert [start for _, start, _ in spans] == sorted(start for _, start, _ in spans)
    for token, start, end in spans:
        assert token in "".join(tokens(text[start:end])) or is_unspaced(token), "bigrams may be of parts of characters"
        assert text[start:end].strip() == text[start:end] != ""
        assert end == len(text) or not is_mark(text[end]) or text[end - 1] in "\u200b'", "characters stay whole"


@given(awkward)
def test_words_are_the_tokens_without_emoji_and_with_single_characters_for_pairs(text: str):
    of_words = [run for run in token_runs(text) if not is_unspaced("".join(run)) and words("".join(run))]
    assert [word[:LONGEST_TOKEN] for word in words(text) if not is_unspaced(word)] == [word for (word,) in of_words]


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
        ("สวัสดี ok", [["สว", "วั", "ัส", "สด", "ดี"], ["ok"]]),
        ("👩‍👧 🇩🇪🇫🇷", [["👩", "👧"], ["🇩🇪", "🇫🇷"]]),
        ("?!", []),
    ],
)
def test_the_tokens_of_a_run_without_spaces_are_grouped(text: str, runs: list[list[str]]):
    assert token_runs(text) == runs


@given(st.text(string.printable))
def test_counted_words_equal_tokens_in_text_without_cjk(text: str):
    assert [word[:LONGEST_TOKEN] for word in words(text)] == tokens(text)


def test_chinese_is_counted_by_character_and_searched_by_bigram():
    assert words("东京塔 tower") == ["东", "京", "塔", "tower"]
    assert tokens("东京塔 tower") == ["东京", "京塔", "tower"]


def test_a_letter_counts_together_with_its_marks_and_with_letters_stacked_below_it():
    assert words("ที่นี่") == ["ที่", "นี่"]
    assert words("ខ្មែរ") == ["ខ្មែ", "រ"]


def test_a_word_is_truncated_to_the_maximum_token_length():
    assert tokens("a" * 1000) == ["a" * LONGEST_TOKEN]
