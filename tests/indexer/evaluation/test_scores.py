"""Scores: computed by hand on a small index, and properties of all scores."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.cli.evaluating import search_function
from indexer.embedded.writer import EmbeddedWriter
from indexer.evaluation.metrics import FIGURES, FIRST, ResultList, SearchFunction
from indexer.evaluation.scores import Score, score
from indexer.matching.query_sampling import ABSENT, KINDS, QuerySampler, references_of
from indexer.matching.search import Finder
from indexer.passages import passages_of
from indexer.query.planner import Planner

ROWS = [
    ClipRow("cv/1.mp3", text="a zebra ran", generated_text="A ZEBRA RAN", accent="us"),
    ClipRow("cv/2.mp3", text="an otter ran", generated_text="AN UTTER RAN", accent="us"),
    ClipRow("cv/3.mp3", text="the lion ran", generated_text="THE LION RAN", accent="us"),
    ClipRow("cv/4.mp3", text="my lion sat", generated_text="MY LION SAT", accent="england"),
    ClipRow("cv/5.mp3", text="his lion lay", generated_text="HIS LION LAY"),
    ClipRow("cv/6.mp3", text="a wolf ran", generated_text="A WOLF RAN"),
    ClipRow("cv/7.mp3", text="a wolf ran", generated_text="A WOLF RAN"),
]
"""Each with one word of more than three letters, all equally long, so that equal matches are ordered by id.

Targets are the first five; "a wolf ran" occurs twice.
"""


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Score:
    index = EmbeddedWriter(tmp_path_factory.mktemp("score"))
    index.replace(passage for row in ROWS for passage in passages_of(row))
    queries = list(QuerySampler(references_of(ROWS)).draw(0, 100))
    ask = search_function(Finder(Planner(index)), index)
    by = {"accent": {row.id: row.accent for row in ROWS}}
    references = {row.id: frozenset(tokens(row.text)) for row in ROWS}
    return score(queries, lambda _: ask, ("forgiving", "exact", "baseline"), by, references)


def figures(scored: Score, mode: str, kind: str, group: str) -> dict[str, float]:
    members = scored.to_json()[mode][kind][group]
    return {name: value for name, value in members.items() if name != "intervals"}


def test_scores_equal_those_computed_by_hand(scored: Score):
    """Found: the zebra first, the lions first, second and third; the otter not at all."""
    assert figures(scored, "baseline", "one", "all") == {
        "success@10": 0.8, "mrr@10": round((1 + 1 + 1 / 2 + 1 / 3) / 5, 4), "zero_hits": 0.2,
        "success@10_everything": 0.8, "n": 5, "sources": 5,
    }  # fmt: skip
    assert figures(scored, "baseline", "one", "lost") == {
        "success@10": 0.0, "mrr@10": 0.0, "zero_hits": 1.0, "success@10_everything": 0.0, "n": 1, "sources": 1,
    }  # fmt: skip
    assert figures(scored, "baseline", "one", "recognised") == {
        "success@10": 1.0, "mrr@10": round((1 + 1 + 1 / 2 + 1 / 3) / 4, 4), "zero_hits": 0.0,
        "success@10_everything": 1.0, "n": 4, "sources": 4,
    }  # fmt: skip


def test_frequent_words_are_scored_by_precision(scored: Score):
    """Zebra 1 of 1, otter 0 of 1, lion 3 of 3, wolf 2 of 2."""
    assert figures(scored, "baseline", "frequent", "all") == {"precision@10": 0.75, "n": 4, "sources": 4}


def test_kinds_without_queries_have_no_scores(scored: Score):
    nothing = {**dict.fromkeys(FIGURES), "n": 0, "sources": 0}
    assert figures(scored, "baseline", "two", "all") == figures(scored, "exact", "three", "lost") == nothing
    assert scored.to_json()["exact"]["two"]["all"]["intervals"] == dict.fromkeys(FIGURES)


def test_differences_are_relative_to_mode_baseline(scored: Score):
    differences = scored.to_json()["differences"]
    assert list(differences) == ["baseline"]
    assert list(differences["baseline"]) == ["forgiving", "exact"]
    lost = differences["baseline"]["forgiving"]["one"]["lost"]
    assert lost["success@10_everything"] == 1.0, "the otter is found by its misrecognition or not at all"
    assert lost["intervals"]["success@10_everything"] == [1.0, 1.0]
    for kind in KINDS:
        whole = {mode: scored.modes[mode][kind]["all"].figures for mode in scored.modes}
        for name, figure in scored.differences["exact"][kind]["all"].figures.items():
            one, other = whole["exact"][name], whole["baseline"][name]
            if figure and one and other:
                assert figure.mean == pytest.approx(one.mean - other.mean)
                assert figure.low <= figure.mean <= figure.high


def test_queries_are_grouped_by_facet_value_with_the_largest_group_first(scored: Score):
    accents = scored.to_json()["by"]["accent"]
    assert list(accents) == ["us", "england", "unknown"]
    assert accents["us"]["baseline"]["one"]["all"]["n"] == 3
    assert accents["us"]["baseline"]["one"]["all"]["success@10"] == pytest.approx(2 / 3, abs=1e-4)
    assert accents["unknown"]["baseline"]["one"]["all"]["mrr@10"] == round(1 / 3, 4)
    assert accents["us"]["baseline"]["frequent"]["all"]["n"] == 0


def overlap(rows: list[ClipRow]) -> SearchFunction:
    """Returns the clips that share a word with the query."""
    recognised = {row.id: set(tokens(row.generated_text)) for row in rows}
    return lambda typed, _mode: ResultList(
        tuple(clip for clip, words in recognised.items() if words & set(tokens(typed)))[:FIRST]
    )


words = st.lists(
    st.sampled_from(["lion", "tiger", "zebra", "a", "the", "otter", "bear", "wolf"]), min_size=1, max_size=6
)


@given(st.lists(st.tuples(words, words), min_size=1, max_size=25), st.integers(0, 3))
@settings(max_examples=40)
def test_lost_and_recognised_queries_together_are_all(pairs: list[tuple[list[str], list[str]]], seed: int):
    rows = [
        ClipRow(f"cv/{at}.mp3", text=" ".join(reference), generated_text=" ".join(recognised))
        for at, (reference, recognised) in enumerate(pairs)
    ]
    queries = list(QuerySampler(references_of(rows)).draw(seed, 10))
    ask = overlap(rows)
    for kind, cells in score(queries, lambda _: ask, ("exact",), {}, {}).modes["exact"].items():
        if kind == "frequent" or kind in ABSENT:
            continue
        assert cells["lost"].n + cells["recognised"].n == cells["all"].n == sum(q.kind == kind for q in queries)
        for name, figure in cells["all"].figures.items():
            parts = [(cells[group].n, cells[group].figures[name]) for group in ("lost", "recognised")]
            total = sum(number * part.mean for number, part in parts if part)
            assert (figure.mean if figure else 0) * cells["all"].n == pytest.approx(total)
            assert figure is None or 0 <= figure.low <= figure.mean + 1e-12 <= figure.high + 2e-12 <= 1 + 2e-12


def test_equal_scores_have_a_difference_of_zero():
    rows = [ClipRow("a", text="lion", generated_text="LION")]
    ask = overlap(rows)
    queries = list(QuerySampler(references_of(rows)).draw(0, 1))
    found = score(queries, lambda _: ask, ("forgiving", "exact"), {}, {})
    assert found.against == "forgiving", "the first group, if baseline is not among them"
    figure = found.differences["exact"]["one"]["all"].figures["mrr@10"]
    assert figure is not None
    assert (figure.mean, figure.low, figure.high) == (0, 0, 0)
