from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.phonetics.alphabets import PHONEMES
from indexer.phonetics.g2p import MOST_PRONUNCIATIONS, G2pModel, english


def phonemes_of(phonemes: str) -> bytes:
    return bytes(PHONEMES.index(name) + 1 for name in phonemes.split())


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        ("blacksmith", "B L AE K S M IH TH"),
        ("through", "TH R UW"),
        ("colonel", "K ER N AH L"),
        ("choir", "K W AY ER"),
        ("dont", "D OW N T"),
    ],
)
def test_words_of_the_dictionary_have_its_pronunciation(word: str, phonemes: str):
    assert english().knows(word)
    assert english().pronunciations(word)[0] == phonemes_of(phonemes)


def test_a_word_has_all_its_pronunciations():
    assert {phonemes_of("R IY D"), phonemes_of("R EH D")} <= set(english().pronunciations("read"))
    assert len(english().pronunciations("read")) <= MOST_PRONUNCIATIONS


@pytest.mark.parametrize(("word", "phonemes"), [("vainted", "V EY N T IH D"), ("glimple", "G L IH M P AH L")])
def test_the_pronunciation_of_an_unknown_word_is_predicted(word: str, phonemes: str):
    assert not english().knows(word)
    assert english().pronunciations(word) == (phonemes_of(phonemes),)


@pytest.mark.parametrize("word", ["", "1984", "京都", "дом", "नमस्ते", "∅", "#"])
def test_a_word_without_english_letters_has_no_pronunciation(word: str):
    assert english().pronunciations(word) == ()
    assert not english().knows(word)


def test_digits_between_letters_are_ignored_and_long_words_have_a_pronunciation():
    assert english().predict("b2b") == phonemes_of("B B")
    assert 0 < len(english().predict("x" * 400)) <= 800


def test_the_shipped_model_uses_every_phoneme_and_names_its_source():
    spelling = english()
    assert "CMU Pronouncing Dictionary" in spelling.source
    assert len(spelling.words) > 100_000
    sounds = [*spelling.contexts.values(), *(one for several in spelling.exceptions.values() for one in several)]
    assert {symbol for sound in sounds for symbol in sound} == set(range(1, len(PHONEMES) + 1))
    assert not set(spelling.exceptions) - spelling.words


def test_the_licence_of_the_dictionary_is_shipped():
    licence = Path(__file__).parents[3] / "indexer" / "phonetics" / "LICENSE.cmudict"
    assert "Carnegie Mellon University" in licence.read_text(encoding="utf-8")


def test_a_saved_model_is_loaded_unchanged(tmp_path: Path):
    spelling = G2pModel(
        {"a": phonemes_of("AE"), "#a#": phonemes_of("EY"), "e": b""},
        frozenset({"a", "read"}),
        {"read": (phonemes_of("R IY D"), phonemes_of("R EH D"))},
        "made by hand",
    )
    spelling.save(tmp_path / "made.json.xz")
    assert G2pModel.load(tmp_path / "made.json.xz") == spelling


words = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz1é京#"), max_size=14)


@given(st.lists(st.one_of(words, st.sampled_from(sorted(english().words))), max_size=20))
@settings(max_examples=100)
def test_a_batch_of_words_has_the_same_pronunciations_as_single_words(several: list[str]):
    assert english().first_pronunciations(several) == [
        next(iter(english().pronunciations(word)), b"") for word in several
    ]


def test_a_batch_of_thousands_has_the_same_pronunciations_as_single_words():
    made = [one[:5] + other[-4:] for one, other in pairwise(sorted(english().words)[::5])]
    assert len(made) > 2 * 10_000
    assert english().first_pronunciations(made) == [next(iter(english().pronunciations(word)), b"") for word in made]


def test_a_batch_is_predicted_by_the_longest_known_context():
    spelling = G2pModel(
        {"a": phonemes_of("AE"), "#a#": phonemes_of("EY"), "e": b"", "bab##": phonemes_of("AA B L")},
        frozenset(),
        {},
        "",
    )
    assert spelling.first_pronunciations(["a", "aa", "bab", "e", ""]) == [
        phonemes_of("EY"), phonemes_of("AE AE"), spelling.predict("bab"), b"", b""
    ]  # fmt: skip
    assert G2pModel({}, frozenset(), {}, "").first_pronunciations(["a"]) == [b""]
