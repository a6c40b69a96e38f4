"""Bootstrap intervals, compared with analytical results."""

import math

import numpy as np
import pytest

from hearsay.text.intervals import estimates


def test_constant_values_have_an_interval_of_zero_width():
    (figure,) = estimates([[0.25]] * 30, [str(at) for at in range(30)])
    assert (figure.mean, figure.low, figure.high) == (0.25, 0.25, 0.25)


def test_the_interval_of_a_proportion_matches_the_binomial_interval():
    count = 400
    values = [[float(at % 4 == 0)] for at in range(count)]
    (figure,) = estimates(values, [f"clip {at}" for at in range(count)])
    half = 1.96 * math.sqrt(0.25 * 0.75 / count)
    assert figure.mean == 0.25
    assert figure.low == pytest.approx(0.25 - half, abs=0.006)
    assert figure.high == pytest.approx(0.25 + half, abs=0.006)


def test_values_of_one_source_are_resampled_together():
    values = [[float(at % 2)] for at in range(50)] * 8
    sources = [f"clip {at}" for at in range(50)] * 8
    (together,) = estimates(values, sources)
    (apart,) = estimates(values, [str(at) for at in range(400)])
    (once,) = estimates(values[:50], sources[:50])
    assert together.mean == apart.mean == 0.5
    assert (together.low, together.high) == (once.low, once.high), "eight copies of each text add no information"
    assert together.high - together.low == pytest.approx(math.sqrt(8) * (apart.high - apart.low), rel=0.15)


def test_a_clip_with_more_values_has_more_weight():
    (figure,) = estimates([[1.0], [1.0], [1.0], [0.0]], ["a", "a", "a", "b"])
    assert (figure.mean, figure.low, figure.high) == (0.75, 0.0, 1.0)


def test_paired_differences_have_narrower_intervals():
    rng = np.random.default_rng(5)
    one = (rng.random(300) < 0.5).astype(float)
    other = one.copy()
    other[:30] = 1.0
    columns = np.column_stack((one, other, other - one))
    first, second, difference = estimates(columns, [str(at) for at in range(300)])
    assert difference.mean == pytest.approx(second.mean - first.mean)
    assert difference.high - difference.low < (first.high - first.low) / 2
    assert difference.low > 0


def test_the_interval_does_not_depend_on_the_order():
    values = [[float(at % 3)] for at in range(60)]
    sources = [f"clip {at:02}" for at in range(60)]
    assert estimates(values, sources) == estimates(values[::-1], sources[::-1])


def test_the_overall_rate_is_the_mean_of_clip_rates_weighted_by_word_count():
    errors, counts = [0, 1, 3, 0, 2, 1], [10, 2, 12, 7, 5, 4]
    values = [[wrong / count] for wrong, count in zip(errors, counts, strict=True)]
    (figure,) = estimates(values * 20, [str(at) for at in range(120)], counts * 20)
    assert figure.mean == pytest.approx(sum(errors) / sum(counts))
    assert figure.low < figure.mean < figure.high
    ratios = np.array(errors) - figure.mean * np.array(counts)  # the variance of a ratio, by linearisation
    half = 1.96 * math.sqrt((ratios**2).mean() / 120) / np.mean(counts)
    assert (figure.high - figure.low) / 2 == pytest.approx(half, rel=0.1)
