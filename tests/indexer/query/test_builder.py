"""The query that each mode builds, and its results in a small index with given expansions."""

import math
from collections.abc import Iterator

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Alternative, Word
from indexer.documents import LONGEST_LENGTH, stem
from indexer.embedded.writer import EmbeddedWriter
from indexer.index import Request, SearchWriter
from indexer.phonetics.expansion import Expansion
from indexer.query.builder import (
    BUILDERS,
    DEFAULT_MODE,
    IN_TRANSCRIPT,
    MODES,
    SHORTNESS,
    EvidenceWeights,
    certain_from,
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


def weighing(*, boosts_expansions: bool = False) -> EvidenceWeights:
    return EvidenceWeights(lambda word: GUESSES.get(word, ()), lambda _word: FLOOR, boosts_expansions)


def built(words: str, mode: str) -> Query:
    return BUILDERS[mode](parse(words).tree, weighing(boosts_expansions=mode == "sounds-like"))


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


def scores(index: SearchWriter, words: str, mode: str) -> dict[str, float]:
    hits = index.search(Request(built(words, mode), size=20)).hits
    return {hit.passage.row.generated_text: hit.score for hit in hits}


def test_mode_exact_requires_every_word_as_typed_or_by_its_stem(index: SearchWriter):
    assert set(found(index, "the boy", "exact")) == {"THE BOY RAN", "THE BOYS RAN"}
    assert found(index, "boys girl", "exact") == []


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


def test_mode_forgiving_ranks_matches_before_possible_matches(index: SearchWriter):
    score = scores(index, "painted boy", "forgiving")
    both, one, expansion = score["A VAINTED BOY"], score["A BOY RUNS"], score["THE PAIN TED HAD"]
    assert both > one > expansion > 0
    assert both < certain_from(parse("painted boy").tree, weighing())
    assert "A PANTED BUOY" in score, (
        "found by the expansion of boy; the expansion of painted is too improbable to count"
    )
    assert found(index, "the boy", "forgiving")[0] == "THE BOY RAN"


def test_a_pair_matches_only_adjacent_words(index: SearchWriter):
    assert set(found(index, "painted", "forgiving")) == {"A VAINTED BOY", "THE PAIN TED HAD"}


def test_an_alternative_scores_by_its_confidence(index: SearchWriter):
    score = scores(index, "boy", "forgiving")
    assert score["A PANTED BUOY"] < score["A BUY"], "0.42 is more probable than 0.3, although both are shown in tenths"
    assert score["A BUY"] < certain_from(parse("boy").tree, weighing())


def test_a_tilde_adds_expansions_of_a_word_in_every_mode(index: SearchWriter):
    for mode in MODES:
        assert "A VAINTED BOY" in found(index, "painted~", mode)
    assert found(index, "painted", "exact") == found(index, "painted", "baseline") == []
    assert phonetic_words(parse("painted~ boy OR girl~").tree) == {"painted", "girl"}


def test_mode_sounds_like_finds_the_same_clips_and_scores_expansions_closer_to_matches(index: SearchWriter):
    quiet, loud = (scores(index, "boy", mode) for mode in ("forgiving", "sounds-like"))
    assert quiet.keys() == loud.keys()
    recognised, guessed = "A BOY RUNS", "A PANTED BUOY"
    assert 0 < loud[recognised] - loud[guessed] < quiet[recognised] - quiet[guessed]


def test_evidence_scores_the_logarithm_of_its_probability_over_the_floor():
    worth = weighing().worth(0.6, "painted")
    assert worth == pytest.approx(math.log(0.6 / FLOOR), abs=1 / 128)
    assert worth * 64 == int(worth * 64), "scores are whole multiples of 1/64, which both engines add exactly"
    assert weighing().worth(FLOOR / 2, "painted") < 0
    assert weighing(boosts_expansions=True).expansion_worth(0.25, "painted") == weighing().worth(0.5, "painted")


@pytest.mark.parametrize("words", ["boy", "the painted boy", '"the painted boy" ran', "bo* OR painted", "x~ y z"])
def test_the_certainty_threshold_exceeds_the_highest_total_of_evidence(words: str):
    tree = parse(words).tree
    line = certain_from(tree, weighing())
    assert line == int(line)
    most = sum(weighing().worth(IN_TRANSCRIPT, word) for word in words_of(tree)) + SHORTNESS * LONGEST_LENGTH
    assert line > most


@pytest.mark.parametrize("mode", MODES)
def test_filters_and_exclusions_apply_in_every_mode(index: SearchWriter, mode: str):
    assert found(index, "boy -runs accent:us", mode) != []
    assert "A BOY RUNS" not in found(index, "boy -runs accent:us", mode)
    assert found(index, "boy accent:england", mode) == []
    assert set(found(index, "accent:unknown", mode)) == {"A BUY"}
    assert len(found(index, "-boys", mode)) == len(TRANSCRIPTS) + 1 - (3 if stem("boys") == "boy" else 1) - 1


@pytest.mark.parametrize("mode", MODES)
def test_a_phrase_matches_in_order_and_ranks_first_in_modes_with_expansions(index: SearchWriter, mode: str):
    assert found(index, '"boy ran"', mode)[0] == "THE BOY RAN"
    assert len(found(index, '"boy ran"', mode)) == 1 or mode in ("forgiving", "sounds-like")


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
