"""The export menu: its links belong to the search that is shown, and it states the number of results."""

import re
from html import unescape

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Segment, Word
from indexer.passages import Passage
from search_ui.export.menu import export_html, subtitles_html
from search_ui.export.zip_stream import MOST_HITS
from search_ui.state import SearchState

STATE = SearchState(words='a "b" <i>&', filters={"gender": ("male", "female")}, page=3)


def addresses(html: str) -> list[str]:
    return [unescape(address) for address in re.findall(r'(?:href|data-address)="([^"]*)"', html)]


def test_every_link_exports_the_search_that_is_shown() -> None:
    assert addresses(export_html(STATE, 37)) == [
        f"export/{kind}{STATE.address}"
        for kind in ("clips.csv", "manifest.jsonl", "clips.zip", "query.json", "query.sh")
    ]
    assert "<i>" not in export_html(STATE, 37)


@pytest.mark.parametrize(("total", "text"), [(1, "1 result"), (1234, "All 1,234 results")])
def test_the_menu_states_how_many_results_are_exported(total: int, text: str) -> None:
    assert f"<p>{text}</p>" in export_html(STATE, total)


def test_a_zip_that_would_be_rejected_is_not_offered() -> None:
    assert "export/clips.zip" in export_html(STATE, MOST_HITS)
    assert "export/clips.zip" not in export_html(STATE, MOST_HITS + 1)
    assert "up to 5,000 results" in export_html(STATE, MOST_HITS + 1)


def test_subtitles_are_offered_if_words_or_segments_have_times() -> None:
    spoken = ClipRow("set/a b#1.mp3", words=(Word("x", 0, 1),))
    parts = ClipRow("set/long.mp3", segments=(Segment(0, 1, "x"),))

    assert addresses(subtitles_html(Passage("x", 0, 1, spoken))) == [
        "subtitles/set/a%20b%231.mp3.srt",
        "subtitles/set/a%20b%231.mp3.vtt",
    ]
    assert addresses(subtitles_html(Passage("set/long.mp3#0002", 0, 1, parts)))[0] == "subtitles/set/long.mp3.srt"
    assert subtitles_html(Passage("x", 0, 1, ClipRow("x", generated_text="some time"))) == ""
