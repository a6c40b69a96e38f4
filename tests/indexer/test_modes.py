from collections.abc import Iterator
from pathlib import Path

import pytest

from clips.row import ClipRow
from indexer.embedded import EmbeddedIndex
from indexer.errors import WrongRequest
from indexer.index import Request, SearchIndex
from indexer.modes import MODES, MOST_WORDS, READY_MODES, build_query, note_on
from indexer.query import EVERYTHING, AllOf, AnyOf, Query, Term
from indexer.stems import stem
from tests.indexer.made_rows import passages


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    heard = ("THE BOYS RAN", "THE BOY RAN", "A BOY RUNS", "THE GIRL RAN FAR", "SOMETHING ELSE ALTOGETHER")
    index = EmbeddedIndex(tmp_path_factory.mktemp("modes"))
    index.replace(passages(tuple(ClipRow(str(number), generated_text=text) for number, text in enumerate(heard))))
    yield index
    index.close()


def found(index: SearchIndex, words: str, mode: str) -> list[str]:
    hits = index.search(Request(build_query(words, mode))).hits
    return [hit.passage.row.generated_text for hit in hits]


def test_exact_wants_every_word_as_heard_or_by_its_stem(index: SearchIndex):
    assert set(found(index, "the boy", "exact")) == {"THE BOY RAN", "THE BOYS RAN"}
    assert found(index, "boys girl", "exact") == []


@pytest.mark.parametrize(("words", "first"), [("boy", "THE BOY RAN"), ("boys", "THE BOYS RAN")])
def test_the_exact_word_weighs_more_than_its_stem(index: SearchIndex, words: str, first: str):
    best, *rest = index.search(Request(build_query(words, "exact"))).hits
    assert best.passage.row.generated_text == first
    assert len(rest) == 2
    assert best.score > rest[-1].score


def test_baseline_wants_any_word_exactly_as_heard(index: SearchIndex):
    assert found(index, "boys girl", "baseline") == ["THE BOYS RAN", "THE GIRL RAN FAR"]
    assert found(index, "run", "baseline") == []


def test_baseline_is_a_plain_sum_of_terms_without_weights():
    assert build_query("Two WORDS", "baseline") == AnyOf((Term("tokens", "two"), Term("tokens", "words")))
    assert build_query("one", "baseline") == Term("tokens", "one")


def test_exact_is_one_choice_for_each_word():
    first, second = (
        AnyOf((Term("tokens", word), Term("stems", root, 0.5))) for word, root in (("two", "two"), ("words", "word"))
    )
    assert build_query("Two WORDS", "exact") == AllOf((first, second))
    assert build_query("two", "exact") == first


@pytest.mark.parametrize("mode", READY_MODES)
@pytest.mark.parametrize("words", ["", "  ", "\n"])
def test_nothing_typed_asks_for_everything(index: SearchIndex, words: str, mode: str):
    assert build_query(words, mode) is EVERYTHING
    assert note_on(words) is None


@pytest.mark.parametrize("mode", READY_MODES)
@pytest.mark.parametrize("words", ["!!!", "∅", "… —", "_", "🐍", "\u200d"])
def test_what_holds_no_word_finds_nothing_and_a_note_says_why(index: SearchIndex, words: str, mode: str):
    assert index.count(build_query(words, mode)) == 0
    assert "no letters or digits" in (note_on(words) or "")


def test_words_are_asked_for_as_they_are_indexed_and_once():
    expected: Query = AnyOf((Term("tokens", "dont"), Term("tokens", "大学")))
    assert build_query("DON’T don't, 大学 大学!", "baseline") == expected
    assert note_on("don't") is None


@pytest.mark.parametrize("mode", sorted({*MODES, "no such mode"} - {*READY_MODES}))
def test_a_mode_that_does_not_answer_says_which_do(mode: str):
    with pytest.raises(WrongRequest, match=f"no mode {mode} here; the modes are exact and baseline"):
        build_query("words", mode)


@pytest.mark.parametrize("mode", READY_MODES)
def test_as_many_words_as_a_search_takes_are_searched_and_one_more_is_refused(index: SearchIndex, mode: str):
    many = [f"word{number}" for number in range(MOST_WORDS)]
    assert index.count(build_query(" ".join(many), mode)) == 0
    with pytest.raises(WrongRequest, match=f"up to {MOST_WORDS} different words, these are {MOST_WORDS + 1}"):
        build_query(" ".join([*many, "more"]), mode)


@pytest.mark.parametrize(
    ("token", "root"),
    [("running", "run"), ("runs", "run"), ("boys", "boy"), ("happily", "happili"), ("дом", "дом"), ("大学", "大学")],
)
def test_stems_are_those_of_english_snowball(token: str, root: str):
    assert stem(token) == root


def test_building_a_query_touches_no_index(tmp_path: Path):
    build_query("anything", "exact")
    assert list(tmp_path.iterdir()) == []
