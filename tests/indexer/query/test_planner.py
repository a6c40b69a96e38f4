from collections.abc import Iterator
from dataclasses import replace
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
from indexer.phonetics.tables import shipped
from indexer.query.builder import LEAST_AMONG_SEVERAL, MODES
from indexer.query.explanation import evidence_of, explanation_of
from indexer.query.planner import MOST_WORDS, Planner, planner_of, usual_speech_model
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


def candidates(found: Found, typed: str, mode: str = "forgiving") -> list[str]:
    query = found.planner.plan(typed, mode).candidates
    assert query is not None
    return [hit.passage.row.generated_text for hit in found.index.search(Request(query, size=100)).hits]


def test_misrecognised_words_are_candidates_and_no_matches(found: Found):
    assert candidates(found, "the wall was painted")[0] == "THE WALL WAS VAINTED RED"
    assert "A BLACK SMITH AND SOME ONE" in candidates(found, "blacksmith")
    assert candidates(found, "someone")[0] == "A BLACK SMITH AND SOME ONE"
    for typed in ("the wall was painted", "blacksmith", "someone"):
        assert not set(hits(found, typed)) & set(candidates(found, typed))


LONG_QUERY = "a black cat and a bird bath near a black bird"


@pytest.mark.parametrize("typed", ["black bird", '"black bird"', "the black bird", "black-bird"])
def test_separate_query_words_match_their_compound_in_a_transcript(found: Found, typed: str):
    assert "A BLACKBIRD SINGS" in candidates(found, typed, "any")[:2]
    assert "A BLACKBIRD SINGS" not in hits(found, typed)


def test_repeated_words_match_their_compound_beside_others(found: Found):
    assert "A BLACKBIRD SINGS" in hits(found, LONG_QUERY, "any")[:2], "it has the word a"


def test_three_separate_query_words_match_their_compound_in_a_transcript(found: Found):
    plan = found.planner.plan("never the less")
    assert plan.candidates is not None
    hit = found.index.search(Request(plan.candidates, size=1)).hits[0]
    assert hit.passage.row.generated_text == "NEVERTHELESS WE RAN"
    assert explanation_of(evidence_of(hit.passage, plan.terms)) == "transcribed “nevertheless” for “never the less”"


@pytest.mark.parametrize("typed", ["black OR bird", "black -bird", "black accent:us bird", "black sky bird"])
def test_only_adjacent_query_words_match_a_compound(found: Found, typed: str):
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


@pytest.mark.timeout(280)  # far more than linear time needs, far less than quadratic time
def test_a_query_that_repeats_words_a_hundred_thousand_times_is_planned(found: Found):
    plan = found.planner.plan("a black bird " * 100_000)
    assert [one.word for one in plan.terms] == ["a", "black", "bird"]
    assert plan.terms[1].expansions[0].tokens == ("blackbird",)


def test_a_plan_has_a_description_and_notes_about_invalid_syntax(found: Found):
    plan = found.planner.plan("boy shoes:red !?")
    assert plan.sentence == "clips where “boy”, “shoes” and “red” were said, as typed or in another form"
    assert len(plan.notes) == 2
    assert (plan.mode, [one.word for one in plan.terms]) == ("forgiving", ["boy", "shoes", "red"])


def test_a_plan_has_evidence_for_every_hit(found: Found):
    plan = found.planner.plan("the otter ran")
    for hit in found.index.search(Request(plan.query, size=100)).hits:
        evidence = plan.evidence(hit.passage)
        assert [one.word for one in evidence] == ["the", "otter", "ran"]
        assert all(one.match in ("word", "other form") for one in evidence)


words = st.sampled_from(VOCABULARY)
items = st.one_of(
    words,
    words.map(lambda word: f"{word[:2]}*"),
    words.map(lambda word: f"-{word}"),
    st.lists(words, min_size=2, max_size=3).map(lambda several: f'"{" ".join(several)}"'),
)


@given(st.lists(items, min_size=1, max_size=4).map(" ".join), st.sampled_from(("exact", "forgiving", "sounds-like")))
@settings(max_examples=100)
def test_every_match_has_every_word_as_word_or_stem(found: Found, typed: str, mode: str):
    plan = found.planner.plan(typed, mode)
    for hit in found.index.search(Request(plan.query, size=100)).hits:
        assert all(one.match in ("word", "other form") for one in plan.evidence(hit.passage))


@given(st.lists(items, min_size=1, max_size=4).map(" ".join), st.sampled_from(MODES))
@settings(max_examples=100)
def test_no_candidate_is_a_match_and_every_one_lacks_a_word(found: Found, typed: str, mode: str):
    plan = found.planner.plan(typed, mode)
    if plan.candidates is not None:
        matches = {hit.passage.id for hit in found.index.search(Request(plan.query, size=100)).hits}
        lacking = found.index.search(Request(plan.candidates, size=100)).hits
        assert not matches & {hit.passage.id for hit in lacking}


@given(st.lists(items, min_size=1, max_size=4).map(" ".join))
@settings(max_examples=100)
def test_mode_any_ranks_passages_with_every_word_first(found: Found, typed: str):
    plan = found.planner.plan(typed, "any")
    hits = found.index.search(Request(plan.query, size=100)).hits
    is_full = [all(one.match in ("word", "other form") for one in plan.evidence(hit.passage)) for hit in hits]
    assert is_full == sorted(is_full, reverse=True)


@given(st.lists(items | st.just("OR"), min_size=1, max_size=5).map(" ".join), st.sampled_from(MODES))
@settings(max_examples=100)
def test_every_hit_in_every_mode_has_evidence_for_a_query_term(found: Found, typed: str, mode: str):
    plan = found.planner.plan(typed, mode)
    for hit in found.index.search(Request(plan.query, size=100)).hits:
        assert not plan.terms or "-" in typed or any(one.match != "missing" for one in plan.evidence(hit.passage))


@given(st.text(max_size=80), st.sampled_from(MODES))
@settings(max_examples=100)
def test_any_typed_text_can_be_searched(found: Found, typed: str, mode: str):
    plan = found.planner.plan(typed, mode)
    result = found.index.search(Request(plan.query, size=3))
    assert len(result.hits) == min(3, result.total)
    for hit in result.hits:
        words = [one.word for one in plan.evidence(hit.passage)]
        assert {term.word for term in plan.terms if not term.is_optional}.issubset(words)


def test_operands_of_or_are_not_reported_as_missing(found: Found):
    plan = found.planner.plan("lion OR boy")
    for hit in found.index.search(Request(plan.query)).hits:
        assert all(one.match != "missing" for one in plan.evidence(hit.passage))


def test_words_are_expanded_only_in_modes_with_expansions_or_with_a_tilde(found: Found):
    def guessed(typed: str, mode: str) -> list[str]:
        return [one.word for one in found.planner.plan(typed, mode).terms if one.expansions]

    for mode in ("forgiving", "sounds-like", "any"):
        assert guessed("otter blacksmith~", mode) == ["otter", "blacksmith"]
    for mode in ("exact", "baseline"):
        assert guessed("otter blacksmith~", mode) == ["blacksmith"]


@pytest.mark.parametrize("mode", MODES)
def test_expansions_reach_the_least_probability_and_the_most_likely_comes_first(found: Found, mode: str):
    for one in found.planner.plan("painted~ otter~", mode).terms:
        probabilities = [expansion.probability for expansion in one.expansions]
        assert probabilities == sorted(probabilities, reverse=True)
        assert min(probabilities) >= LEAST_AMONG_SEVERAL


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("typed", ["-boy~", "-boy", '-"the boy"', "accent:us", "duration:2-3"])
def test_a_query_without_required_words_has_no_candidates(found: Found, typed: str, mode: str):
    plan = found.planner.plan(typed, mode)
    assert (plan.terms, plan.wanted, plan.candidates) == ((), (), None)


def test_an_empty_query_is_planned_as_all_clips(found: Found):
    plan = found.planner.plan("")
    assert (plan.query, plan.terms, plan.sentence) == (EVERYTHING, (), "all clips")


def test_the_message_for_an_unknown_mode_lists_the_modes(found: Found):
    with pytest.raises(WrongRequest, match="no mode loud; the modes are exact, forgiving, sounds-like, any, baseline"):
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
def test_a_query_with_too_many_words_is_cut_with_a_note(found: Found, typed: str):
    plan = found.planner.plan(typed)
    assert plan.notes[-1].startswith(f"a search is limited to {MOST_WORDS} words")
    assert len(plan.terms) <= MOST_WORDS
    found.index.search(Request(plan.query))


def test_a_query_with_the_maximum_number_of_words_is_not_cut(found: Found):
    plan = found.planner.plan(" ".join(f"word{number}" for number in range(MOST_WORDS)))
    assert (len(plan.terms), plan.notes) == (MOST_WORDS, ())


class CountingIndex(EmbeddedWriter):
    """Counts how often its lexicon is read."""

    tree = 0

    def lexicon(self) -> Lexicon:
        self.tree += 1
        return super().lexicon()


def test_a_plan_reads_the_lexicon_once_and_only_for_expansions(tmp_path: Path):
    index = CountingIndex(tmp_path)
    index.replace(passages())
    planner = Planner(index)
    planner.plan("the boy ran", "exact")
    assert index.tree == 0
    planner.plan("the boy ran -far some*", "forgiving")
    assert index.tree == 1
    index.close()


def test_the_next_plan_expands_to_words_that_were_put(tmp_path: Path):
    index = EmbeddedWriter(tmp_path)
    index.replace(passages((ClipRow("a", generated_text="THE LION"),)))
    planner = Planner(index)
    expander = planner.expander()
    assert planner.expander() is expander
    assert planner.plan("otter").terms[0].expansions == ()
    index.put(passages((ClipRow("b", generated_text="AN UTTER LION"),)))
    assert planner.expander() is not expander
    assert planner.plan("otter").terms[0].expansions != ()


def made_by(model: str, *names: str) -> tuple[ClipRow, ...]:
    return tuple(ClipRow(name, generated_text="AN UTTER LION", asr_model=model) for name in names)


def test_the_tables_of_the_most_frequent_speech_model_are_used(tmp_path: Path):
    index = EmbeddedWriter(tmp_path)
    planner = Planner(index)
    index.replace(passages((*made_by("", "a", "b", "c"), *made_by("whisper-tiny.en", "d"))))
    assert planner.tables() is shipped("whisper-tiny.en")
    with_its_tables = planner.expander()
    index.put(passages(made_by("facebook/wav2vec2-large-960h", "e", "f")))
    assert planner.tables() is shipped()
    assert planner.expander() is not with_its_tables
    index.replace(passages(made_by("", "a")))
    assert (usual_speech_model(index), planner.tables()) == ("", shipped())


def test_learned_tables_take_precedence_over_those_of_the_speech_model(tmp_path: Path):
    own = replace(shipped(), source="my clips")
    index = EmbeddedWriter(tmp_path / "index")
    index.replace(passages(made_by("whisper-tiny.en", "a")))
    own.save(tmp_path / "tables.json")
    settings = IndexSettings(phonetic_tables=tmp_path / "tables.json")
    assert planner_of(index, settings).tables().source == "my clips"


def test_the_probability_of_an_expansion_depends_on_the_speech_model(tmp_path: Path):
    index = EmbeddedWriter(tmp_path)
    index.replace(passages(made_by("whisper-tiny.en", "a")))
    planners = Planner(index), Planner(index, shipped())
    of_whisper, general = (
        {one.tokens: one.probability for one in own.expander().expansions("otter")} for own in planners
    )
    assert 0 < of_whisper[("utter",)] != general[("utter",)] > 0


def test_a_plan_with_expansions_before_the_first_load_reports_a_missing_index(tmp_path: Path):
    planner = Planner(EmbeddedWriter(tmp_path))
    assert planner.plan("boy", "exact").query is not None
    with pytest.raises(IndexMissing):
        planner.plan("boy")


def test_broken_learned_tables_are_reported_with_their_file(tmp_path: Path, found: Found):
    own = IndexSettings(phonetic_tables=tmp_path / "tables.json")
    (tmp_path / "tables.json").write_text("{}")
    with pytest.raises(WrongRequest, match=r"tables\.json has no phonetic tables"):
        planner_of(found.index, own)
