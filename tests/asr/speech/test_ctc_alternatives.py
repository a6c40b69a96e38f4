from collections.abc import Mapping

import numpy as np
import pytest

from asr.speech.ctc_alternatives import MAX_TOKENS, MIN_PROBABILITY, respellings
from asr.speech.ctc_decoding import CtcVocabulary, decode, frames_of

SPELLING = CtcVocabulary(("", "|", *"abcdefghijklmnopqrstuvwxyz"), "|", blank=0)
PIECES = CtcVocabulary(("", "▁black", "smith", "▁smith", "s", "▁slack"), "|", blank=0)


def frames(*written: str | Mapping[str, float], spelling: CtcVocabulary = SPELLING) -> np.ndarray:
    """Probabilities of each frame: a token that is sure ("" for the blank), or what there is to choose from."""
    table = np.full((len(written), len(spelling.tokens)), 1e-6, np.float32)
    for frame, choice in zip(table, written, strict=True):
        for token, probability in (choice if isinstance(choice, Mapping) else {choice: 1.0}).items():
            frame[spelling.tokens.index(token)] = probability
    return table


def all_others(
    *pieces: np.ndarray, spelling: CtcVocabulary = SPELLING, least: float = 0, most: int | None = None
) -> list[dict[str, float]]:
    """What is offered for each word of these pieces."""
    found = frames_of(np.concatenate(pieces), list(map(len, pieces)))
    words = decode(found, spelling)
    offered = respellings(found, words, spelling, least, most)
    return [offered.get(number, {}) for number in range(len(words))]


def others(*written: str | Mapping[str, float], spelling: CtcVocabulary = SPELLING) -> dict[str, float]:
    """What is offered for the only word of these frames."""
    (offered,) = all_others(frames(*written, spelling=spelling), spelling=spelling)
    return offered


def test_a_letter_that_nearly_won_replaces_the_one_that_did():
    assert others("f", {"a": 0.6, "o": 0.4}, "", "n") == {"fon": pytest.approx(0.4, abs=1e-3)}


def test_a_letter_that_was_nearly_a_blank_is_left_out():
    assert others("b", {"e": 0.7, "": 0.3}, "d") == {"bd": pytest.approx(0.3, abs=1e-3)}


def test_what_is_too_long_for_a_word_is_not_respelled():
    letters = ("ab" * MAX_TOKENS)[: MAX_TOKENS - 1]
    assert others(*letters, {"x": 0.6, "y": 0.4})
    assert not others(*letters, "z", {"x": 0.6, "y": 0.4})


def test_a_letter_that_nearly_stood_between_two_others_is_added():
    found = others("f", {"": 0.75, "o": 0.25}, "r", "k")
    assert found == {"fork": pytest.approx(0.25, abs=1e-3)}


def test_a_letter_may_be_added_before_the_first_and_after_the_last():
    found = others({"": 0.8, "s": 0.2}, "t", "o", "p", {"": 0.6, "s": 0.4})
    assert set(found) == {"stop", "tops"}
    assert found["tops"] > found["stop"]


def test_doubling_a_letter_needs_the_blank_between():
    assert others("l", "o", {"": 0.9, "o": 0.1}, "s", "e") == {"loose": pytest.approx(0, abs=1e-3)}
    assert others("l", "o", "", {"": 0.9, "o": 0.1}, "s", "e") == {"loose": pytest.approx(0.1, abs=1e-3)}


def test_a_letter_written_over_several_frames_is_less_likely_another():
    found = others("c", {"a": 0.6, "o": 0.4}, {"a": 0.6, "o": 0.4}, "t")
    both_letters = 0.36 + 0.16
    assert found == {"cot": pytest.approx(0.16 / both_letters, abs=0.01)}


def test_the_word_and_its_alternatives_share_what_is_certain():
    found = others("w", {"a": 0.5, "o": 0.3, "e": 0.2}, "r", {"": 0.6, "m": 0.4})
    assert set(found) == {"wor", "wer", "warm"}
    assert sum(found.values()) < 1
    assert found["warm"] == pytest.approx(0.2 / (0.3 + 0.2 + 0.18 + 0.12), abs=1e-3)


def test_a_word_that_the_model_is_sure_of_has_none():
    assert others("t", "h", "e") == {}
    assert others("t", {"h": 0.96, "r": MIN_PROBABILITY - 0.01}, "e") == {}


def test_a_word_is_neither_parted_nor_emptied():
    assert others("a", {"": 0.6, "|": 0.4}, "b") == {}
    assert others({"a": 0.6, "": 0.4}) == {}


def test_letters_of_a_neighbour_are_none_of_this_word():
    table = frames("o", "n", "|", {"": 0.6, "s": 0.4}, "i", "t", "", "|", "", "b", {"e": 0.7, "y": 0.3})
    assert [list(words) for words in all_others(table)] == [[], ["sit"], ["by"]]


def test_frames_of_another_piece_are_none_of_this_word():
    first, second = frames("o", "n", {"": 0.6, "e": 0.4}), frames({"": 0.6, "s": 0.4}, "i", "t")
    assert [list(words) for words in all_others(first, second)] == [["one"], ["sit"]]


def test_a_letter_left_out_of_a_double_one_or_added_to_it_is_tried_once():
    assert set(others("l", {"o": 0.8, "": 0.2}, "", {"o": 0.7, "": 0.3}, "s", "e")) == {"lose"}
    assert set(others("l", {"": 0.9, "o": 0.1}, "o", {"": 0.9, "o": 0.1}, "", "o", {"": 0.8, "o": 0.2})) == {"looo"}


def test_unlikely_ones_may_be_left_out_but_not_their_share():
    table = frames("w", {"a": 0.5, "o": 0.3, "e": 0.2}, "r")
    (whole,), (likely,) = all_others(table), all_others(table, least=0.25)
    assert set(whole) == {"wor", "wer"}
    assert likely == {"wor": whole["wor"]}
    assert all_others(table, most=1) == [likely]


def test_pieces_of_words_keep_the_mark_of_the_beginning():
    found = others({"▁black": 0.6, "▁slack": 0.3, "s": 0.1}, {"smith": 0.6, "▁smith": 0.4}, spelling=PIECES)
    assert found == {"slacksmith": pytest.approx(1 / 3, abs=1e-3)}


def test_the_same_word_from_several_pieces_is_one_and_its_probabilities_add_up():
    pieces = CtcVocabulary(("", "a", "b", "bb"), "|", blank=0)
    found = others("a", {"bb": 0.6, "b": 0.4}, "", {"b": 0.7, "": 0.3}, spelling=pieces)
    replaced, left_out, decoded = 0.4 * 0.7, 0.6 * 0.3, 0.6 * 0.7
    assert found == {"abb": pytest.approx((replaced + left_out) / (replaced + left_out + decoded), abs=1e-3)}
