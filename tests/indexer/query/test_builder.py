"""The query that each mode builds, and its results in a small index with given expansions."""

import math
from collections.abc import Iterator

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Alternative, Word
from indexer.documents import stem
from indexer.elastic.limits import clauses_of
from indexer.elastic.query import compiled
from indexer.embedded.writer import EmbeddedWriter
from indexer.index import Request, SearchWriter
from indexer.phonetics.expansion import Expansion
from indexer.query.builder import (
    BUILDERS,
    DEFAULT_MODE,
    MODES,
    MOST_ALL,
    EvidenceWeights,
    candidates,
)
from indexer.query.parser import parse
from indexer.query.syntax_tree import phonetic_words, words_of
from indexer.query_tree import EVERYTHING, NOTHING, AllOf, AnyOf, Query, Term
from tests.support.rows import passages

FLOOR = 0.003
GUESSES = {
    "painted": (Expansion(("vainted",), 0.6), Expansion(("pain", "ted"), 0.2), Expansion(("panted",), 0.0001)),
    "boy": (Expansion(("buoy",), 0.3),),
}
TRANSCRIPTS = (
    "THE BOYS RAN",
    "THE BOY RAN",
    "A BOY RUNS",
    "THE GIRL RAN FAR",
    "SOMETHING ELSE ALTOGETHER",
    "A VAINTED BOY",
    "THE PAIN TED HAD",
    "A PANTED BUOY",
)


WEIGHING = EvidenceWeights(lambda word: GUESSES.get(word, ()), lambda _word: FLOOR)


def built(words: str, mode: str) -> Query:
    return BUILDERS[mode](parse(words).tree, WEIGHING)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchWriter]:
    rows = [ClipRow(str(number), generated_text=text, accent="us") for number, text in enumerate(TRANSCRIPTS)]
    doubted = Word("BUY", 0.0, 0.5, 0.6, (Alternative("boy", 0.42),))
    rows.append(ClipRow("doubted", generated_text="A BUY", words=(doubted,)))
    index = EmbeddedWriter(tmp_path_factory.mktemp("modes"))
    index.replace(passages(tuple(rows)))
    yield index
    index.close()


def found(index: SearchWriter, words: str, mode: str) -> list[str]:
    hits = index.search(Request(built(words, mode), size=20)).hits
    return [hit.passage.row.generated_text for hit in hits]


def scores(index: SearchWriter, words: str, mode: str = "forgiving") -> dict[str, float]:
    """The candidates for possible matches, with their scores."""
    query = candidates(parse(words).tree, mode, WEIGHING)
    hits = index.search(Request(query or NOTHING, size=20)).hits
    return {hit.passage.row.generated_text: hit.score for hit in hits}


@pytest.mark.parametrize("mode", ["exact", "forgiving", "sounds-like"])
def test_a_match_has_every_word_as_typed_or_by_its_stem(index: SearchWriter, mode: str):
    assert set(found(index, "the boy", mode)) == {"THE BOY RAN", "THE BOYS RAN"}
    assert found(index, "boys girl", mode) == found(index, "painted", mode) == []


@pytest.mark.parametrize(("words", "first"), [("boy", "THE BOY RAN"), ("boys", "THE BOYS RAN")])
def test_the_exact_word_weighs_more_than_its_stem(index: SearchWriter, words: str, first: str):
    best, *rest = index.search(Request(built(words, "exact"))).hits
    assert best.passage.row.generated_text == first
    assert len(rest) == 3
    assert best.score > rest[-1].score


def test_mode_baseline_matches_any_word_as_typed(index: SearchWriter):
    assert found(index, "boys girl", "baseline") == ["THE BOYS RAN", "THE GIRL RAN FAR"]
    assert found(index, "run", "baseline") == []


def test_mode_baseline_is_an_unweighted_disjunction_of_terms():
    assert built("Two WORDS", "baseline") == AnyOf((Term("tokens", "two"), Term("tokens", "words")))
    assert built("one", "baseline") == Term("tokens", "one")


def test_mode_exact_is_a_conjunction_of_word_or_stem():
    first, second = (
        AnyOf((Term("tokens", word), Term("stems", root, 0.5))) for word, root in (("two", "two"), ("words", "word"))
    )
    assert built("Two WORDS", "exact") == AllOf((first, second))
    assert built("two", "exact") == first


def test_mode_any_ranks_passages_with_all_words_before_those_with_some(index: SearchWriter):
    assert found(index, "boy ran far", "any")[0] == "THE BOY RAN"
    assert found(index, "the boys", "any")[0] == "THE BOYS RAN"
    assert set(found(index, "painted girl", "any")) == {"THE GIRL RAN FAR"}, "a possible match is not enough"
    assert found(index, "girl something", "any") != []


def test_candidates_have_evidence_for_every_word_and_are_no_matches(index: SearchWriter):
    assert set(scores(index, "painted boy")) == {"A VAINTED BOY", "A PANTED BUOY"}
    assert set(scores(index, "boy")) == {"A BUY", "A PANTED BUOY"}
    assert scores(index, "painted girl") == {}


def test_candidates_in_mode_any_have_evidence_for_one_word_and_none_of_the_words(index: SearchWriter):
    assert set(scores(index, "painted girl", "any")) == {"A VAINTED BOY", "THE PAIN TED HAD", "A PANTED BUOY"}
    assert set(scores(index, "painted boy", "any")) == {"THE PAIN TED HAD", "A PANTED BUOY", "A BUY"}


def test_a_pair_matches_only_adjacent_words(index: SearchWriter):
    assert set(scores(index, "painted")) == {"A VAINTED BOY", "THE PAIN TED HAD", "A PANTED BUOY"}


def test_more_probable_evidence_scores_higher(index: SearchWriter):
    score = scores(index, "painted")
    assert score["A VAINTED BOY"] > score["THE PAIN TED HAD"] > score["A PANTED BUOY"] > 0
    score = scores(index, "boy")
    assert score["A PANTED BUOY"] < score["A BUY"], "0.42 is more probable than 0.3, although both are shown in tenths"


def test_mode_exact_has_candidates_for_words_with_a_tilde_only(index: SearchWriter):
    assert scores(index, "painted boy", "exact") == scores(index, "painted", "baseline") == {}
    assert set(scores(index, "painted~ boy", "exact")) == {"A VAINTED BOY"}
    assert set(scores(index, "painted~", "exact")) == set(scores(index, "painted"))
    assert phonetic_words(parse("painted~ boy OR girl~").tree) == {"painted", "girl"}


def test_of_a_phrase_each_word_needs_evidence(index: SearchWriter):
    assert set(scores(index, '"vainted boy"')) == set()
    assert set(scores(index, '"painted boy"')) == {"A VAINTED BOY", "A PANTED BUOY"}


def test_evidence_scores_the_logarithm_of_its_probability_over_the_floor():
    worth = WEIGHING.worth(0.6, "painted")
    assert worth == pytest.approx(math.log(0.6 / FLOOR), abs=1 / 128)
    assert worth * 64 == int(worth * 64), "scores are whole multiples of 1/64, which both engines add exactly"
    assert WEIGHING.worth(FLOOR / 2, "painted") == 1 / 64


@pytest.mark.parametrize("mode", ["forgiving", "sounds-like", "any"])
def test_filters_and_exclusions_apply_to_candidates(index: SearchWriter, mode: str):
    assert set(scores(index, "boy accent:us", mode)) == {"A PANTED BUOY"}
    assert set(scores(index, "boy -panted", mode)) == {"A BUY"}
    assert scores(index, "accent:us", mode) == scores(index, "", mode) == {}


@pytest.mark.parametrize("mode", MODES)
def test_filters_and_exclusions_apply_in_every_mode(index: SearchWriter, mode: str):
    assert found(index, "boy -runs accent:us", mode) != []
    assert "A BOY RUNS" not in found(index, "boy -runs accent:us", mode)
    assert found(index, "boy accent:england", mode) == []
    assert set(found(index, "accent:unknown", mode)) == {"A BUY"}
    assert len(found(index, "-boys", mode)) == len(TRANSCRIPTS) + 1 - (3 if stem("boys") == "boy" else 1) - 1


@pytest.mark.parametrize("mode", MODES)
def test_a_phrase_matches_in_order(index: SearchWriter, mode: str):
    assert found(index, '"boy ran"', mode) == ["THE BOY RAN"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("words", ["", "  ", "\n"])
def test_an_empty_query_matches_everything(words: str, mode: str):
    assert built(words, mode) is EVERYTHING


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("words", ["!!!", "∅", "… —", "_", "🐍", "\u200d"])
def test_a_query_without_words_finds_nothing(index: SearchWriter, words: str, mode: str):
    assert index.count(built(words, mode)) == index.count(NOTHING) == 0


def test_query_words_are_normalised_like_the_index_and_deduplicated():
    expected: Query = AnyOf((Term("tokens", "dont"), Term("tokens", "大学")))
    assert built("DON’T don't, 大学 大学!", "baseline") == expected


def test_the_words_of_a_query_are_in_order_without_excluded_ones():
    assert words_of(parse('b "c d" -e f:g accent:us pre* OR a~').tree) == ["b", "c", "d", "f", "g", "pre*", "a"]


def test_every_mode_has_a_builder_and_the_default_is_one_of_them():
    assert tuple(BUILDERS) == MODES
    assert DEFAULT_MODE == "forgiving"


@pytest.mark.parametrize(
    ("token", "root"),
    [("running", "run"), ("runs", "run"), ("boys", "boy"), ("happily", "happili"), ("дом", "дом"), ("大学", "大学")],
)
def test_stems_are_those_of_english_snowball(token: str, root: str):
    assert stem(token) == root


def test_in_mode_any_all_words_together_count_for_themselves_only_if_they_are_not_too_many(index: SearchWriter):
    some = " ".join(["boy", "ran", *(f"word{number}" for number in range(MOST_ALL - 2))])
    many = f"{some} more"
    assert clauses_of(compiled(built(many, "any"))) < clauses_of(compiled(built(some, "any")))
    assert found(index, many, "any")[0] == "THE BOY RAN"
    assert {"A BOY RUNS", "THE BOYS RAN"} <= set(found(index, many, "any"))
