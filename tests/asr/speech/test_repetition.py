"""What counts as a decoder's loop, and what people say."""

import pytest

from asr.speech.repetition import compression, is_loop, repeats_tokens


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
def test_a_loop_is_recognised(text: str) -> None:
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
def test_a_sentence_that_repeats_itself_is_no_loop(text: str) -> None:
    assert not is_loop(text.split())


def test_a_text_without_a_repeated_unit_of_words_may_still_compress_as_loops_do() -> None:
    words = ["ha" * 200]
    assert compression(words[0]) > 2.4
    assert is_loop(words)


def test_a_run_of_three_tokens_that_occurs_twice_is_a_repetition() -> None:
    assert repeats_tokens([1, 2, 3, 9, 1, 2, 3])
    assert repeats_tokens([5, 5, 5, 5])
    assert not repeats_tokens([1, 2, 9, 1, 2, 8])
    assert not repeats_tokens([])
