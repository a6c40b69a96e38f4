"""How well search finds misrecognised words, and how far its possible matches can be believed, cross-fitted."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.cli.evaluating import search_function
from indexer.embedded.writer import EmbeddedWriter
from indexer.evaluation.metrics import SearchFunction, cross_fitted
from indexer.evaluation.possible import LEAST_CALIBRATED
from indexer.evaluation.scores import Score, score
from indexer.index import SearchWriter
from indexer.matching.query_sampling import ABSENT, FREQUENT, QuerySampler, references_of
from indexer.matching.search import Finder
from indexer.matching.training import learn
from indexer.passages import passages_of
from indexer.query.planner import Planner
from tests.support.word_errors import rows as made_rows

LEAST: Final = (
    # mode, kind, group, figure, at least
    ("forgiving", "one", "lost", "success@10", 0.45),
    ("forgiving", "two", "lost", "success@10", 0.65),
    ("forgiving", "three", "lost", "success@10", 0.73),
    ("forgiving", "one", "lost", "success@10_everything", 0.74),
    ("forgiving", "two", "lost", "success@10_everything", 0.70),
    ("forgiving", "three", "lost", "success@10_everything", 0.73),
    ("any", "one", "lost", "success@10_everything", 0.74),
    ("any", "two", "lost", "success@10_everything", 0.84),
    ("any", "three", "lost", "success@10_everything", 0.93),
    ("forgiving", "absent", "all", "zero_hits", 0.88),
)
"""On the real transcripts of wav2vec2-large-960h, two seeds of up to 800 queries per kind: with one, not even true
probabilities would have a calibration error below 0.06, because too few are above 0.1."""

LEAST_RIGHT: Final = 0.45
"""Share of the possible matches shown that must be right, for each number of words."""

MOST_UNCALIBRATED: Final = 0.06
"""The largest calibration error, for each number of words."""

MOST_LOST_ELSEWHERE: Final = (
    ("one", "recognised", "mrr@10", 0.005),
    ("two", "recognised", "mrr@10", 0.005),
    ("three", "recognised", "mrr@10", 0.005),
    ("frequent", "all", "precision@10", 0.02),
)
"""How much worse mode forgiving may be than mode baseline for correct transcripts."""

KINDS: Final = ("one", "two", "three", *ABSENT, FREQUENT)


def fit_to(index: SearchWriter) -> Callable[[Sequence[ClipRow]], SearchFunction]:
    """Search the index with tables learned from some rows."""
    return lambda half: search_function(Finder(Planner(index, learn(half, "one half"))), index)


def scored(rows: list[ClipRow], folder: Path, per_kind: int, seeds: int) -> Score:
    """The figures of modes forgiving, any and baseline, cross-fitted."""
    index = EmbeddedWriter(folder)
    index.replace(passage for row in rows for passage in passages_of(replace(row, text="")))
    sampler = QuerySampler(references_of(rows))
    drawn = (query for seed in range(seeds) for query in sampler.draw(seed, per_kind))
    queries = [query for query in drawn if query.kind in KINDS]
    references = {row.id: frozenset(tokens(row.text)) for row in rows}
    found = score(queries, cross_fitted(rows, fit_to(index)), ("forgiving", "any", "baseline"), {}, references)
    index.close()
    return found


def mean(found: Score, mode: str, kind: str, group: str, figure: str) -> float:
    estimate = found.modes[mode][kind][group].figures[figure]
    assert estimate is not None, f"no queries of kind {kind}"
    return estimate.mean


@pytest.fixture(scope="module")
def real(real_rows: list[ClipRow], tmp_path_factory: pytest.TempPathFactory) -> Score:
    return scored(real_rows, tmp_path_factory.mktemp("real"), 800, 2)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Score:
    return scored(made_rows(), tmp_path_factory.mktemp("made"), 100, 1)


@pytest.mark.long
@pytest.mark.parametrize(("mode", "kind", "group", "figure", "least"), LEAST)
def test_misrecognised_words_of_real_clips_are_found(
    real: Score, mode: str, kind: str, group: str, figure: str, least: float
):
    assert mean(real, mode, kind, group, figure) >= least


@pytest.mark.long
@pytest.mark.parametrize("words", ["one", "two", "three"])
def test_possible_matches_shown_of_real_clips_are_right(real: Score, words: str):
    figures = real.possible["forgiving"][words]
    assert figures.right is not None
    assert figures.right.mean >= LEAST_RIGHT


@pytest.mark.long
@pytest.mark.parametrize("words", ["one", "two", "three"])
def test_possible_matches_in_real_clips_are_right_as_often_as_their_probabilities_say(real: Score, words: str):
    figures = real.possible["forgiving"][words]
    assert figures.calibration_error is not None
    assert figures.calibration_error <= MOST_UNCALIBRATED, f"over those of at least {LEAST_CALIBRATED}"


@pytest.mark.long
@pytest.mark.parametrize(("kind", "group", "figure", "most"), MOST_LOST_ELSEWHERE)
def test_recognised_words_of_real_clips_are_found_as_well_as_in_mode_baseline(
    real: Score, kind: str, group: str, figure: str, most: float
):
    assert mean(real, "forgiving", kind, group, figure) >= mean(real, "baseline", kind, group, figure) - most


def test_misrecognised_words_of_generated_clips_are_found_with_tables_from_other_clips(made: Score):
    guessed, recognised = (mean(made, mode, "two", "lost", "mrr@10") for mode in ("forgiving", "baseline"))
    assert guessed > 0.5 > 0.1 > recognised


def test_recognised_words_of_generated_clips_are_found_as_well_as_in_mode_baseline(made: Score):
    for kind in ("two", "three"):
        forgiving, baseline = (mean(made, mode, kind, "recognised", "mrr@10") for mode in ("forgiving", "baseline"))
        assert forgiving >= baseline - 0.01
