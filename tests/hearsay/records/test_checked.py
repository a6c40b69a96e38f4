"""Invalid times are corrected if possible and omitted otherwise; no word of the text is lost."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearsay.records.checked import checked
from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Alternative, ModelTranscript, Segment, Word

NAN = float("nan")


def segments_of(*times: tuple[float, float]) -> tuple[Segment, ...]:
    return tuple(Segment(start, end, f"s{number}") for number, (start, end) in enumerate(times))


def row_of(*times: tuple[float, float], duration: float | None = 90.0) -> ClipRow:
    found = segments_of(*times)
    return ClipRow("a", generated_text=" ".join(one.text for one in found), segments=found, duration=duration)


@pytest.mark.parametrize(
    ("given", "kept", "flaws"),
    [
        ([(60, 80), (0, 20), (20, 40)], [(0, 20), (20, 40), (60, 80)], ("out of order",)),
        ([(0, 25), (20, 50)], [(0, 20), (20, 50)], ("overlapping",)),
        ([(0, 50), (10, 20)], [(0, 10), (10, 20)], ("overlapping",)),
        ([(-3, 10), (10, 20)], [(0, 10), (10, 20)], ("negative",)),
        ([(0, 10), (80, 99)], [(0, 10), (80, 90)], ("beyond the end of the clip",)),
        ([(0, 10), (95, 99), (20, 30)], [(0, 10), (10, 10), (20, 30)], ("beyond the end of the clip",)),
        ([(0, 10), (40, 20), (50, 60)], [(0, 10), (10, 10), (50, 60)], ("end before start",)),
        ([(40, 20), (50, 60)], [(50, 50), (50, 60)], ("end before start",)),
        ([(0, 10), (NAN, 20), (20, math.inf)], [(0, 10), (10, 10), (10, 10)], ("not a number",)),
        ([(0, 10.01), (10, 90.04)], [(0, 10), (10, 90)], ()),
    ],
)
def test_invalid_times_are_corrected(given: list, kept: list, flaws: tuple[str, ...]):
    found = checked(row_of(*given))
    assert [(one.start, one.end) for one in found.row.segments] == kept
    assert (found.flaws, found.left_out) == (flaws, False)
    assert sorted(found.row.generated_text.split()) == sorted(row_of(*given).generated_text.split())


@pytest.mark.parametrize("times", [[(99.92, 90.72)], [(NAN, NAN)], [(-5, -1), (200, 300)]])
def test_segments_without_usable_times_are_omitted_and_the_text_is_kept(times: list):
    found = checked(row_of(*times))
    assert (found.row.segments, found.left_out) == ((), True)
    assert found.row.generated_text == row_of(*times).generated_text


def test_text_that_exists_only_in_omitted_segments_is_kept():
    row = ClipRow("a", segments=(Segment(9.0, 1.0, "only broken"), Segment(5.0, 1.0, "times")), duration=60.0)
    assert checked(row).row.generated_text == "only broken times"


def test_word_times_are_corrected_and_alternatives_are_kept():
    words = (Word("two", 1.0, 2.0), Word("one", 0.0, 0.5), Word("three", 9.0, 3.0, 0.5, (Alternative("tree", 0.4),)))
    found = checked(ClipRow("a", generated_text="two one three", words=words, duration=3.0))
    assert [(word.text, word.start, word.end) for word in found.row.words] == [
        ("one", 0.0, 0.5),
        ("three", 0.5, 0.5),
        ("two", 1.0, 2.0),
    ]
    assert found.row.words[1].alternatives == words[2].alternatives
    assert found.flaws == ("end before start", "out of order")


def test_a_corrected_transcript_keeps_only_the_old_words_that_it_still_contains():
    words = (
        Word("the", 0.0, 0.2),
        Word("black", 0.3, 0.5, None, (Alternative("block", 0.3),)),
        Word("smith", 0.6, 0.9),
    )
    row = ClipRow("a", generated_text="the goldsmith", words=words, segments=(Segment(0.0, 0.9, "the black smith"),))
    found = checked(row)
    assert (found.row.words, found.row.segments) == (words[:1], ())
    assert (found.flaws, found.left_out) == (("of another text",), True)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hello, World!", ("hello", "world")),
        ("\u4eac\u90fd\u5927\u5b66\u306f\u9060\u3044", ("\u4eac\u90fd", "\u5927\u5b66\u306f", "\u9060\u3044")),
        ("can\u2019t  stop", ("can't", "stop")),
    ],
)
def test_differences_in_spacing_punctuation_and_case_are_ignored(text: str, parts: tuple[str, ...]):
    words = tuple(Word(part, float(at), at + 0.5) for at, part in enumerate(parts))
    row = ClipRow("a", generated_text=text, words=words, duration=9.0)
    assert checked(row).row == row


@pytest.mark.parametrize(
    ("duration", "flaw"),
    [(NAN, "not a number"), (math.inf, "not a number"), (-1.0, "negative"), (1.7e308, "too large")],
)
def test_an_invalid_duration_becomes_none_and_is_named(duration: float, flaw: str):
    found = checked(row_of((0, 10), (20, 30), duration=duration))
    assert (found.row.duration, found.flaws, found.left_out) == (None, (flaw,), False)
    assert found.row.segments == row_of((0, 10), (20, 30)).segments


def test_times_of_more_than_32_years_are_invalid_in_a_clip_of_unknown_duration():
    found = checked(row_of((0, 10), (20, 1e300), (1e300, 1.7e308), (30, 40), duration=None))
    assert [(one.start, one.end) for one in found.row.segments] == [(0, 10), (10, 10), (10, 10), (30, 40)]
    assert (found.flaws, found.left_out) == (("too large",), False)


times = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-5, 100)
texts = st.sampled_from(["one", "two", "three", "", "京都"])
any_segments = st.lists(st.builds(Segment, times, times, texts), max_size=6).map(tuple)
any_words = st.lists(st.builds(Word, texts, times, times), max_size=6).map(tuple)


@given(any_words, any_segments, st.none() | st.floats(0, 80), st.booleans())
def test_checked_times_are_always_in_order_and_within_the_clip(
    words: tuple[Word, ...], segments: tuple[Segment, ...], duration: float | None, is_of_words: bool
):
    text = " ".join(item.text for item in (words if is_of_words else segments))
    row = ClipRow("a", generated_text=text, words=words, segments=segments, duration=duration)
    found = checked(row).row
    for items in (found.words, found.segments):
        assert all(0 <= item.start <= item.end for item in items)
        assert all(before.end <= after.start for before, after in pairwise(items))
        assert duration is None or all(item.end <= duration for item in items)
    assert not text.strip() or sorted(found.generated_text.split()) == sorted(text.split())
    assert checked(found) == type(checked(found))(found), "checking again changes nothing"


def further_of(text: str, *times: tuple[float, float]) -> ClipRow:
    words = tuple(Word(f"w{number}", start, end) for number, (start, end) in enumerate(times))
    return ClipRow("a", generated_text="said", duration=9.0, transcripts=(ModelTranscript("two", text, words),))


def test_words_of_further_transcripts_are_in_order_and_inside_the_clip():
    found = checked(further_of("w0 w1", (0, 5), (4, 12)))
    assert [(word.start, word.end) for word in found.row.transcripts[0].words] == [(0, 4), (4, 9)]
    assert (found.flaws, found.left_out) == (("beyond the end of the clip", "overlapping"), False)


def test_words_of_further_transcripts_that_are_not_its_text_are_left_out():
    found = checked(further_of("something else", (0, 5), (5, 9)))
    assert found.row.transcripts == (ModelTranscript("two", "something else"),)
    assert (found.flaws, found.left_out) == (("of another text",), True)


def test_further_transcripts_without_a_problem_stay_as_they_are():
    row = further_of("w0 w1", (0, 5), (5, 9))
    assert checked(row).row is row
