"""Decoder loops are distinguished from natural repetition in speech."""

import pytest

from asr.speech.rejection import compression, is_loop, repeats_tokens


@pytest.mark.parametrize(
    "text",
    [
        "then why should they be surprised then why should they be surprised",
        "no no no no",
        "you know you know you know you know",
        "he said that the the the the",
        "be " * 40,
    ],
)
def test_a_decoder_loop_is_detected(text: str) -> None:
    assert is_loop(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no no no",
        "i've learned things from the sheep and i've learned things from crystal",
        "score test word to print test word or camel test word to print test word",
        "it is what it is",
    ],
)
def test_natural_repetition_is_not_a_loop(text: str) -> None:
    assert not is_loop(text.split())


def test_a_single_word_with_a_high_compression_ratio_is_a_loop() -> None:
    words = ["ha" * 200]
    assert compression(words[0]) > 2.4
    assert is_loop(words)


def test_a_sequence_of_three_tokens_that_occurs_twice_is_a_repetition() -> None:
    assert repeats_tokens([1, 2, 3, 9, 1, 2, 3])
    assert repeats_tokens([5, 5, 5, 5])
    assert not repeats_tokens([1, 2, 9, 1, 2, 8])
    assert not repeats_tokens([])
