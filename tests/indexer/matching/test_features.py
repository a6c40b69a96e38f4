"""The features of possible matches: one number for each name, and the standing of a passage among the others."""

from dataclasses import replace

import numpy as np
import pytest

from hearsay.records.clip import ClipRow
from indexer.matching.evidence import Transcribed
from indexer.matching.features import (
    MOST_BETTER,
    MOST_LEAD,
    QUERY_FEATURES,
    WORD_FEATURES,
    LostWords,
    query_features,
    word_features,
)
from indexer.matching.search import Finder, evidence_finder
from indexer.passages import passages_of
from tests.support.finders import finder_over

ROWS = (
    ClipRow("1.mp3", generated_text="THE WALL WAS VAINTED RED"),
    ClipRow("2.mp3", generated_text="SHE PANTED"),
    ClipRow("3.mp3", generated_text="THE BOUNTED"),
    ClipRow("4.mp3", generated_text="THE PAIN TED HAD"),
    ClipRow("5.mp3", generated_text="THE PAIN TED HAD AND THE WALL"),
)


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    return finder_over(ROWS, tmp_path_factory.mktemp("features"))


@pytest.fixture(scope="module")
def found(finder: Finder) -> tuple[dict[int, dict[str, float]], list[LostWords]]:
    """The features of “painted” in each clip by name, and the same as a query of several words."""
    (term,) = finder.planner.plan("painted").terms
    transcripts = [Transcribed.of(passage) for row in ROWS for passage in passages_of(row)]
    lost = evidence_finder(finder.planner).lost(term, transcripts)
    table = word_features("painted", lost, transcripts, finder.planner.expander())
    assert table.shape == (len(lost), len(WORD_FEATURES))
    named = {number: dict(zip(WORD_FEATURES, row, strict=True)) for number, row in zip(lost, table, strict=True)}
    several = [
        LostWords(transcripts[number], 2, ("painted",), (one,), (one.log_odds,), 3.0, 5.0)
        for number, one in lost.items()
    ]
    return named, several


Features = tuple[dict[int, dict[str, float]], list[LostWords]]


def test_the_features_of_a_word_describe_what_was_transcribed(found: Features):
    named, _ = found
    assert {"log odds of the expansion", "one"} <= named[0].keys()
    assert all(np.isfinite(list(features.values())).all() for features in named.values())
    assert {features["one"] for features in named.values()} == {1.0}
    assert {features["letters of the word"] for features in named.values()} == {7.0}
    known = "share of what was transcribed that the dictionary knows"
    assert (named[0][known], named[1][known]) == (0.0, 1.0)
    assert (named[0]["whether a pair was transcribed"], named[3]["whether a pair was transcribed"]) == (0.0, 1.0)
    several = "log number of passages with what was transcribed"
    assert (named[0][several], named[3][several]) == pytest.approx((0.0, np.log(2)))


def test_the_best_passages_have_none_before_them_and_the_others_are_behind(found: Features):
    named, _ = found
    better = {number: features["log number of passages with better evidence"] for number, features in named.items()}
    lead = {number: features["lead over the next passage"] for number, features in named.items()}
    best = {number for number, number_of_better in better.items() if number_of_better == 0}
    assert best == {3, 4}, "the same pair"
    assert {lead[number] for number in best} == {0.0}
    assert all(0 > lead[number] >= -MOST_LEAD for number in better.keys() - best)
    assert better.keys() - best


def test_the_features_of_several_words_describe_the_passage(found: Features):
    _, several = found
    table = query_features(several, 3)
    assert table.shape == (len(several), len(QUERY_FEATURES))
    assert np.isfinite(table).all()
    named = [dict(zip(QUERY_FEATURES, row, strict=True)) for row in table]
    first = named[0]
    assert first["number of lost words"] == 1
    assert first["sum of the log odds of the lost words"] == first["the least of them"] == several[0].log_odds[0]
    assert first["inverse document frequencies of the matched words"] == 3.0
    assert first["log number of matches"] == pytest.approx(np.log(4))
    assert {one["log number of possible matches"] for one in named} == {np.log(len(several))}


def test_more_matched_words_lead(found: Features):
    _, (first, *_) = found
    more = replace(first, matched_idf=first.matched_idf + 4)
    rows = [dict(zip(QUERY_FEATURES, row, strict=True)) for row in query_features([first, more], 0)]
    assert [row["log number of passages with better evidence"] for row in rows] == [pytest.approx(np.log(2)), 0.0]
    behind, ahead = (row["lead over the next passage"] for row in rows)
    assert MOST_LEAD > ahead == -behind > 0


def test_a_single_passage_leads_by_the_most(found: Features):
    _, several = found
    (only,) = query_features(several[:1], 0)
    named = dict(zip(QUERY_FEATURES, only, strict=True))
    assert named["lead over the next passage"] == MOST_LEAD
    assert named["log number of passages with better evidence"] == 0


def test_equally_good_passages_do_not_lead_each_other(found: Features):
    _, several = found
    rows = query_features(several[:1] * (MOST_BETTER + 20), 0)
    named = [dict(zip(QUERY_FEATURES, row, strict=True)) for row in rows]
    assert {one["lead over the next passage"] for one in named} == {0.0}
    assert {one["log number of passages with better evidence"] for one in named} == {0.0}


def test_without_evidence_there_are_no_rows(finder: Finder):
    assert word_features("painted", {}, [], finder.planner.expander()).shape == (0, len(WORD_FEATURES))
    assert query_features([], 0).shape == (0, len(QUERY_FEATURES))
