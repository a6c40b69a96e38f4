from collections.abc import Mapping

import numpy as np
import pytest

from asr.speech.ctc_alternatives import MAX_TOKENS, MIN_PROBABILITY, respellings
from asr.speech.ctc_decoding import CtcVocabulary, decode, frames_of

LETTERS = CtcVocabulary(("", "|", *"abcdefghijklmnopqrstuvwxyz"), "|", blank=0)
PIECES = CtcVocabulary(("", "▁black", "smith", "▁smith", "s", "▁slack"), "|", blank=0)


def frames(*written: str | Mapping[str, float], vocabulary: CtcVocabulary = LETTERS) -> np.ndarray:
    """Probabilities of each frame: a certain token ("" for the blank), or tokens with probabilities."""
    table = np.full((len(written), len(vocabulary.tokens)), 1e-6, np.float32)
    for frame, choice in zip(table, written, strict=True):
        for token, probability in (choice if isinstance(choice, Mapping) else {choice: 1.0}).items():
            frame[vocabulary.tokens.index(token)] = probability
    return table


def all_alternatives(
    *pieces: np.ndarray, vocabulary: CtcVocabulary = LETTERS, least: float = 0, most: int | None = None
) -> list[dict[str, float]]:
    """The alternatives of each word of these pieces."""
    found = frames_of(np.concatenate(pieces), list(map(len, pieces)))
    words = decode(found, vocabulary)
    offered = respellings(found, words, vocabulary, least, most)
    return [offered.get(number, {}) for number in range(len(words))]


def alternatives(*written: str | Mapping[str, float], vocabulary: CtcVocabulary = LETTERS) -> dict[str, float]:
    """The alternatives of the only word of these frames."""
    (offered,) = all_alternatives(frames(*written, vocabulary=vocabulary), vocabulary=vocabulary)
    return offered


def test_the_second_most_probable_letter_of_a_frame_replaces_the_best():
    assert alternatives("f", {"a": 0.6, "o": 0.4}, "", "n") == {"fon": pytest.approx(0.4, abs=1e-3)}


def test_a_letter_is_removed_if_the_blank_is_probable_in_its_frame():
    assert alternatives("b", {"e": 0.7, "": 0.3}, "d") == {"bd": pytest.approx(0.3, abs=1e-3)}


def test_words_over_the_token_limit_have_no_alternatives():
    letters = ("ab" * MAX_TOKENS)[: MAX_TOKENS - 1]
    assert alternatives(*letters, {"x": 0.6, "y": 0.4})
    assert not alternatives(*letters, "z", {"x": 0.6, "y": 0.4})


def test_a_letter_that_is_probable_in_a_blank_frame_is_inserted():
    found = alternatives("f", {"": 0.75, "o": 0.25}, "r", "k")
    assert found == {"fork": pytest.approx(0.25, abs=1e-3)}


def test_letters_are_inserted_at_the_start_and_the_end_of_a_word():
    found = alternatives({"": 0.8, "s": 0.2}, "t", "o", "p", {"": 0.6, "s": 0.4})
    assert set(found) == {"stop", "tops"}
    assert found["tops"] > found["stop"]


def test_doubling_a_letter_requires_a_blank_between_the_two():
    assert alternatives("l", "o", {"": 0.9, "o": 0.1}, "s", "e") == {"loose": pytest.approx(0, abs=1e-3)}
    assert alternatives("l", "o", "", {"": 0.9, "o": 0.1}, "s", "e") == {"loose": pytest.approx(0.1, abs=1e-3)}


def test_a_letter_over_several_frames_is_less_likely_to_be_replaced():
    found = alternatives("c", {"a": 0.6, "o": 0.4}, {"a": 0.6, "o": 0.4}, "t")
    both_letters = 0.36 + 0.16
    assert found == {"cot": pytest.approx(0.16 / both_letters, abs=0.01)}


def test_the_shares_of_a_word_and_its_alternatives_sum_to_one():
    found = alternatives("w", {"a": 0.5, "o": 0.3, "e": 0.2}, "r", {"": 0.6, "m": 0.4})
    assert set(found) == {"wor", "wer", "warm"}
    assert sum(found.values()) < 1
    assert found["warm"] == pytest.approx(0.2 / (0.3 + 0.2 + 0.18 + 0.12), abs=1e-3)


def test_a_word_of_probable_letters_only_has_no_alternatives():
    assert alternatives("t", "h", "e") == {}
    assert alternatives("t", {"h": 0.96, "r": MIN_PROBABILITY - 0.01}, "e") == {}


def test_alternatives_never_split_or_delete_a_word():
    assert alternatives("a", {"": 0.6, "|": 0.4}, "b") == {}
    assert alternatives({"a": 0.6, "": 0.4}) == {}


def test_alternatives_do_not_use_frames_of_neighbouring_words():
    table = frames("o", "n", "|", {"": 0.6, "s": 0.4}, "i", "t", "", "|", "", "b", {"e": 0.7, "y": 0.3})
    assert [list(words) for words in all_alternatives(table)] == [[], ["sit"], ["by"]]


def test_alternatives_do_not_use_frames_of_other_pieces():
    first, second = frames("o", "n", {"": 0.6, "e": 0.4}), frames({"": 0.6, "s": 0.4}, "i", "t")
    assert [list(words) for words in all_alternatives(first, second)] == [["one"], ["sit"]]


def test_equivalent_edits_of_a_doubled_letter_are_scored_once():
    assert set(alternatives("l", {"o": 0.8, "": 0.2}, "", {"o": 0.7, "": 0.3}, "s", "e")) == {"lose"}
    assert set(alternatives("l", {"": 0.9, "o": 0.1}, "o", {"": 0.9, "o": 0.1}, "", "o", {"": 0.8, "o": 0.2})) == {
        "looo"
    }


def test_omitted_alternatives_still_count_in_the_shares_of_the_others():
    table = frames("w", {"a": 0.5, "o": 0.3, "e": 0.2}, "r")
    (whole,), (likely,) = all_alternatives(table), all_alternatives(table, least=0.25)
    assert set(whole) == {"wor", "wer"}
    assert likely == {"wor": whole["wor"]}
    assert all_alternatives(table, most=1) == [likely]


def test_word_pieces_keep_the_start_of_word_marker():
    found = alternatives({"▁black": 0.6, "▁slack": 0.3, "s": 0.1}, {"smith": 0.6, "▁smith": 0.4}, vocabulary=PIECES)
    assert found == {"slacksmith": pytest.approx(1 / 3, abs=1e-3)}


def test_probabilities_of_equal_spellings_from_different_tokens_are_added():
    pieces = CtcVocabulary(("", "a", "b", "bb"), "|", blank=0)
    found = alternatives("a", {"bb": 0.6, "b": 0.4}, "", {"b": 0.7, "": 0.3}, vocabulary=pieces)
    replaced, left_out, decoded = 0.4 * 0.7, 0.6 * 0.3, 0.6 * 0.7
    assert found == {"abb": pytest.approx((replaced + left_out) / (replaced + left_out + decoded), abs=1e-3)}
