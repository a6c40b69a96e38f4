"""How far possible matches can be believed: shares and calibration computed by hand."""

import pytest

from indexer.evaluation.metrics import ResultList
from indexer.evaluation.possible import LEVELS, PossibleFigures, possible_figures
from indexer.matching.query_sampling import SampledQuery

REFERENCES = {
    "a": frozenset({"painted", "wall"}),
    "b": frozenset({"painted"}),
    "c": frozenset({"wall"}),
}


def said(text: str, *relevant: str, kind: str = "one", is_lost: bool = True) -> SampledQuery:
    return SampledQuery(kind, text, relevant[0], frozenset(relevant), is_lost)


def absent(text: str, kind: str = "absent") -> SampledQuery:
    return SampledQuery(kind, text, text, frozenset(), is_lost=True)


def found(*possible: tuple[str, float], matches: tuple[str, ...] = (), least: float = 0.5) -> ResultList:
    return ResultList(matches, tuple(clip for clip, _ in possible), tuple(one for _, one in possible), least)


def figures(*pairs: tuple[SampledQuery, ResultList]) -> PossibleFigures:
    queries, results = zip(*pairs, strict=True)
    return possible_figures(queries, results, REFERENCES)["one"]


def test_the_share_that_is_right_is_that_of_the_possible_matches_shown():
    got = figures(
        (said("painted", "a"), found(("a", 0.9), ("c", 0.6), ("b", 0.4))),
        (said("wall", "c"), found()),
        (absent("zebra"), found(("b", 0.7))),
    )
    assert got.right is not None
    assert got.right.mean == pytest.approx(1 / 3), "only a was shown and has the word; b has it and was not shown"
    assert got.right.low <= got.right.mean <= got.right.high
    assert (got.n, got.shown) == (3, 1.0)


def test_every_word_of_the_query_must_be_in_the_reference():
    pair = said("painted wall", "a", kind="two"), found(("a", 0.9), ("b", 0.9), ("c", 0.9), ("x", 0.9))
    (got,) = possible_figures([pair[0]], [pair[1]], REFERENCES).values()
    assert got.right is not None
    assert got.right.mean == 0.25


def test_nothing_shown_has_no_share():
    got = figures((said("painted", "a"), found(("a", 0.2))), (absent("zebra"), found()))
    assert (got.right, got.shown) == (None, 0.0)
    assert got.to_json()["right"] is got.to_json()["right_interval"] is None


def test_the_calibration_error_weighs_each_bin_by_its_number():
    got = figures((said("painted", "a"), found(("a", 0.95), ("c", 0.95), ("b", 0.15), ("c", 0.12), ("c", 0.05))))
    high, low = abs(0.95 - 0.5), abs(0.135 - 0.5)
    assert got.calibration_error == pytest.approx((2 * high + 2 * low) / 4), "below 0.1 they do not count"
    assert [number for _, _, number in got.bins] == [1, 2, 2]
    assert got.bins[0] == pytest.approx((0.05, 0.0, 1))


def test_true_probabilities_have_no_calibration_error():
    pairs = [(said("painted", "a"), found(("a" if at < 6 else "c", 0.6))) for at in range(10)]
    assert figures(*pairs).calibration_error == pytest.approx(0)


def test_improbable_possible_matches_alone_have_no_calibration_error():
    assert figures((said("painted", "a"), found(("c", 0.05)))).calibration_error is None


def test_the_curve_has_precision_and_recall_of_each_threshold():
    got = figures(
        (said("painted", "a"), found(("a", 0.7), ("c", 0.7))),
        (said("painted", "b"), found(("c", 0.3), ("b", 0.3))),
        (said("wall", "c", is_lost=False), found(("b", 0.9), matches=("c",))),
    )
    assert [point.least for point in got.curve] == list(LEVELS)
    at = {point.least: (point.precision, point.recall) for point in got.curve}
    assert at[0.2] == (2 / 5, 1.0)
    assert at[0.5] == (1 / 3, 0.5)
    assert at[0.8] == (0.0, 0.0)
    assert at[0.95] == (None, 0.0)


def test_queries_are_grouped_by_their_number_of_words():
    queries = [
        said("painted", "a"),
        absent("zebra"),
        said("painted wall", "a", kind="two"),
        absent("zebra wall", "absent two"),
        said("painted", "a", kind="misspelt"),
    ]
    got = possible_figures(queries, [found()] * len(queries), REFERENCES)
    assert {words: one.n for words, one in got.items()} == {"one": 2, "two": 2}
