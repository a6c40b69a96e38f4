"""Completions and spelling suggestions: only words of the index, the most frequent first."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearsay.records.clip import ClipRow
from indexer.open import open_writer
from indexer.passages import passages_of
from indexer.query.planner import Planner, planner_of
from indexer.query.suggestions import OFTEN, completions, did_you_mean
from indexer.settings import IndexSettings

TRANSCRIPTS = (
    "the blacksmith let the hammer fall",
    "the blacksmith sang",
    "a black cat",
    "the black sea",
    "the blackbird",
    "treasure",
    "the troble",
    *["zorbing in 1984"] * OFTEN,
    "zorbink",
    "don't go",
)


@pytest.fixture(scope="module")
def planner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planner]:
    index = open_writer(IndexSettings(), str(tmp_path_factory.mktemp("words") / "index"))
    rows = [ClipRow(f"{at}.mp3", generated_text=text) for at, text in enumerate(TRANSCRIPTS)]
    index.replace(passage for row in rows for passage in passages_of(row))
    yield planner_of(index, IndexSettings(phonetic_tables=Path("none.json")))
    index.close()


def completed(planner: Planner, typed: str, most: int = 8) -> list[str]:
    return completions(planner.expander().lexicon, typed, most)


def test_the_last_word_is_completed_with_the_most_frequent_words(planner: Planner) -> None:
    assert completed(planner, "the blac") == ["the black", "the blacksmith", "the blackbird"]
    assert completed(planner, "blac", most=1) == ["black"]


def test_a_complete_word_is_not_suggested_again(planner: Planner) -> None:
    assert completed(planner, "black") == ["blacksmith", "blackbird"]


@pytest.mark.parametrize("typed", ["", "black ", "accent:blac", "black*", "black~", "?", "qqq", "東"])
def test_nothing_is_suggested_if_no_word_is_being_typed(planner: Planner, typed: str) -> None:
    assert completed(planner, typed) == []


@pytest.mark.parametrize(
    ("typed", "completion"),
    [
        ('"the tre', '"the treasure'),
        ("sea -tre", "sea -treasure"),
        ("sea –tre", "sea –treasure"),
        ("TRE", "treasure"),
        ("don'", "dont"),
    ],
)
def test_text_before_the_completed_word_is_unchanged(planner: Planner, typed: str, completion: str) -> None:
    assert completed(planner, typed) == [completion]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("blaksmith", "blacksmith"),
        ("the hammr", "the hammer"),
        ("Blaksmith said", "blacksmith said"),
        ('"tresure black" -cat age:teens', '"treasure black" -cat age:teens'),
        ("hammr hammr OR tresure", "hammer hammer OR treasure"),
    ],
)
def test_a_misspelt_word_is_corrected_to_the_nearest_word(planner: Planner, typed: str, meant: str) -> None:
    assert did_you_mean(planner, typed) == meant


@pytest.mark.parametrize(
    "typed", ["", "black", "computer", "blac*", "1985", "hammer5", "東京", "age:teen", "-hammr", "qqqqqq", "?!"]
)
def test_nothing_is_suggested_for_correct_words_and_words_without_a_near_match(planner: Planner, typed: str) -> None:
    assert did_you_mean(planner, typed) is None


def test_a_word_that_may_be_misrecognised_is_suggested_only_if_it_is_frequent(planner: Planner) -> None:
    assert did_you_mean(planner, "zorbinc") == "zorbing"
    assert did_you_mean(planner, "trobl") is None


@given(st.text(max_size=60))
def test_no_typed_text_raises_an_error(planner: Planner, typed: str) -> None:
    meant = did_you_mean(planner, typed)

    assert meant is None or meant != typed
    assert all(text != typed for text in completed(planner, typed))
