"""How far possible matches can be believed: which share of them is right, and whether their probabilities are true."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hearsay.text.intervals import Estimate, estimates
from hearsay.text.normalize import tokens
from indexer.evaluation.metrics import FIRST, ResultList
from indexer.matching.query_sampling import ABSENT, SAID, SampledQuery

LEAST_CALIBRATED: Final = 0.1
"""The calibration error is that of possible matches with at least this probability."""

BINS: Final = 10

LEVELS: Final = tuple(hundredths / 100 for hundredths in (1, 2, 5, *range(10, 100, 5)))
"""Thresholds of the curve of precision against recall."""

References = Mapping[str, frozenset[str]]
"""The words of the reference of each clip."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """With a threshold of ``least``: the share of the possible matches shown that are right, and the share of queries
    for lost words whose clip is among the first ten results. ``precision`` is None if nothing is shown.
    """

    least: float
    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class PossibleFigures:
    """The figures of possible matches over ``n`` queries, `ABSENT` ones included.

    ``right`` is the share of those shown by default whose clip contains all words of the query, None if nothing was
    shown, and ``shown`` their number per query. ``calibration_error`` is the expected calibration error of `BINS` bins
    of equal width (Naeini et al., AAAI 2015) over those of at least `LEAST_CALIBRATED`; ``bins`` has mean probability,
    share that is right, and number of each bin over all of them.
    """

    n: int
    right: Estimate | None
    shown: float
    calibration_error: float | None
    bins: tuple[tuple[float, float, int], ...]
    curve: tuple[CurvePoint, ...]

    def to_json(self) -> dict[str, Any]:
        right = self.right
        return {
            "n": self.n,
            "right": None if right is None else round(right.mean, 4),
            "right_interval": None if right is None else [round(right.low, 4), round(right.high, 4)],
            "shown": round(self.shown, 4),
            "calibration_error": None if self.calibration_error is None else round(self.calibration_error, 4),
            "bins": [[round(mean, 4), round(share, 4), number] for mean, share, number in self.bins],
            "curve": [
                {
                    "least": point.least,
                    "precision": None if point.precision is None else round(point.precision, 4),
                    "recall": None if point.recall is None else round(point.recall, 4),
                }
                for point in self.curve
            ],
        }


@dataclass(frozen=True, slots=True)
class _Judged:
    """One query's possible matches: their probabilities, and which of them are right."""

    query: SampledQuery
    results: ResultList
    probabilities: NDArray[np.float64]
    is_right: NDArray[np.bool_]


def possible_figures(
    queries: Sequence[SampledQuery], results: Sequence[ResultList], references: References
) -> dict[str, PossibleFigures]:
    """The figures by number of words, as a kind of `SAID`."""
    found = {}
    for said, absent in zip(SAID, ABSENT, strict=True):
        judged = [
            _judged(query, result, references)
            for query, result in zip(queries, results, strict=True)
            if query.kind in (said, absent)
        ]
        if judged:
            found[said] = _figures(judged)
    return found


def _judged(query: SampledQuery, results: ResultList, references: References) -> _Judged:
    words = set(tokens(query.text))
    is_right = [words <= references.get(clip, frozenset()) for clip in results.possible]
    return _Judged(query, results, np.array(results.probabilities), np.array(is_right, np.bool_))


def _figures(judged: Sequence[_Judged]) -> PossibleFigures:
    shown = np.array([one.results.number_shown for one in judged], np.float64)
    right = np.array([one.is_right[: one.results.number_shown].sum() for one in judged], np.float64)
    share = None
    if shown.any():
        rates = (right / np.maximum(1, shown))[:, None]
        has_some = shown > 0
        sources = [one.query.source for one, some in zip(judged, has_some, strict=True) if some]
        (share,) = estimates(rates[has_some], sources, shown[has_some])
    probabilities = np.concatenate([one.probabilities for one in judged])
    is_right = np.concatenate([one.is_right for one in judged])
    return PossibleFigures(
        len(judged),
        share,
        float(shown.mean()),
        _calibration_error(probabilities, is_right),
        tuple(_bins(probabilities, is_right)),
        tuple(_point(judged, probabilities, is_right, least) for least in LEVELS),
    )


def _calibration_error(probabilities: NDArray[np.float64], is_right: NDArray[np.bool_]) -> float | None:
    counts = probabilities >= LEAST_CALIBRATED
    if not counts.any():
        return None
    found = _bins(probabilities[counts], is_right[counts])
    return sum(number * abs(mean - share) for mean, share, number in found) / int(counts.sum())


def _bins(probabilities: NDArray[np.float64], is_right: NDArray[np.bool_]) -> list[tuple[float, float, int]]:
    """Mean probability, share that is right, and number of each bin that is not empty."""
    number = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    return [
        (float(probabilities[number == one].mean()), float(is_right[number == one].mean()), int((number == one).sum()))
        for one in range(BINS)
        if (number == one).any()
    ]


def _point(
    judged: Sequence[_Judged], probabilities: NDArray[np.float64], is_right: NDArray[np.bool_], least: float
) -> CurvePoint:
    is_shown = probabilities >= least
    lost = [one for one in judged if one.query.is_lost and not one.query.is_absent]
    succeeded = [bool(one.query.relevant & set(one.results.with_least(least).shown[:FIRST])) for one in lost]
    return CurvePoint(
        least,
        float(is_right[is_shown].mean()) if is_shown.any() else None,
        sum(succeeded) / len(succeeded) if succeeded else None,
    )
