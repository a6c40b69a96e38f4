"""Charts as HTML: every bar has a label and a number, and text of records is escaped."""

import re

from search_ui.insights.charts import (
    Bar,
    Interval,
    Part,
    Stacked,
    columns_html,
    histogram_html,
    intervals_html,
    stacked_html,
    words_html,
)

EVIL = '"><script>alert(1)</script>'


def test_a_word_has_the_number_of_clips_that_contain_it():
    html = words_html([(Bar("a", 1, "./?a"), "1 of 1", ""), (Bar("b", 1200, "./?b"), "3 of 1,300", "")], "words")
    assert "./?c" not in words_html([(Bar("20", 0, "./?c"), "1 of 1", "")], "words")
    assert re.findall(r"<small>(.*?)</small>", html) == ["1 clip", "1,200 clips"]


def test_the_height_of_a_column_is_its_count_and_empty_ones_have_no_link():
    html = columns_html(
        [Bar("0–1", 0, "./?a"), Bar("1–2", 50, "./?b"), Bar("2–3", 1200, "./?c")], "durations", unit=" s"
    )
    assert re.findall(r"--part:([\d.]+)", html) == ["0.0000", "0.0417", "1.0000"]
    assert re.findall(r'href="([^"]+)"', html) == ["./?b", "./?c"]
    assert 'aria-label="2–3 s: 1,200"' in html


def test_a_chart_without_columns_is_empty():
    assert columns_html([], "durations", unit="") == '<ol class="columns" aria-label="durations"></ol>'


def test_each_part_has_a_label_a_share_and_a_link_to_its_search():
    parts = [Part("angry", 30, "./?emotion=angry", "tone angry"), Part("fear", 0, "./?emotion=fear", "tone fear")]
    html = stacked_html([Stacked(Bar("teens", 40, "./?age=teens"), [parts, []])], "age", "by age")
    assert html.count('class="stack"') == 1
    assert 'aria-label="angry: 100 %, 30 of 30"' in html
    assert re.findall(r'href="([^"]+)"', html) == ["./?age=teens", "./?emotion=angry"]
    assert '<td class="number">40</td>' in html


def test_a_group_that_is_too_small_has_a_note_instead_of_shares():
    html = stacked_html([Stacked(Bar("teens", 5, "./?age=teens"), [], "n < 20")], "age", "by age")
    assert "<td><small>n &lt; 20</small></td>" in html


def test_a_rate_has_its_interval_on_the_same_scale():
    html = intervals_html([Interval(Bar("teens", 50, "./?age=teens"), (0.1, 0.05, 0.2), "")], "age", "by age", 0.4)
    assert 'style="width:25.00%"' in html
    assert 'style="left:12.50%;width:37.50%"' in html
    assert "10.0 % <small>(5.0–20.0 %)</small>" in html


def test_a_group_that_is_too_small_has_a_note_instead_of_a_rate():
    html = intervals_html([Interval(Bar("teens", 5, "./?age=teens"), None, "n < 20")], "age", "by age", 0.4)
    assert "<small>n &lt; 20</small>" in html
    assert "track" not in html


def test_a_histogram_has_its_numbers_in_its_label():
    html = histogram_html([0, 3, 6], ["low", "middle", "high"])
    assert 'role="img" aria-label="middle: 3, high: 6"' in html
    assert re.findall(r"--part:([\d.]+)", html) == ["0.0000", "0.5000", "1.0000"]


def test_text_of_records_is_escaped():
    bar = Bar(EVIL, 1, f"./?accent={EVIL}")
    part = Part(EVIL, 1, EVIL, EVIL)
    stats = (
        columns_html([bar], EVIL, EVIL),
        stacked_html([Stacked(bar, [[part]])], EVIL, EVIL),
        intervals_html([Interval(bar, None, EVIL)], EVIL, EVIL, 1.0),
        histogram_html([1], [EVIL]),
    )
    assert not any("<script" in html or '"">' in html for html in stats)
