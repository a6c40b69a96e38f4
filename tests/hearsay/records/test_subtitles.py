"""Subtitles: numbers, times and texts in the formats that players read."""

from itertools import pairwise

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.subtitles import LONGEST_CUE, LONGEST_TEXT, cues, srt, vtt
from hearsay.records.transcript import Segment, Word

SEGMENTS = (Segment(0.0, 1.9996, "FIRST"), Segment(2.0, 2.5, ""), Segment(3599.5, 3725.25, "R & D <LATE>"))


def test_srt_numbers_the_cues_and_uses_a_decimal_comma() -> None:
    assert srt(SEGMENTS) == (
        "1\n00:00:00,000 --> 00:00:02,000\nFIRST\n\n2\n00:59:59,500 --> 01:02:05,250\nR & D <LATE>\n\n"
    )


def test_vtt_begins_with_its_header_and_escapes_markup() -> None:
    assert vtt(SEGMENTS) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nFIRST\n\n00:59:59.500 --> 01:02:05.250\nR &amp; D &lt;LATE&gt;\n\n"
    )


def test_a_silent_clip_has_no_cues() -> None:
    assert (srt(()), vtt(())) == ("", "WEBVTT\n\n")


def words(*timed: tuple[str, float, float]) -> tuple[Word, ...]:
    return tuple(Word(text, start, end) for text, start, end in timed)


def test_a_pause_ends_a_cue() -> None:
    row = ClipRow("a", words=words(("GOOD", 0.1, 0.4), ("DAY", 0.5, 0.9), ("SIR", 1.75, 2.0)))

    assert srt(cues(row)) == "1\n00:00:00,100 --> 00:00:00,900\nGOOD DAY\n\n2\n00:00:01,750 --> 00:00:02,000\nSIR\n\n"


def test_long_speech_is_split_into_readable_cues() -> None:
    slow = words(*((f"word{at}", at * 1.5, at * 1.5 + 1.4) for at in range(20)))
    quick = words(*((f"word{at:03}", at * 0.1, at * 0.1 + 0.1) for at in range(200)))
    for timed in (slow, quick):
        found = cues(ClipRow("a", words=timed, segments=(Segment(0.0, 30.0, "all of it"),)))
        assert " ".join(cue.text for cue in found) == " ".join(word.text for word in timed)
        assert all(cue.end - cue.start <= LONGEST_CUE and len(cue.text) <= LONGEST_TEXT for cue in found)
        assert len(found) <= 24


def test_words_of_a_language_without_spaces_are_joined_without_them() -> None:
    words = tuple(Word(text, 0.3 * n, 0.3 * n + 0.3) for n, text in enumerate("今日は"))
    assert [cue.text for cue in cues(ClipRow("a", words=words, language="ja"))] == ["今日は"]
    assert [cue.text for cue in cues(ClipRow("a", words=words))] == ["今 日 は"]


def test_an_overlong_word_is_a_separate_cue() -> None:
    timed = words(("a" * 100, 0.0, 9.0), ("b", 9.0, 9.1))

    assert [cue.text for cue in cues(ClipRow("a", words=timed))] == ["a" * 100, "b"]


def test_without_word_times_the_segments_are_the_cues() -> None:
    assert cues(ClipRow("a", segments=SEGMENTS)) == SEGMENTS
    assert cues(ClipRow("a", generated_text="SAID SOME TIME")) == ()


def test_long_segments_without_word_times_are_divided_at_spaces() -> None:
    text = " ".join(f"word{number}" for number in range(60))
    found = cues(ClipRow("a", segments=(Segment(10.0, 40.0, text),)))
    assert " ".join(cue.text for cue in found) == text
    assert all(len(cue.text) <= LONGEST_TEXT and cue.end - cue.start <= LONGEST_CUE for cue in found)
    assert (found[0].start, found[-1].end) == (10.0, pytest.approx(40.0))
    assert all(before.end == pytest.approx(after.start) for before, after in pairwise(found))
