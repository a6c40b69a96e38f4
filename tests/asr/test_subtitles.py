"""Subtitles: numbers, times and texts as players read them."""

from asr.subtitles import srt, vtt
from clips.row import Segment

SEGMENTS = (Segment(0.0, 1.9996, "FIRST"), Segment(2.0, 2.5, ""), Segment(3599.5, 3725.25, "R & D <LATE>"))


def test_srt_numbers_its_cues_and_writes_a_comma():
    assert srt(SEGMENTS) == (
        "1\n00:00:00,000 --> 00:00:02,000\nFIRST\n\n2\n00:59:59,500 --> 01:02:05,250\nR & D <LATE>\n\n"
    )


def test_vtt_begins_with_its_name_and_escapes_markup():
    assert vtt(SEGMENTS) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nFIRST\n\n00:59:59.500 --> 01:02:05.250\nR &amp; D &lt;LATE&gt;\n\n"
    )


def test_a_silent_clip_has_no_cues():
    assert (srt(()), vtt(())) == ("", "WEBVTT\n\n")
