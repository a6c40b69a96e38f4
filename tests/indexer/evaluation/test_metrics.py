"""The metrics of an answer, and cross-fitting."""

from collections.abc import Sequence

import pytest

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.evaluation.metrics import SearchFunction, cross_fitted, halves, measure, measure_all
from indexer.evaluation.query_sampling import FREQUENT, QuerySampler, SampledQuery, references_of


def query(*relevant: str, kind: str = "one", typed: str = "word") -> SampledQuery:
    return SampledQuery(kind, typed, relevant[0], frozenset(relevant), is_lost=False)


@pytest.mark.parametrize(
    ("hits", "figures"),
    [
        (["a", "b"], (1.0, 1.0, 0.0)),
        (["b", "c", "d", "a", "a"], (1.0, 0.25, 0.0)),
        (["b"], (0.0, 0.0, 0.0)),
        ([], (0.0, 0.0, 1.0)),
        ([*"bcdefghij", "a"], (1.0, 0.1, 0.0)),
        ([*"bcdefghijk", "a"], (0.0, 0.0, 0.0)),
    ],
)
def test_a_query_is_scored_by_its_first_ten_hits(hits: list[str], figures: tuple[float, ...]):
    assert measure(query("a"), hits) == figures


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
    assert measure(query(*relevant, kind=FREQUENT), list(hits)) == (precision,)


def test_a_query_drawn_twice_is_searched_once_and_counted_twice():
    searches = []

    def ask(typed: str, mode: str) -> list[str]:
        searches.append((typed, mode))
        return ["a"]

    steps: list[None] = []
    drawn = [query("a"), query("b"), query("a", typed="other")]
    assert measure_all(drawn, lambda _: ask, "exact", lambda: steps.append(None)) == [
        (1.0, 1.0, 0.0),
        (0.0, 0.0, 0.0),
        (1.0, 1.0, 0.0),
    ]
    assert searches == [("word", "exact"), ("other", "exact")]
    assert len(steps) == 3


ROWS = [
    ClipRow(f"cv/{n:03}.mp3", text=f"lion{chr(97 + n // 3)} sleeps, it said", generated_text="A LION")
    for n in range(60)
]
"""Twenty sentences, each read by three speakers."""


def test_the_halves_share_no_sentence_and_contain_every_row():
    first, second = halves(ROWS)
    assert {row.text for row in first} & {row.text for row in second} == set()
    assert sorted(row.id for row in first + second) == [row.id for row in ROWS]
    assert len({row.text for row in first}) == len({row.text for row in second}) == 10
    assert {row.id for row in halves(ROWS[::-1])[0]} == {row.id for row in first}, "the order of the rows has no effect"


def test_queries_are_not_answered_by_a_search_trained_on_their_sentence():
    rows = [*ROWS, *(ClipRow(f"cv/x{n}.mp3", text=f"tiger{chr(97 + n)} woke up") for n in range(20))]
    learned: dict[SearchFunction, set[str]] = {}

    def fit(half: Sequence[ClipRow]) -> SearchFunction:
        def ask(typed: str, mode: str) -> list[str]:
            return []

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
