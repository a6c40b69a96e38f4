import numpy as np
import pytest

from asr.speech.ctc_decoding import CtcVocabulary, DecodedWords, decode, frames_of, text_of

LETTERS = CtcVocabulary(("", "|", "a", "b"), "|", blank=0)
PIECES = CtcVocabulary(("", "▁a", "b", "▁c", "d"), "|", blank=0)


def decoded(*pieces: str, vocabulary: CtcVocabulary = LETTERS) -> DecodedWords:
    """The words of pieces, each given by the token id of each frame; probabilities increase from frame to frame."""
    numbers = [int(number) for piece in pieces for number in piece]
    table = np.full((len(numbers), len(vocabulary.tokens)), 0.01, np.float32)
    for frame, token in enumerate(numbers):
        table[frame, token] = 0.5 + frame / 100
    return decode(frames_of(table, [len(piece) for piece in pieces]), vocabulary)


def test_repeated_tokens_collapse_and_blanks_separate_doubled_letters():
    words = decoded("22023113")
    assert words.texts(LETTERS) == ["aab", "b"]
    assert list(zip(words.first.tolist(), words.end.tolist(), strict=True)) == [(0, 2), (3, 4), (4, 5), (7, 8)]
    assert words.sure.tolist() == pytest.approx([0.505, 0.53, 0.54, 0.57])
    assert words.confidences() == pytest.approx([(0.505 * 2 + 0.53 + 0.54) / 4, 0.57])


def test_delimiters_and_start_of_word_markers_separate_words():
    assert decoded("1023012311").texts(LETTERS) == ["ab", "ab"]
    assert decoded("12").texts(LETTERS) == ["a"]
    assert decoded("2143413", vocabulary=PIECES).texts(PIECES) == ["b", "ad", "cd", "a", "c"]
    for silence in (["1"], ["000"], ["", ""], []):
        assert len(decoded(*silence)) == 0
        assert decoded(*silence).texts(LETTERS) == decoded(*silence).confidences() == []


def test_words_end_at_piece_boundaries_even_if_the_token_is_the_same():
    words = decoded("0022", "", "223", "0000", "2")
    assert words.texts(LETTERS) == ["a", "ab", "a"]
    assert words.piece.tolist() == [0, 2, 4]


def test_the_frames_of_a_word_include_the_blanks_on_both_sides_within_its_piece():
    words = decoded("0020", "0310020", "00")
    assert list(zip(words.lefts.tolist(), words.rights.tolist(), strict=True)) == [(0, 4), (4, 6), (7, 11)]


def test_the_start_of_word_marker_is_not_part_of_the_text():
    assert text_of(("▁so", "me")) == text_of(("some",)) == "some"
