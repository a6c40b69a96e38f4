"""Means with bootstrap intervals, for clustered measurements (several from the same source).

numpy is imported inside the functions: the rest of `hearsay.text` needs the standard library alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hearsay.text.wer import WordErrors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

RESAMPLES: Final = 1_000

_AT_ONCE: Final = 4_000_000
"""Draws held in memory at a time: 32 MB."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float


def estimates(values: "ArrayLike", sources: Sequence[str], weights: "ArrayLike" = 1.0) -> list[Estimate]:
    """The mean of each column of ``values`` (measurements × figures) with its interval.

    The percentile bootstrap over clusters (Davison and Hinkley, *Bootstrap Methods and their Application*, 1997, 3.8):
    `RESAMPLES` times, the sources are resampled with replacement, each with all of its measurements, since those of one
    source are not independent. The draws are the same every time, and the same for all columns, so that a column of
    differences gets the interval of paired differences. There is at least one measurement. ``weights`` are as long as
    ``values``: a word error rate is the mean of clips' rates, weighted by their words. The result does not depend on
    the order of the measurements, bit for bit.
    """
    import numpy as np

    table = np.asarray(values, dtype=np.float64)
    _, cluster = np.unique(sources, return_inverse=True)
    clusters = int(cluster.max()) + 1
    weight = np.broadcast_to(np.asarray(weights, dtype=np.float64), len(table))
    order = np.lexsort((*table.T, weight, cluster))
    table, cluster, weight = table[order], cluster[order], weight[order]
    sums = np.zeros((clusters, table.shape[1] + 1))  # the last column counts a source's measurements
    np.add.at(sums, cluster, np.column_stack((table * weight[:, None], weight)))
    means = _resampled_means(sums)
    low, high = np.percentile(means, (2.5, 97.5), axis=0)
    return [
        Estimate(*map(float, ends)) for ends in zip(np.average(table, axis=0, weights=weight), low, high, strict=True)
    ]


def error_rate(errors: Sequence[WordErrors], sources: Sequence[str]) -> Estimate:
    """The word error rate of clips together, errors by reference words, with its interval by resampling sources.

    After Bisani and Ney, *Bootstrap Estimates for Confidence Intervals in ASR Performance Evaluation*, 2004. Each clip
    has a reference word.
    """
    rates = [[each.errors / each.reference_words] for each in errors]
    (rate,) = estimates(rates, sources, [each.reference_words for each in errors])
    return rate


def _resampled_means(sums: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Resamples × figures; of each resample the sums over its sources by the weight of their measurements."""
    import numpy as np

    generator = np.random.default_rng(0)
    clusters = len(sums)
    batch = max(1, min(RESAMPLES, _AT_ONCE // clusters))
    found = []
    for start in range(0, RESAMPLES, batch):
        number = min(batch, RESAMPLES - start)
        drawn = generator.integers(clusters, size=(number, clusters)) + clusters * np.arange(number)[:, None]
        times = np.bincount(drawn.ravel(), minlength=number * clusters).reshape(number, clusters)
        totals = times @ sums
        found.append(totals[:, :-1] / totals[:, -1:])
    return np.concatenate(found)
