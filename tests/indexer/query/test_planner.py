from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Alternative, Word
from indexer.embedded.writer import EmbeddedWriter
from indexer.errors import IndexMissing, WrongRequest
from indexer.index import Request, SearchWriter
from indexer.phonetics.expansion import AS_ONE
from indexer.phonetics.lexicon import Lexicon
from indexer.query.builder import LEAST_PROBABILITY, MODES
from indexer.query.explanation import explanation_of
from indexer.query.planner import MOST_WORDS, Planner, planner_of
from indexer.query_tree import EVERYTHING
from indexer.settings import IndexSettings
from tests.support.rows import passages
from tests.support.word_errors import rows as misrecognised_rows

TRANSCRIPTS = (
    "THE WALL WAS VAINTED RED",
    "A BLACK SMITH AND SOME ONE",
    "THE BOYS RAN FAR",
    "A BOY RUNS",
    "AN UTTER LION",
    "A BLACKBIRD SINGS",
    "NEVERTHELESS WE RAN",
    "京都大学は遠い",
    "",
)
VOCABULARY = ("the", "boy", "boys", "painted", "vainted", "otter", "blacksmith", "lion", "nowhere", "大学", "1984")


class Found(NamedTuple):
    index: SearchWriter
    planner: Planner


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    rows = [ClipRow(f"{number}.mp3", generated_text=text) for number, text in enumerate(TRANSCRIPTS)]
    doubted = Word("UTTER", 0.0, 0.5, 0.6, (Alternative("otter", 0.42),))
    rows.append(ClipRow("doubted.mp3", generated_text="UTTER", words=(doubted,)))
    index = EmbeddedWriter(tmp_path_factory.mktemp("finding"))
    index.replace(passages((*rows, *misrecognised_rows(60))))
    yield Found(index, Planner(index))
    index.close()


def hits(found: Found, typed: str, mode: str = "forgiving") -> list[str]:
    result = found.index.search(Request(found.planner.plan(typed, mode).query, size=100))
    return [hit.passage.row.generated_text for hit in result.hits]


def test_what_was_said_is_found_although_it_was_misrecognised(found: Found):
    assert hits(found, "the wall was painted")[0] == "THE WALL WAS VAINTED RED"
    assert "A BLACK SMITH AND SOME ONE" in hits(found, "blacksmith")
    assert hits(found, "someone")[0] == "A BLACK SMITH AND SOME ONE"
    assert hits(found, "painted", "exact") != hits(found, "painted")


SAID_AGAIN = "a black cat and a bird bath near a black bird"


@pytest.mark.parametrize("typed", ["black bird", '"black bird"', "the black bird", "black-bird", SAID_AGAIN])
def test_words_that_were_typed_apart_are_found_where_they_were_recognised_as_one(found: Found, typed: str):
    assert "A BLACKBIRD SINGS" in hits(found, typed)[:2]
    assert "A BLACKBIRD SINGS" not in hits(found, typed, "exact")


def test_three_words_that_were_typed_apart_are_found_where_they_were_recognised_as_one(found: Found):
    plan = found.planner.plan("never the less")
    (hit,) = found.index.search(Request(plan.query, size=1)).hits
    assert hit.passage.row.generated_text == "NEVERTHELESS WE RAN"
    assert explanation_of(plan.evidence(hit.passage)) == "possible match: “nevertheless” for “never the less”"


@pytest.mark.parametrize("typed", ["black OR bird", "black -bird", "black accent:us bird", "black sky bird"])
def test_only_neighbours_are_recognised_as_one(found: Found, typed: str):
    guessed = {
        expansion.tokens
        for one in found.planner.plan(typed).terms
        if one.word == "black"
        for expansion in one.expansions
    }
    assert guessed != set()
    assert all(
        expansion.probability < AS_ONE for one in found.planner.plan(typed).terms for expansion in one.expansions
    )


@pytest.mark.timeout(280)  # far more than the time in proportion, far less than its square
def test_a_word_that_is_said_a_hundred_thousand_times_is_planned(found: Found):
    plan = found.planner.plan("a black bird " * 100_000)
    assert [one.word for one in plan.terms] == ["a", "black", "bird"]
    assert plan.terms[1].expansions[0].tokens == ("blackbird",)


def test_a_plan_reports_what_it_means_and_what_was_not_understood(found: Found):
    plan = found.planner.plan("boy shoes:red !?")
    assert plan.sentence == "clips where “boy”, “shoes” and “red” were said, even if misrecognised"
    assert len(plan.notes) == 2
    assert (plan.mode, [one.word for one in plan.terms]) == ("forgiving", ["boy", "shoes", "red"])


def test_the_query_that_a_plan_has_explains_its_hits(found: Found):
    plan = found.planner.plan("the otter ran")
    for hit in found.index.search(Request(plan.query, size=100)).hits:
        evidence = plan.evidence(hit.passage)
        assert [one.word for one in evidence] == ["the", "otter", "ran"]
        assert any(one.match != "missing" for one in evidence)
        assert plan.is_certain(hit) == all(one.match == "word" for one in evidence)


words = st.sampled_from(VOCABULARY)
items = st.one_of(
    words,
    words.map(lambda word: f"{word[:2]}*"),
    words.map(lambda word: f"-{word}"),
    st.lists(words, min_size=2, max_size=3).map(lambda several: f'"{" ".join(several)}"'),
)


def is_certain(found: Found, typed: str) -> list[bool]:
    """Of each hit, in the order in which they are shown, page by page."""
    plan = found.planner.plan(typed)
    pages = (found.index.search(Request(plan.query, size=7, page=page)).hits for page in range(1, 12))
    return [plan.is_certain(hit) for page in pages for hit in page]


@given(st.lists(items, min_size=1, max_size=4).map(" ".join))
@settings(max_examples=100)
def test_no_clip_in_which_every_word_was_typed_is_below_one_in_which_not(found: Found, typed: str):
    certain = is_certain(found, typed)
    assert certain == sorted(certain, reverse=True)


@given(st.lists(words | words.map(lambda word: f"-{word}"), min_size=1, max_size=4).map(" ".join))
@settings(max_examples=100)
def test_certain_is_what_has_every_word_as_typed(found: Found, typed: str):
    plan = found.planner.plan(typed)
    for hit in found.index.search(Request(plan.query, size=100)).hits:
        assert plan.is_certain(hit) == all(one.match == "word" for one in plan.evidence(hit.passage))


@given(st.lists(items | st.just("OR"), min_size=1, max_size=5).map(" ".join), st.sampled_from(MODES))
@settings(max_examples=100)
def test_every_hit_of_every_mode_has_evidence_for_something_that_was_asked_for(found: Found, typed: str, mode: str):
    plan = found.planner.plan(typed, mode)
    for hit in found.index.search(Request(plan.query, size=100)).hits:
        assert not plan.terms or "-" in typed or any(one.match != "missing" for one in plan.evidence(hit.passage))


@given(st.text(max_size=80), st.sampled_from(MODES))
@settings(max_examples=100)
def test_whatever_is_typed_can_be_searched_for(found: Found, typed: str, mode: str):
    plan = found.planner.plan(typed, mode)
    result = found.index.search(Request(plan.query, size=3))
    for hit in result.hits:
        assert plan.is_certain(hit) in (True, False)
        plan.evidence(hit.passage)


def test_beside_an_or_no_word_is_missed(found: Found):
    plan = found.planner.plan("lion OR boy")
    for hit in found.index.search(Request(plan.query)).hits:
        assert all(one.match != "missing" for one in plan.evidence(hit.passage))


def test_only_where_guesses_are_wanted_is_anything_guessed(found: Found):
    def guessed(typed: str, mode: str) -> list[str]:
        return [one.word for one in found.planner.plan(typed, mode).terms if one.expansions]

    for mode in ("forgiving", "sounds-like"):
        assert guessed("otter blacksmith~", mode) == ["otter", "blacksmith"]
    for mode in ("exact", "baseline"):
        assert guessed("otter blacksmith~", mode) == ["blacksmith"]


@pytest.mark.parametrize("mode", MODES)
def test_guesses_are_likely_enough_and_the_most_likely_first(found: Found, mode: str):
    for one in found.planner.plan("painted~ otter~", mode).terms:
        probabilities = [expansion.probability for expansion in one.expansions]
        assert probabilities == sorted(probabilities, reverse=True)
        assert min(probabilities) >= LEAST_PROBABILITY


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("typed", ["-boy~", "-boy", '-"the boy"', "accent:us", "duration:2-3"])
def test_without_a_word_that_is_wanted_nothing_is_uncertain(found: Found, typed: str, mode: str):
    plan = found.planner.plan(typed, mode)
    assert (plan.terms, plan.certain_from) == ((), None)
    assert all(plan.is_certain(hit) for hit in found.index.search(Request(plan.query)).hits)


def test_nothing_typed_is_everything_and_all_of_it_is_certain(found: Found):
    plan = found.planner.plan("")
    assert (plan.query, plan.terms, plan.sentence) == (EVERYTHING, (), "all clips")


def test_a_mode_that_there_is_not_says_which_there_are(found: Found):
    with pytest.raises(WrongRequest, match="no mode loud; the modes are exact, forgiving, sounds-like, baseline"):
        found.planner.plan("words", "loud")


@pytest.mark.parametrize(
    "typed",
    [
        " ".join(f"word{number}" for number in range(MOST_WORDS + 50)),
        "-".join(f"word{number}" for number in range(1000)),
        "".join(map(chr, range(0x4E00, 0x4E00 + 1000))),
        " ".join(f"-word{number}" for number in range(1000)),
        " OR ".join(f"accent:a{number}" for number in range(1000)),
    ],
    ids=["words", "hyphens", "Chinese", "left out", "values"],
)
def test_of_too_many_words_the_first_are_searched_and_a_note_says_so(found: Found, typed: str):
    plan = found.planner.plan(typed)
    assert plan.notes[-1].startswith(f"a search is limited to {MOST_WORDS} words")
    assert len(plan.terms) <= MOST_WORDS
    found.index.search(Request(plan.query))


def test_as_many_words_as_a_search_takes_are_all_searched(found: Found):
    plan = found.planner.plan(" ".join(f"word{number}" for number in range(MOST_WORDS)))
    assert (len(plan.terms), plan.notes) == (MOST_WORDS, ())


class CountingIndex(EmbeddedWriter):
    """Counts how often its words are asked for."""

    tree = 0

    def lexicon(self) -> Lexicon:
        self.tree += 1
        return super().lexicon()


def test_a_plan_asks_the_index_for_its_words_once_and_only_where_it_guesses(tmp_path: Path):
    index = CountingIndex(tmp_path)
    index.replace(passages())
    planner = Planner(index)
    planner.plan("the boy ran", "exact")
    assert index.tree == 0
    planner.plan("the boy ran -far some*", "forgiving")
    assert index.tree == 1
    index.close()


def test_words_that_were_put_are_guessed_at_by_the_next_plan(tmp_path: Path):
    index = EmbeddedWriter(tmp_path)
    index.replace(passages((ClipRow("a", generated_text="THE LION"),)))
    planner = Planner(index)
    expander = planner.expander()
    assert planner.expander() is expander
    assert planner.plan("otter").terms[0].expansions == ()
    index.put(passages((ClipRow("b", generated_text="AN UTTER LION"),)))
    assert planner.expander() is not expander
    assert planner.plan("otter").terms[0].expansions != ()


def test_before_the_first_load_a_plan_that_guesses_says_that_there_is_no_index(tmp_path: Path):
    planner = Planner(EmbeddedWriter(tmp_path))
    assert planner.plan("boy", "exact").query is not None
    with pytest.raises(IndexMissing):
        planner.plan("boy")


def test_tables_that_were_learned_here_are_used_and_broken_ones_are_named(tmp_path: Path, found: Found):
    own = IndexSettings(sound_tables=tmp_path / "tables.json")
    (tmp_path / "tables.json").write_text("{}")
    with pytest.raises(WrongRequest, match=r"tables\.json has no phonetic tables"):
        planner_of(found.index, own)
