import numpy as np
import pytest

from asr.speech.ctc_decoding import CtcVocabulary, TokenRun, runs_of, text_of, words_of

SPELLING = CtcVocabulary(("", "|", "a", "b"), "|", blank=0)


def frames(*ids: int) -> np.ndarray:
    """Probabilities that write these tokens, one a frame, each surer than the one before."""
    table = np.full((len(ids), 4), 0.01, np.float32)
    for frame, token in enumerate(ids):
        table[frame, token] = 0.5 + frame / 100
    return table


def test_repetitions_are_one_and_blanks_part_what_is_doubled():
    runs = list(runs_of(frames(2, 2, 0, 2, 3, 1, 1, 3), SPELLING))
    assert [(run.token, run.first, run.last) for run in runs] == [
        ("a", 0, 1),
        ("a", 3, 3),
        ("b", 4, 4),
        ("|", 5, 6),
        ("b", 7, 7),
    ]
    assert runs[0].probability == pytest.approx(0.505)


def test_delimiters_and_marked_beginnings_part_words():
    def runs(*tokens: str) -> list[TokenRun]:
        return [TokenRun(token, at, at, 1.0) for at, token in enumerate(tokens)]

    def spelled(*tokens: str) -> list[str]:
        return ["".join(run.token for run in word) for word in words_of(runs(*tokens), "|")]

    assert spelled("|", "a", "b", "|", "|", "c", "|") == ["ab", "c"]
    assert spelled("▁a", "b", "▁c") == ["▁ab", "▁c"]
    assert spelled("|") == spelled() == []


def test_the_mark_of_a_beginning_is_not_written():
    assert text_of(("▁so", "me")) == text_of(("some",)) == "some"
