import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.speech.alternatives import alternatives_in, most_confident, substitutes_in
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


def test_the_confidence_of_an_alternative_rises_with_the_hypotheses_that_contain_it():
    hypotheses = [("They see the sea.", 0.2), ("he sees the sea", 0.05), ("They see the C.", 0.05)]
    assert alternatives_in(["They", "sea", "the", "see."], hypotheses, 4) == [
        (Alternative("he", 0.05),),
        (Alternative("see", 0.2), Alternative("sees", 0.05)),  # 0.25 / 1.25
        (),
        (Alternative("sea", 0.2), Alternative("c", 0.05)),
    ]
    assert alternatives_in(["They", "sea", "the", "see."], hypotheses, 1)[3] == (Alternative("sea", 0.2),)


def test_another_case_or_punctuation_is_no_alternative():
    assert alternatives_in(["Well,", "don't!"], [("well don’t", 0.4)], 4) == [(), ()]


def test_a_word_of_several_parts_has_the_alternatives_of_all():
    written = ["A", "well-known", "man"]
    assert alternatives_in(written, [("a well own van", 0.25)], 4) == [
        (),
        (Alternative("own", 0.2),),
        (Alternative("van", 0.2),),
    ]


def test_a_transcript_without_words_has_no_alternatives():
    assert alternatives_in([], [("you", 0.4)], 4) == []
    assert alternatives_in(["…"], [("you", 0.4)], 4) == [()]


@given(sentences, st.lists(st.tuples(sentences.map(" ".join), st.floats(0.05, 0.2)), max_size=4))
def test_no_confidence_exceeds_that_of_all_hypotheses_together(written: list[str], hypotheses: list[tuple[str, float]]):
    total = sum(probability for _, probability in hypotheses)
    found = alternatives_in(written, hypotheses, 4)
    assert len(found) == len(written)
    assert all(alternative.confidence <= total / (1 + total) + 0.005 for others in found for alternative in others)
