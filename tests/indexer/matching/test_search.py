"""One search: which possible matches are shown below its matches, and what is said about their probabilities."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hearsay.records.clip import ClipRow
from indexer.embedded.writer import EmbeddedWriter
from indexer.index import Range, Request, Sort
from indexer.matching.search import ALL, MOST_CANDIDATES, NONE, Finder, finder_of
from indexer.passages import passages_of
from indexer.phonetics.tables import shipped
from indexer.query.builder import MODES
from indexer.query.planner import Planner
from indexer.settings import IndexSettings
from tests.support.finders import find, finder_over, matches, possible

ROWS = (
    ClipRow("1.mp3", generated_text="the house was painted", age="twenties", duration=2.0),
    ClipRow("2.mp3", generated_text="the wall was vainted red", age="twenties", duration=5.0),
    ClipRow("3.mp3", generated_text="she panted loudly", age="fourties", duration=9.0),
    ClipRow("4.mp3", generated_text="the pain ted had", duration=1.0),
    *(ClipRow(f"other/{number}.mp3", generated_text=f"the dog ran {number} times") for number in range(20)),
)


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    return finder_over(ROWS, tmp_path_factory.mktemp("search"), shipped())


def asked(finder: Finder, typed: str, least: float | None, **members: object) -> list[str]:
    """The ids of the possible matches."""
    plan = finder.planner.plan(typed)
    request = replace(Request(plan.query, size=50), **members)  # type: ignore[arg-type]
    return [one.passage.id for one in finder.find(plan, request, least).possible]


def test_possible_matches_are_no_matches(finder: Finder):
    for mode in MODES:
        assert not set(matches(finder, "painted", mode)) & possible(finder, "painted", mode).keys()
    assert matches(finder, "painted") == ["1.mp3"]
    assert {"2.mp3", "3.mp3", "4.mp3"} <= possible(finder, "painted").keys()


def test_only_those_of_the_least_probability_are_shown(finder: Finder):
    every = possible(finder, "painted")
    first = next(iter(every))
    for least in (ALL, 0.001, every[first], 0.9, NONE):
        expected = [one for one, probability in every.items() if probability >= least and least < NONE]
        found = find(finder, "painted", least=least)
        assert [one.passage.id for one in found.possible] == expected[:10]
        assert found.possible_total == len(expected)
        assert found.matches.total == 1


def test_the_default_is_the_threshold_of_the_tables_for_the_number_of_words(finder: Finder):
    one, two, three = shipped().possible.alone.thresholds
    for typed, threshold in (("painted", one), ("painted wall", two), ("was painted red", three)):
        for mode in ("forgiving", "exact"):
            assert finder.threshold(finder.planner.plan(typed, mode)) == threshold
        found = find(finder, typed, least=None)
        assert found.possible_total == find(finder, typed, least=threshold).possible_total
    assert finder.threshold(finder.planner.plan("was painted red blue", "any")) == one
    assert finder.threshold(finder.planner.plan("was painted red blue")) == three


def test_mode_sounds_like_shows_all(finder: Finder):
    found = find(finder, "painted", "sounds-like", least=None, size=50)
    assert [one.passage.id for one in found.possible] == list(possible(finder, "painted"))


def test_as_many_as_a_page_has_hits_are_listed_and_all_are_counted(finder: Finder):
    every = list(possible(finder, "painted"))
    found = find(finder, "painted", size=2)
    assert [one.passage.id for one in found.possible] == every[:2]
    assert found.possible_total == len(every) > 2


@pytest.mark.parametrize(
    ("members", "ids"),
    [
        ({"filters": {"age": frozenset({"twenties"})}}, ["2.mp3"]),
        ({"filters": {"age": frozenset({"fourties", "unknown"})}}, ["3.mp3", "4.mp3"]),
        ({"ranges": {"duration": Range(4.0, None)}}, ["2.mp3", "3.mp3"]),
        ({"ranges": {"duration": Range(100.0, None)}}, []),
    ],
    ids=["one value", "several values", "a range", "an empty range"],
)
def test_possible_matches_pass_the_same_filters(finder: Finder, members: dict[str, object], ids: Sequence[str]):
    found = asked(finder, "painted", ALL, **members)
    assert {one for one in found if not one.startswith("other")} == set(ids)


def test_conditions_of_the_query_apply_to_possible_matches(finder: Finder):
    assert "2.mp3" not in possible(finder, "painted -red")
    assert set(possible(finder, "painted age:twenties")) == {"2.mp3"}


def test_order_and_page_are_those_of_the_matches(finder: Finder):
    every = asked(finder, "painted", ALL)
    assert asked(finder, "painted", ALL, sort=Sort("duration", descending=True), page=3) == every


@pytest.mark.parametrize(("typed", "mode"), [("", "forgiving"), ("age:twenties", "any"), ("-red", "forgiving")])
def test_a_search_without_words_has_no_possible_matches(finder: Finder, typed: str, mode: str):
    found = find(finder, typed, mode)
    assert (found.possible_total, found.possible) == (0, ())
    assert found.matches.total > 0


def test_modes_exact_and_baseline_have_none_but_for_words_with_a_tilde(finder: Finder):
    assert possible(finder, "painted", "exact") == possible(finder, "painted", "baseline") == {}
    assert possible(finder, "painted~", "baseline") == {}
    assert list(possible(finder, "painted~", "exact")) == list(possible(finder, "painted"))
    assert "2.mp3" in possible(finder, "painted~ wall", "exact")
    assert possible(finder, "painted~ wool", "exact") == {}, "only words with a tilde may be misrecognised"


def test_at_most_a_shortlist_is_estimated(tmp_path: Path):
    rows = [ClipRow(f"{number:03}.mp3", generated_text="vainted") for number in range(MOST_CANDIDATES + 20)]
    finder = finder_over(rows, tmp_path)
    assert find(finder, "painted").possible_total == MOST_CANDIDATES
    assert next(iter(possible(finder, "painted"))) == "000.mp3", "equally probable ones are in the order of the index"


def test_a_changed_index_is_searched_with_its_own_words(tmp_path: Path):
    index = EmbeddedWriter(tmp_path)
    index.replace(passages_of(ROWS[0]))
    finder = finder_of(index, IndexSettings(phonetic_tables=tmp_path / "none.json"))
    assert possible(finder, "painted") == {}
    index.replace(passage for row in ROWS for passage in passages_of(row))
    assert "2.mp3" in possible(finder, "painted")


@pytest.mark.parametrize(
    ("model", "is_noted"),
    [("whisper-base", False), ("whisper-tiny.en-short", False), ("", False), ("facebook/wav2vec2-large-960h", False),
     ("another/model", True)],
)  # fmt: skip
def test_general_probabilities_are_noted_if_the_speech_model_has_none(tmp_path: Path, model: str, is_noted: bool):
    finder = finder_over([replace(row, asr_model=model) for row in ROWS], tmp_path)
    notes = find(finder, "painted").notes
    assert bool(notes) == is_noted
    if is_noted:
        assert notes == (f"the probabilities are general ones: there are none for the speech model {model}",)
        assert find(finder, "painted", least=NONE).notes == (), "none is shown"
        assert find(Finder(Planner(finder.planner.index, shipped())), "painted").notes == (), "own tables"


def test_a_misrecognition_of_a_word_that_occurs_often_is_as_probable_as_one_of_a_rare_word(tmp_path: Path):
    """Otherwise names that a whole collection is about would never be found where they were misrecognised."""

    def probability(occurrences: int) -> float:
        named = [f"THE ALCHEMIST CAME TO TOWN NUMBER {number}" for number in range(occurrences)]
        others = [f"THE PAINTED WALL WAS {number} YEARS OLD AND RED" for number in range(300)]
        texts = [*named, *others, "NO THE ALCHYMIST ANSWERED"]
        rows = [ClipRow(f"{number}.mp3", generated_text=text) for number, text in enumerate(texts)]
        return possible(finder_over(rows, tmp_path / str(occurrences)), "alchemist")[rows[-1].id]

    assert probability(3) > 0.5
    assert probability(100) == pytest.approx(probability(3), abs=0.05)
