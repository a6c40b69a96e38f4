"""Tokens grouped into words: each token in one word, punctuation attached, characters never split."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.errors import ModelUnavailable
from asr.speech.whisper_tokens import WhisperVocabulary
from tests.support.weights import published_weights


@pytest.fixture(scope="module")
def english() -> WhisperVocabulary:
    return WhisperVocabulary(published_weights("whisper-tiny.en").folder, is_multilingual=False)


@pytest.fixture(scope="module")
def multilingual() -> WhisperVocabulary:
    return WhisperVocabulary(published_weights("whisper-base").folder, is_multilingual=True)


def tokens_of(vocabulary: WhisperVocabulary, text: str) -> list[int]:
    start = vocabulary.start("en")
    return vocabulary.prompt(start, text)[1 : -1 - len(start)]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ('Hello, world! "Quoted" - and $4.50', "en", ["Hello,", "world!", '"Quoted" -', "and", "$4.50"]),
        ("don't stop… 20%.", "en", ["don't", "stop…", "20%."]),
        ("— Yes.", "en", ["— Yes."]),
        ("Ünïcode 😀 naïve", "de", ["Ünïcode 😀", "naïve"]),
        ("...", "en", []),
    ],
)
def test_words_keep_their_punctuation(
    multilingual: WhisperVocabulary, text: str, language: str, expected: list[str]
) -> None:
    found = multilingual.words(tokens_of(multilingual, text), language)
    assert [span.text for span in found] == expected


def test_languages_without_spaces_are_split_into_characters(multilingual: WhisperVocabulary) -> None:
    tokens = tokens_of(multilingual, "你好，世间。")
    assert "".join(span.text for span in multilingual.words(tokens, "zh")) == "你好，世间。"
    assert len(multilingual.words(tokens, "zh")) >= 3
    assert len(multilingual.words(tokens, "en")) == 1


@given(st.text())
def test_every_token_is_in_one_word_in_order(text: str) -> None:
    vocabulary = WhisperVocabulary(published_weights("whisper-base").folder, is_multilingual=True)
    tokens = tokens_of(vocabulary, text)
    spans = vocabulary.words(tokens, "en")
    if spans:
        assert [spans[0].first, *(span.end for span in spans)] == [*(span.first for span in spans), len(tokens)]
        assert "".join("".join(span.text.split()) for span in spans) == "".join(vocabulary.text(tokens).split())


def test_the_prompt_starts_with_language_and_task(multilingual: WhisperVocabulary, english: WhisperVocabulary) -> None:
    assert multilingual.start("de", "translate") == [50258, 50261, 50358]
    assert multilingual.prompt(multilingual.start("de")) == [50258, 50261, 50359, 50363]
    assert english.prompt(english.start("en")) == [50257, 50362]


def test_a_long_context_is_truncated_at_its_beginning(english: WhisperVocabulary) -> None:
    prompt = english.prompt(english.start("en"), "one two " * 300 + "last", longest=10)
    assert len(prompt) == 1 + 10 + 2
    assert english.text(prompt[1:-2]).endswith("last")


def test_the_languages_are_read_from_the_tokens(multilingual: WhisperVocabulary, english: WhisperVocabulary) -> None:
    assert english.languages == ("en",)
    assert len(multilingual.languages) == 99
    assert multilingual.languages[:3] == ("en", "zh", "de")


def test_a_folder_without_a_tokenizer_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json: not readable"):
        WhisperVocabulary(tmp_path, is_multilingual=False)
