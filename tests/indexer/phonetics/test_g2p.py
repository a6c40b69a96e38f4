from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.phonetics.alphabets import PHONEMES
from indexer.phonetics.g2p import MOST_PRONUNCIATIONS, G2pModel, english


def said(phonemes: str) -> bytes:
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
def test_words_of_the_dictionary_are_said_as_it_says(word: str, phonemes: str):
    assert english().knows(word)
    assert english().pronunciations(word)[0] == said(phonemes)


def test_a_word_that_is_said_in_several_ways_has_them_all():
    assert {said("R IY D"), said("R EH D")} <= set(english().pronunciations("read"))
    assert len(english().pronunciations("read")) <= MOST_PRONUNCIATIONS


@pytest.mark.parametrize(("word", "phonemes"), [("vainted", "V EY N T IH D"), ("glimple", "G L IH M P AH L")])
def test_a_word_that_is_in_no_dictionary_is_read_aloud(word: str, phonemes: str):
    assert not english().knows(word)
    assert english().pronunciations(word) == (said(phonemes),)


@pytest.mark.parametrize("word", ["", "1984", "京都", "дом", "नमस्ते", "∅", "#"])
def test_what_has_no_letter_of_english_says_nothing(word: str):
    assert english().pronunciations(word) == ()
    assert not english().knows(word)


def test_letters_between_others_are_still_read():
    assert english().predict("b2b") == said("B B")
    assert 0 < len(english().predict("x" * 400)) <= 800


def test_all_that_is_shipped_is_made_of_phonemes_and_reports_its_source():
    spelling = english()
    assert "CMU Pronouncing Dictionary" in spelling.source
    assert len(spelling.words) > 100_000
    sounds = [*spelling.contexts.values(), *(one for several in spelling.exceptions.values() for one in several)]
    assert {symbol for sound in sounds for symbol in sound} == set(range(1, len(PHONEMES) + 1))
    assert not set(spelling.exceptions) - spelling.words


def test_the_dictionarys_licence_lies_beside_it():
    licence = Path(__file__).parents[3] / "indexer" / "phonetics" / "LICENSE.cmudict"
    assert "Carnegie Mellon University" in licence.read_text(encoding="utf-8")


def test_what_is_saved_is_what_is_loaded(tmp_path: Path):
    spelling = G2pModel(
        {"a": said("AE"), "#a#": said("EY"), "e": b""},
        frozenset({"a", "read"}),
        {"read": (said("R IY D"), said("R EH D"))},
        "made by hand",
    )
    spelling.save(tmp_path / "made.json.xz")
    assert G2pModel.load(tmp_path / "made.json.xz") == spelling


words = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz1é京#"), max_size=14)


@given(st.lists(st.one_of(words, st.sampled_from(sorted(english().words))), max_size=20))
@settings(max_examples=100)
def test_many_words_are_read_aloud_at_once_as_each_alone(several: list[str]):
    assert english().first_pronunciations(several) == [
        next(iter(english().pronunciations(word)), b"") for word in several
    ]


def test_thousands_of_words_are_read_aloud_as_each_alone():
    made = [one[:5] + other[-4:] for one, other in pairwise(sorted(english().words)[::5])]
    assert len(made) > 2 * 10_000
    assert english().first_pronunciations(made) == [next(iter(english().pronunciations(word)), b"") for word in made]


def test_a_spelling_made_by_hand_reads_many_words_by_the_longest_context_that_is_known():
    spelling = G2pModel({"a": said("AE"), "#a#": said("EY"), "e": b"", "bab##": said("AA B L")}, frozenset(), {}, "")
    assert spelling.first_pronunciations(["a", "aa", "bab", "e", ""]) == [
        said("EY"), said("AE AE"), spelling.predict("bab"), b"", b""
    ]  # fmt: skip
    assert G2pModel({}, frozenset(), {}, "").first_pronunciations(["a"]) == [b""]
