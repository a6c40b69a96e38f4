"""The vectorised decoder gives the words of the plain reference decoder, bit for bit."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from asr.inference.batched_model import PieceOutput
from asr.speech.ctc import CtcSpeechModel
from asr.speech.ctc_decoding import CtcVocabulary, frames_of
from asr.speech.ctc_scoring import Spellings, path_probabilities
from asr.speech.ctc_words import CtcDecoder
from asr.types import Waveform
from hearsay.records.transcript import Word
from tests.support.checkpoints import LETTERS, SPECIALS, save_wav2vec2
from tests.support.plain_ctc import plain_words
from tests.support.recordings import audio_of

VOCABULARIES = (
    CtcVocabulary(tuple("" if token in SPECIALS else token for token in SPECIALS + LETTERS), "|", 0),
    CtcVocabulary(("", "▁a", "▁b", "a", "b", "ab", "▁ab", "▁", "c", "|", ""), "|", 10),
    CtcVocabulary(("a", "|", "b", "", "c"), "|", 3),
)
WIDTH = 320


def expected(pieces: Sequence[PieceOutput], vocabulary: CtcVocabulary, width: float) -> list[list[Word]]:
    return [
        plain_words(
            each.logits,
            vocabulary,
            each.start,
            each.end,
            width or (each.end - each.start) / max(1, len(each.logits)),
        )
        for each in pieces
    ]


def piece(random: np.random.Generator, vocabulary: CtcVocabulary, steps: int, start: int) -> PieceOutput:
    """Random logits of up to three similar frames per step, from certain to uncertain, with few or many blanks."""
    logits = random.normal(0, random.uniform(0.5, 6), (steps, len(vocabulary.tokens)))
    logits[:, vocabulary.blank] += random.uniform(-2, 6)
    logits = np.repeat(logits, random.integers(1, 4, steps), axis=0)
    logits += random.normal(0, 1, logits.shape)
    end = start + WIDTH * len(logits) - int(random.integers(0, WIDTH))
    return PieceOutput(0, start, end, torch.from_numpy(logits.astype(np.float32)))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    steps=st.lists(st.integers(0, 80), min_size=1, max_size=6),
    number=st.integers(0, len(VOCABULARIES) - 1),
    width=st.sampled_from([WIDTH, 0]),
)
def test_any_logits_give_the_words_of_the_reference_decoder(seed: int, steps: list[int], number: int, width: int):
    random, vocabulary = np.random.default_rng(seed), VOCABULARIES[number]
    pieces = [piece(random, vocabulary, count, 1000 * at) for at, count in enumerate(steps)]
    assert CtcDecoder(vocabulary, width).words(pieces) == expected(pieces, vocabulary, width)


def outputs_of(folder: Path, sentences: Sequence[tuple[Waveform, str]]) -> list[PieceOutput]:
    model = CtcSpeechModel(str(folder), "cpu", "float32")
    return list(model._batched_model.outputs(audio_of(*(waveform for waveform, _ in sentences))))


def test_a_trained_model_has_the_words_of_the_reference_decoder(trained: Path, sentences: list[tuple[Waveform, str]]):
    pieces = outputs_of(trained, sentences)
    words = CtcDecoder(VOCABULARIES[0], WIDTH).words(pieces)
    assert words == expected(pieces, VOCABULARIES[0], WIDTH)
    flat = [word for own in words for word in own]
    assert sum(bool(word.alternatives) for word in flat) > len(flat) / 2 > 50


def test_a_random_model_has_the_words_of_the_reference_decoder(tmp_path: Path, sentences: list[tuple[Waveform, str]]):
    pieces = outputs_of(save_wav2vec2(tmp_path), sentences)
    assert CtcDecoder(VOCABULARIES[0], WIDTH).words(pieces) == expected(pieces, VOCABULARIES[0], WIDTH)


def test_pieces_decoded_together_have_the_words_that_each_has_alone():
    random = np.random.default_rng(5)
    pieces = [piece(random, VOCABULARIES[0], 60, 0) for _ in range(40)]
    decoder = CtcDecoder(VOCABULARIES[0], WIDTH)
    together = decoder.words(pieces)
    assert together == [decoder.words([each])[0] for each in pieces]
    assert sum(len(word.alternatives) for own in together for word in own) > 100


def test_a_piece_without_frames_has_no_words():
    nothing = PieceOutput(0, 0, 0, torch.zeros(0, len(VOCABULARIES[0].tokens)))
    assert CtcDecoder(VOCABULARIES[0]).words([nothing, nothing]) == [[], []]


def test_the_probability_of_a_spelling_is_the_sum_over_its_paths():
    table = np.random.default_rng(1).dirichlet(np.ones(3), 6).astype(np.float32)
    tokens = np.array([[1, 1, 2], [2, 1, 0], [0, 2, 0]])  # in columns: "ab", "aab" and "b"
    lengths = np.array([2, 3, 1])
    spellings = Spellings(tokens, lengths, np.array([0, 0, 2]), np.array([6, 6, 3]))
    found = path_probabilities(spellings, frames_of(table, [6]), blank=0)
    for column, (first, count) in enumerate(((0, 6), (0, 6), (2, 3))):
        own = table[first : first + count].astype(float) / table[first : first + count].max(1, keepdims=True)
        assert found[column] == pytest.approx(by_all_paths(own, tokens[: lengths[column], column].tolist()))


def by_all_paths(table: np.ndarray, spelled: list[int]) -> float:
    total = 0.0
    for path in np.ndindex(*[table.shape[1]] * len(table)):
        collapsed = [token for at, token in enumerate(path) if token and (not at or path[at - 1] != token)]
        if collapsed == spelled:
            total += float(np.prod(table[np.arange(len(path)), list(path)]))
    return total
