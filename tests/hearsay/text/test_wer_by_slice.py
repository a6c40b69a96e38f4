"""Word error rate by slice: sums, order, and which slices get an interval."""

import pytest

from hearsay.text.wer import WordErrors
from hearsay.text.wer_by_slice import UNKNOWN, ErrorSlice, ScoredText, slice_errors


def text(errors: int, source: str, **values: str) -> ScoredText:
    return ScoredText(WordErrors(4, substitutions=errors), source, values)


TEXTS = [text(1, "a", age="teens"), text(0, "a", age="teens"), text(2, "b", age=""), text(0, "c", age="teens")]


def test_a_slice_sums_the_errors_of_its_texts_and_the_largest_comes_first():
    found = slice_errors(reversed(TEXTS), ["age", "accent"])
    assert found.whole == ErrorSlice(4, WordErrors(16, substitutions=3))
    assert list(found.by["age"].items()) == [
        ("teens", ErrorSlice(3, WordErrors(12, substitutions=1))),
        (UNKNOWN, ErrorSlice(1, WordErrors(4, substitutions=2))),
    ]
    assert found.by["accent"] == {UNKNOWN: found.whole}


def test_slices_of_equal_size_are_in_alphabetical_order():
    assert list(slice_errors([text(0, "a", age="b"), text(0, "a", age="a")], ["age"]).by["age"]) == ["a", "b"]


@pytest.mark.parametrize(("fewest", "is_estimated"), [(2, True), (3, True), (4, False), (None, False)])
def test_an_interval_needs_enough_different_sources(fewest: int | None, is_estimated: bool):
    found = slice_errors(TEXTS, fewest_sources=fewest).whole
    assert (found.estimate is not None) is is_estimated
    if found.estimate:
        assert found.estimate.mean == pytest.approx(3 / 16)
        assert found.estimate.low <= found.estimate.mean <= found.estimate.high


def test_without_texts_there_is_no_rate_and_no_interval():
    assert slice_errors([], ["age"], fewest_sources=0).whole == ErrorSlice()
    assert ErrorSlice().errors.rate is None
