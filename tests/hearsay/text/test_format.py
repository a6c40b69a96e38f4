"""Numbers have the same format everywhere."""

import pytest

from hearsay.text.format import (
    clock,
    counted,
    duration,
    file_size,
    percent,
    percent_range,
    probability,
    share,
    total_duration,
)


@pytest.mark.parametrize(("number", "text"), [(0, "0 clips"), (1, "1 clip"), (1860, "1,860 clips")])
def test_the_noun_of_a_count_is_singular_or_plural(number: int, text: str):
    assert counted(number, "clip") == text


@pytest.mark.parametrize(("seconds", "time"), [(0, "0:00"), (59.9, "0:59"), (65, "1:05"), (3600, "1:00:00")])
def test_seconds_are_formatted_as_clock_time(seconds: float, time: str):
    assert clock(seconds) == time


@pytest.mark.parametrize(
    ("seconds", "time"),
    [(0.3, "0:00.3"), (31.26, "0:31.3"), (59.99, "1:00.0"), (3723.4, "1:02:03.4")],
)
def test_clock_time_can_include_tenths(seconds: float, time: str):
    assert clock(seconds, 1) == time


@pytest.mark.parametrize(("seconds", "text"), [(0.04, "0.0 s"), (4.2, "4.2 s"), (60, "1:00"), (128.9, "2:08")])
def test_a_duration_below_a_minute_is_in_seconds(seconds: float, text: str):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "label"),
    [(0.0, "0 s"), (41.7, "42 s"), (60.0, "1.0 min"), (156.0, "2.6 min"), (18_072.0, "5.0 h"), (3.6e7, "10,000.0 h")],
)
def test_total_durations_are_rounded(seconds: float, label: str):
    assert total_duration(seconds) == label


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 10, "0 %"), (1, 3, "33 %"), (10, 10, "100 %"), (1, 1000, "under 1 %"), (999, 1000, "100 %"), (0, 0, "0 %")],
)
def test_a_share_is_shown_as_a_percentage(part: int, whole: int, shown: str):
    assert share(part, whole) == shown


def test_a_rate_has_one_decimal_place_and_a_missing_rate_is_a_dash():
    assert (percent(0.1049), percent(None)) == ("10.5 %", "–")
    assert percent_range(0.0873, 0.1006) == "8.7–10.1 %"


@pytest.mark.parametrize(("size", "text"), [(812, "812 bytes"), (34_400, "34 kB"), (1_234_567, "1.2 MB")])
def test_file_sizes_use_decimal_units(size: int, text: str):
    assert file_size(size) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0.00"), (0.29, "0.29"), (0.829, "0.82"), (0.9999, "0.99"), (1.0, "1.00")]
)
def test_a_probability_has_a_leading_zero_and_is_rounded_down(value: float, text: str):
    assert probability(value) == text
