import numpy as np
import pytest

from asr.speech.ctc_decoding import CtcVocabulary, DecodedWords, decode, frames_of, text_of

SPELLING = CtcVocabulary(("", "|", "a", "b"), "|", blank=0)
PIECES = CtcVocabulary(("", "▁a", "b", "▁c", "d"), "|", blank=0)


def decoded(*pieces: str, spelling: CtcVocabulary = SPELLING) -> DecodedWords:
    """What pieces of audio write, given by the token's number in each frame, each frame surer than the one before."""
    numbers = [int(number) for piece in pieces for number in piece]
    table = np.full((len(numbers), len(spelling.tokens)), 0.01, np.float32)
    for frame, token in enumerate(numbers):
        table[frame, token] = 0.5 + frame / 100
    return decode(frames_of(table, [len(piece) for piece in pieces]), spelling)


def test_repetitions_are_one_and_blanks_part_what_is_doubled():
    words = decoded("22023113")
    assert words.texts(SPELLING) == ["aab", "b"]
    assert list(zip(words.first.tolist(), words.end.tolist(), strict=True)) == [(0, 2), (3, 4), (4, 5), (7, 8)]
    assert words.sure.tolist() == pytest.approx([0.505, 0.53, 0.54, 0.57])
    assert words.confidences() == pytest.approx([(0.505 * 2 + 0.53 + 0.54) / 4, 0.57])


def test_delimiters_and_marked_beginnings_part_words():
    assert decoded("1023012311").texts(SPELLING) == ["ab", "ab"]
    assert decoded("12").texts(SPELLING) == ["a"]
    assert decoded("2143413", spelling=PIECES).texts(PIECES) == ["b", "ad", "cd", "a", "c"]
    for silence in (["1"], ["000"], ["", ""], []):
        assert len(decoded(*silence)) == 0
        assert decoded(*silence).texts(SPELLING) == decoded(*silence).confidences() == []


def test_pieces_part_words_also_where_the_same_token_goes_on():
    words = decoded("0022", "", "223", "0000", "2")
    assert words.texts(SPELLING) == ["a", "ab", "a"]
    assert words.piece.tolist() == [0, 2, 4]


def test_a_word_has_the_blanks_on_either_side_of_it_and_none_of_another_piece():
    words = decoded("0020", "0310020", "00")
    assert list(zip(words.lefts.tolist(), words.rights.tolist(), strict=True)) == [(0, 4), (4, 6), (7, 11)]


def test_the_mark_of_a_beginning_is_not_written():
    assert text_of(("▁so", "me")) == text_of(("some",)) == "some"
