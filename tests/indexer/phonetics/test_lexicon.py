from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearsay.text.normalize import tokens
from indexer.phonetics import lexicon as module
from indexer.phonetics.alphabets import letters
from indexer.phonetics.g2p import english
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.word_counts import LONGEST_PAIR, WordCounter


def lexicon(*transcripts: str, before: Lexicon | None = None) -> Lexicon:
    tally = WordCounter()
    for transcript in transcripts:
        tally.add(" ".join(tokens(transcript)))
    return Lexicon.of(tally, english(), before)


def known(found: Lexicon) -> tuple[int, Counter[str], Counter[tuple[str, str]], dict[str, bytes]]:
    """Everything in which two lexicons can differ."""
    return found.passages, found.counts(), found.pair_counts(), found.pronounced()


sentences = st.lists(
    st.lists(st.sampled_from(["the", "black", "smith", "vainted", "京都", "1984"]), max_size=6).map(" ".join),
    max_size=8,
)


def test_words_and_pairs_are_counted_once_per_transcript():
    found = lexicon("the boy the boy", "the boy ran", "")
    assert found.passages == 3
    assert found.counts() == {"the": 2, "boy": 2, "ran": 1}
    assert found.pair_counts() == {("the", "boy"): 2, ("boy", "the"): 1, ("boy", "ran"): 1}
    assert (found.passages_with("boy"), found.passages_with("girl")) == (2, 0)
    assert list(found.words) == sorted(found.words)


def test_words_without_an_english_pronunciation_are_excluded_with_their_pairs():
    found = lexicon("京都大学 boy", "1984 ran дом", "café b2b")
    assert set(found.words) == {"boy", "ran", "café", "b2b"}
    assert set(found.pair_counts()) == {("café", "b2b")}
    assert found.pronounced()["café"] == english().pronunciations("cafe")[0][:20]


def test_pairs_over_the_length_limit_are_excluded():
    long = "a" * (LONGEST_PAIR - 3)
    assert set(lexicon(f"{long} boy {long}a boys").pair_counts()) == {(long, "boy")}


@given(sentences, sentences)
@settings(max_examples=40)
def test_adding_to_a_lexicon_equals_counting_everything_at_once(before: list[str], more: list[str]):
    assert known(lexicon(*more, before=lexicon(*before))) == known(lexicon(*before, *more))


@given(sentences)
@settings(max_examples=40)
def test_a_lexicon_survives_a_round_trip_through_bytes(transcripts: list[str]):
    found = lexicon(*transcripts)
    again = Lexicon.from_bytes(found.to_bytes())
    assert known(again) == known(found)
    assert [entries.known.tolist() for entries in (again.single, again.double)] == [
        entries.known.tolist() for entries in (found.single, found.double)
    ]


def test_the_bytes_do_not_depend_on_the_order_of_transcripts():
    assert lexicon("a b", "c d").to_bytes() == lexicon("c d", "a b").to_bytes()


def test_the_rarest_words_over_the_limit_are_dropped_with_their_pairs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_WORDS", 2)
    found = lexicon("the boy", "the boy", "the cat ran", "the cat")
    assert set(found.words) == {"boy", "the"}, "the first of equal words is used"
    assert set(found.pair_counts()) == {("the", "boy")}


def test_pairs_with_words_outside_the_dictionary_are_kept_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_PAIRS", 2)
    found = lexicon("the boy ran", "the boy", "vainted boy")
    assert set(found.pair_counts()) == {("vainted", "boy"), ("the", "boy")}


def test_entries_have_the_members_counts_and_symbols_of_each_row():
    found = lexicon("vainted boy", "boy", "boy")
    words = list(found.words)
    assert [words[number] for (number,) in found.single.members] == words
    assert found.single.known.tolist() == [float(english().knows(word)) for word in words]
    ((first, second),) = found.double.members.tolist()
    assert (words[first], words[second]) == ("vainted", "boy")
    assert (found.double.passages.tolist(), found.double.rarer.tolist(), found.double.known.tolist()) == (
        [1],
        [1],
        [0.5],
    )
    assert bytes(found.double.letters[0]).rstrip(b"\0") == letters("vaintedboy")
    pronunciations = found.pronounced()
    assert bytes(found.double.phonemes[0]).rstrip(b"\0") == pronunciations["vainted"] + pronunciations["boy"]


def test_the_lexicon_of_no_transcripts_is_empty():
    found = Lexicon.from_bytes(lexicon().to_bytes())
    assert (found.passages, len(found.words), len(found.single), len(found.double)) == (0, 0, 0, 0)
    assert np.array_equal(found.single.letters, found.double.letters)
