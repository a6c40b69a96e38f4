"""The metrics of an answer, and cross-fitting."""

from collections.abc import Sequence

import pytest

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.evaluation.metrics import ResultList, SearchFunction, cross_fitted, measure, run_all
from indexer.matching.query_sampling import ABSENT, FREQUENT, QuerySampler, SampledQuery, parts, references_of


def query(*relevant: str, kind: str = "one", typed: str = "word") -> SampledQuery:
    return SampledQuery(kind, typed, relevant[0], frozenset(relevant), is_lost=False)


@pytest.mark.parametrize(
    ("hits", "figures"),
    [
        (["a", "b"], (1.0, 1.0, 0.0, 1.0)),
        (["b", "c", "d", "a", "a"], (1.0, 0.25, 0.0, 1.0)),
        (["b"], (0.0, 0.0, 0.0, 0.0)),
        ([], (0.0, 0.0, 1.0, 0.0)),
        ([*"bcdefghij", "a"], (1.0, 0.1, 0.0, 1.0)),
        ([*"bcdefghijk", "a"], (0.0, 0.0, 0.0, 0.0)),
    ],
)
def test_a_query_is_scored_by_its_first_ten_hits(hits: list[str], figures: tuple[float, ...]):
    assert measure(query("a"), ResultList(tuple(hits))) == figures


@pytest.mark.parametrize(
    ("matches", "possible", "figures"),
    [
        ("b", "a0.6", (1.0, 0.5, 0.0, 1.0)),
        ("b", "a0.5", (1.0, 0.5, 0.0, 1.0)),
        ("b", "a0.4", (0.0, 0.0, 0.0, 1.0)),
        ("", "c0.9 a0.4", (0.0, 0.0, 0.0, 1.0)),
        ("", "a0.4", (0.0, 0.0, 1.0, 1.0)),
        ("bcdefghijk", "a0.9", (0.0, 0.0, 0.0, 0.0)),
    ],
)
def test_possible_matches_from_the_threshold_on_are_ranked_below_the_matches(
    matches: str, possible: str, figures: tuple[float, ...]
):
    """The last figure is success with every possible match, however improbable."""
    clips = tuple(one[0] for one in possible.split())
    probabilities = tuple(float(one[1:]) for one in possible.split())
    assert measure(query("a"), ResultList(tuple(matches), clips, probabilities, 0.5)) == figures


@pytest.mark.parametrize("kind", ABSENT)
def test_a_query_for_a_word_that_nobody_said_is_scored_by_whether_nothing_is_shown(kind: str):
    asked = SampledQuery(kind, "zebra", "zebra", frozenset(), is_lost=True)
    assert measure(asked, ResultList((), ("a",), (0.4,), 0.5)) == (1.0,)
    assert measure(asked, ResultList((), ("a",), (0.6,), 0.5)) == (0.0,)
    assert measure(asked, ResultList(("a",))) == (0.0,)


def test_another_threshold_shows_other_possible_matches():
    found = ResultList(("a",), ("b", "c"), (0.8, 0.3), 0.5)
    assert found.shown == ("a", "b")
    assert found.with_least(0.0).shown == ("a", "b", "c")
    assert found.with_least(1.0).shown == ("a",)


@pytest.mark.parametrize(
    ("relevant", "hits", "precision"),
    [
        ("abcdefghijklmno", "abcdefghij", 1.0),
        ("abcdefghijklmno", "abcdexyzwv", 0.5),
        ("abcdefghijklmno", "abcde", 0.5),
        ("ab", "axyzwvuts", 0.5),
        ("ab", "aab", 1.0),
        ("ab", "", 0.0),
    ],
)
def test_a_frequent_word_is_scored_by_precision_at_ten(relevant: str, hits: str, precision: float):
    assert measure(query(*relevant, kind=FREQUENT), ResultList(tuple(hits))) == (precision,)


def test_a_query_drawn_twice_is_searched_once_and_counted_twice():
    searches = []

    def ask(typed: str, mode: str) -> ResultList:
        searches.append((typed, mode))
        return ResultList((typed,))

    steps: list[None] = []
    drawn = [query("a"), query("b"), query("a", typed="other")]
    found = run_all(drawn, lambda _: ask, "exact", lambda: steps.append(None))
    assert [result.matches for result in found] == [("word",), ("word",), ("other",)]
    assert searches == [("word", "exact"), ("other", "exact")]
    assert len(steps) == 3


ROWS = [
    ClipRow(f"cv/{n:03}.mp3", text=f"lion{chr(97 + n // 3)} sleeps, it said", generated_text="A LION")
    for n in range(60)
]
"""Twenty sentences, each read by three speakers."""


@pytest.mark.parametrize("number", [2, 5])
def test_parts_share_no_sentence_and_contain_every_row(number: int):
    found = parts(ROWS, number)
    sentences = [{row.text for row in part} for part in found]
    assert [len(part) for part in sentences] == [20 // number] * number
    assert len(set[str]().union(*sentences)) == 20, "no sentence is in two parts"
    assert sorted(row.id for part in found for row in part) == [row.id for row in ROWS]
    reordered = parts(ROWS[::-1], number)
    assert [{row.id for row in part} for part in reordered] == [{row.id for row in part} for part in found]


def test_queries_are_not_answered_by_a_search_trained_on_their_sentence():
    rows = [*ROWS, *(ClipRow(f"cv/x{n}.mp3", text=f"tiger{chr(97 + n)} woke up") for n in range(20))]
    learned: dict[SearchFunction, set[str]] = {}

    def fit(half: Sequence[ClipRow]) -> SearchFunction:
        def ask(typed: str, mode: str) -> ResultList:
            return ResultList(())

        learned[ask] = {" ".join(tokens(row.text)) for row in half}
        return ask

    search_for = cross_fitted(rows, fit)
    sentence_of = {row.id: " ".join(tokens(row.text)) for row in rows}
    queries = list(QuerySampler(references_of(rows)).draw(0, 100))
    answering = {kind: {search_for(q) for q in queries if q.kind == kind} for kind in ("one", FREQUENT)}
    assert all(len(asks) == 2 for asks in answering.values()), "both ways"
    for drawn in queries:
        assert sentence_of.get(drawn.source) not in learned[search_for(drawn)]
    assert set.union(*learned.values()) == set(sentence_of.values())
