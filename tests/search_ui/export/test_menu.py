"""The menu that takes things away: its links lead to the search that is shown, and it counts what it offers."""

import re
from html import unescape

import pytest

from hearsay.records.clip import ClipRow, Segment, Word
from indexer.passages import Passage
from search_ui.export.menu import export_html, subtitles_html
from search_ui.export.zip_stream import MOST_HITS
from search_ui.state import SearchState

STATE = SearchState(words='a "b" <i>&', filters={"gender": ("male", "female")}, page=3)


def addresses(html: str) -> list[str]:
    return [unescape(address) for address in re.findall(r'(?:href|data-address)="([^"]*)"', html)]


def test_every_link_is_of_the_search_that_is_shown() -> None:
    assert addresses(export_html(STATE, 37)) == [
        f"export/{kind}{STATE.address}"
        for kind in ("clips.csv", "manifest.jsonl", "clips.zip", "query.json", "query.sh")
    ]
    assert "<i>" not in export_html(STATE, 37)


@pytest.mark.parametrize(("total", "said"), [(1, "the one hit"), (1234, "all 1,234 hits")])
def test_it_says_how_many_hits_are_taken_away(total: int, said: str) -> None:
    assert f"<p>{said}</p>" in export_html(STATE, total)


def test_a_zip_that_would_be_refused_is_not_offered() -> None:
    assert "export/clips.zip" in export_html(STATE, MOST_HITS)
    assert "export/clips.zip" not in export_html(STATE, MOST_HITS + 1)
    assert "up to 5,000 hits" in export_html(STATE, MOST_HITS + 1)


def test_subtitles_are_offered_where_it_is_known_when_something_was_said() -> None:
    spoken = ClipRow("set/a b#1.mp3", words=(Word("x", 0, 1),))
    parts = ClipRow("set/long.mp3", segments=(Segment(0, 1, "x"),))

    assert addresses(subtitles_html(Passage("x", 0, 1, spoken))) == [
        "subtitles/set/a%20b%231.mp3.srt",
        "subtitles/set/a%20b%231.mp3.vtt",
    ]
    assert addresses(subtitles_html(Passage("set/long.mp3#0002", 0, 1, parts)))[0] == "subtitles/set/long.mp3.srt"
    assert subtitles_html(Passage("x", 0, 1, ClipRow("x", generated_text="some time"))) == ""
