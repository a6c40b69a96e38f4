"""Word confidences and their calibration."""

import math

import pytest

from asr.models.published import PUBLISHED
from asr.speech.word_confidence import confidence_of, mean_log


def test_every_published_model_is_calibrated() -> None:
    for model in PUBLISHED.values():
        confidence = confidence_of(model.digest)
        assert 0.9 < confidence([1.0]) < 1
        assert confidence([0.3]) < confidence([0.6]) < confidence([0.9])


def test_a_calibration_is_logistic_regression_on_the_mean_log_probability() -> None:
    tiny = confidence_of(PUBLISHED["whisper-tiny.en"].digest)
    odds = tiny([0.5, 0.125]) / (1 - tiny([0.5, 0.125]))
    assert math.log(odds) == pytest.approx(3.159 + 2.773 * math.log(0.25))


def test_an_uncalibrated_model_uses_the_geometric_mean() -> None:
    assert confidence_of("unknown")([0.5, 0.125]) == pytest.approx(0.25)


def test_a_probability_of_zero_is_floored() -> None:
    assert mean_log([0.0]) == pytest.approx(math.log(1e-6))
