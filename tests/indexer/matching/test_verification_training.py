"""Training of the check against the audio, on made scores: they decide, and thresholds keep their shares."""

from random import Random

import pytest

from hearsay.records.clip import ClipRow
from hearsay.results.text_scores import TextScore, TextScores, WordsScore
from indexer.errors import WrongRequest
from indexer.matching.probability import PossibleMatch
from indexer.matching.query_sampling import ABSENT, SAID, SampledQuery
from indexer.matching.verification_training import LEAST_EMPTY, LEAST_RIGHT, CheckedMatch, CheckedQuery, fitted
from indexer.passages import passages_of
from indexer.query.explanation import Evidence


def match(clip: str, probability: float, mean: float | None, *, is_right: bool) -> CheckedMatch:
    (passage,) = passages_of(ClipRow(clip, generated_text="vainted"))
    possible = PossibleMatch(passage, probability, (Evidence("painted", "sounds like", ("vainted",), probability),))
    if mean is None:
        return CheckedMatch(possible, None, is_right)
    text = TextScore(3 * mean + 20, WordsScore(mean, 2 * mean), WordsScore(-7.0, -8.0))
    return CheckedMatch(possible, TextScores("made", -1.0, (text,)), is_right)


def queries(words: int, number: int = 300) -> list[CheckedQuery]:
    """Queries whose clip is one of five alike possible matches; the audio tells it from the others, mostly."""
    rng = Random(words)
    found = []
    for at in range(number):
        is_absent = at % 5 == 0
        kind = (ABSENT if is_absent else SAID)[words - 1]
        relevant = frozenset() if is_absent else frozenset({f"{at}-0.mp3"})
        possible = []
        for rank in range(5):
            is_right = not is_absent and rank == 0
            mean = rng.gauss(-1.0 if is_right else -9.0, 2.0)
            possible.append(match(f"{at}-{rank}.mp3", rng.uniform(0.05, 0.3), min(-0.01, mean), is_right=is_right))
        query = SampledQuery(kind, f"word{at}", str(at), relevant, is_lost=True)
        found.append(CheckedQuery(query, words, (), 0.25, tuple(possible)))
    return found


def test_the_scores_decide_where_probabilities_do_not():
    training, others = [*queries(1), *queries(2)], queries(1, 500)
    model = fitted(training, "made", "made scores")
    assert (model.model, model.source) == ("made", "made scores")
    unchecked = [query.shown(None) for query in others]
    checked = [query.shown(model) for query in others]
    right = [sum(one.is_right for one in shown) for shown in checked]
    assert sum(right) > 0.9 * sum(not query.query.is_absent for query in others)
    assert sum(right) >= LEAST_RIGHT * sum(map(len, checked))
    assert sum(map(len, unchecked)) > 0
    assert sum(one.is_right for shown in unchecked for one in shown) < 0.3 * sum(map(len, unchecked))
    empty = [not shown for query, shown in zip(others, checked, strict=True) if query.query.is_absent]
    assert sum(empty) >= (LEAST_EMPTY - 0.05) * len(empty)


def test_what_was_not_checked_keeps_its_probability_and_its_threshold():
    model = fitted([*queries(1), *queries(2)], "made", "")
    query = queries(1, 1)[0]
    possible = (match("a.mp3", 0.24, None, is_right=False), match("b.mp3", 0.26, None, is_right=False))
    shown = CheckedQuery(query.query, 1, (), 0.25, possible).shown(model)
    assert [one.possible.passage.clip for one in shown] == ["b.mp3"]


def test_too_few_checks_are_refused():
    with pytest.raises(WrongRequest, match="too few"):
        fitted(queries(1), "made", "")
