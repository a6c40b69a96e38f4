"""Word error rate is the Levenshtein distance over words, and its alignment reproduces both texts."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearsay.text.normalize import words
from hearsay.text.wer import WordErrors, align, word_errors

few_words = st.lists(st.sampled_from("abc"), max_size=7)


def distance_by_definition(reference: tuple[str, ...], hypothesis: tuple[str, ...]) -> int:
    @cache
    def distance(left: int, right: int) -> int:
        if not left or not right:
            return left + right
        differs = reference[left - 1] != hypothesis[right - 1]
        return min(
            distance(left - 1, right - 1) + differs, distance(left - 1, right) + 1, distance(left, right - 1) + 1
        )

    return distance(len(reference), len(hypothesis))


@given(few_words, few_words)
def test_the_number_of_errors_equals_the_levenshtein_distance(reference: list[str], hypothesis: list[str]):
    errors = word_errors(reference, hypothesis)
    assert errors.errors == distance_by_definition(tuple(reference), tuple(hypothesis))
    assert errors.reference_words == len(reference)
    assert errors.insertions - errors.deletions == len(hypothesis) - len(reference)


@given(few_words, few_words)
def test_an_alignment_reproduces_the_reference_and_the_hypothesis(reference: list[str], hypothesis: list[str]):
    edits = align(reference, hypothesis)
    assert [edit.reference for edit in edits if edit.operation != "insert"] == reference
    assert [edit.hypothesis for edit in edits if edit.operation != "delete"] == hypothesis
    assert all((edit.operation == "equal") == (edit.reference == edit.hypothesis) for edit in edits)


@given(few_words)
def test_a_correct_transcript_has_no_errors(reference: list[str]):
    assert word_errors(reference, reference).errors == 0


@given(few_words, few_words)
def test_swapping_the_sides_swaps_deletions_and_insertions(left: list[str], right: list[str]):
    one, other = word_errors(left, right), word_errors(right, left)
    assert one.errors == other.errors
    assert one.insertions - one.deletions == other.deletions - other.insertions


def test_substitutions_deletions_and_insertions_are_counted():
    errors = word_errors(words("the cat sat on the mat"), words("the hat sat the mat now"))
    assert errors == WordErrors(6, substitutions=1, deletions=1, insertions=1)
    assert errors.rate == pytest.approx(0.5)


def test_among_equal_alignments_the_latest_substitution_is_preferred():
    assert [edit.operation for edit in align(["a", "b"], ["c"])] == ["delete", "substitute"]


def test_errors_of_clips_are_added():
    assert WordErrors(10, 1, 2, 3) + WordErrors(5, 1, 0, 0) == WordErrors(15, 2, 2, 3)


def test_without_a_reference_there_is_no_rate():
    assert word_errors([], ["noise"]).rate is None
    assert word_errors(["hello"], ["oh", "hello", "there"]).rate == 2
