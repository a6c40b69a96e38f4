import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.speech.alternatives import most_confident, substitutes_in
from hearsay.records.transcript import Alternative

sentences = st.lists(st.sampled_from("abcd"), max_size=7)


@pytest.mark.parametrize(
    ("written", "other", "placed"),
    [
        ("the cat sat", "the cat sat", []),
        ("the cat sat", "a cat sap", [(0, "a"), (2, "sap")]),
        ("the war is on", "four is on", [(1, "four")]),
        ("four is on", "the war is on", [(0, "the"), (0, "war")]),
        ("black smith put", "the blacksmith it", [(0, "the"), (1, "blacksmith"), (2, "it")]),
        ("he found gold here", "he has some more for here", [(1, "has"), (1, "some"), (2, "more"), (2, "for")]),
        ("the cat sat", "the black cat sat down", [(0, "black"), (2, "down")]),
        ("cat sat", "the cat sat", [(0, "the")]),
        ("the cat sat", "cat", []),
    ],
    ids=["equal", "one for one", "two for one", "one for two", "a run", "two for four", "inserted", "first", "fewer"],
)
def test_words_of_another_hypothesis_are_aligned_to_the_nearest_word(
    written: str, other: str, placed: list[tuple[int, str]]
):
    assert list(substitutes_in(written.split(), other.split())) == placed


@given(sentences.filter(bool), sentences)
def test_every_word_that_only_another_hypothesis_contains_is_aligned(written: list[str], other: list[str]):
    placed = list(substitutes_in(written, other))
    assert set(other) - set(written) <= {word for _, word in placed}
    assert [at for at, _ in placed] == sorted(at for at, _ in placed)
    assert all(0 <= at < len(written) for at, _ in placed)


def test_the_most_confident_alternatives_are_kept_with_two_decimals():
    found = [{"a": 0.1, "b": 0.456, "c": 0.1, "d": 0.3}, {}]
    assert most_confident(["x", "y"], found, 3) == [
        (Alternative("b", 0.46), Alternative("d", 0.3), Alternative("a", 0.1)),
        (),
    ]


def test_words_of_the_transcript_nearby_are_not_alternatives():
    written = ["the", "old", "house", "stood"]
    found = [{}, {"the": 0.2, "old": 0.2, "house": 0.2, "stood": 0.2}, {}, {}]
    assert most_confident(written, found, 5)[1] == (Alternative("stood", 0.2),)


def test_improbable_alternatives_are_omitted():
    assert most_confident(["x"], [{"a": 0.019, "b": 0.0149}], 5) == [(Alternative("a", 0.02),)]
