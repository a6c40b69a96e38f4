"""A whole recording: its passages in order of time, in parts, opened at the passage that was found."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Segment
from indexer.passages import Passage, passages_of
from search_ui.search.recording import PASSAGES, RecordingView, recording_address
from search_ui.state import SearchState
from tests.support.apps import Open, html

LONG = ClipRow(
    "set/long.mp3",
    duration=1200.0,
    segments=tuple(Segment(at * 20.0, at * 20.0 + 19.5, f"the {at + 1}. stretch of talk") for at in range(60)),
    words=(),
)
OTHER = replace(LONG, id="set/longer.mp3", segments=LONG.segments[:3], duration=60.0)


def shown(text: str) -> list[str]:
    return re.findall(r"the \d+\. stretch", text)


@given(st.text(min_size=1).map(str.strip).filter(bool), st.text().map(str.strip), st.none() | st.integers(1, 100_000))
def test_an_address_restores_its_recording(clip: str, at: str, part: int | None) -> None:
    assert RecordingView.from_params(RecordingView(clip, at, part).to_params()) == RecordingView(clip, at, part)


@given(st.dictionaries(st.sampled_from(["clip", "at", "part"]), st.lists(st.text())))
def test_any_address_selects_a_part(params: dict[str, list[str]]) -> None:
    opened = RecordingView.from_params(params)

    assert opened is None or opened.shown >= 1


@pytest.mark.parametrize(
    ("at", "part", "shown"),
    [
        ("a#0001", None, 1),
        ("a#0020", None, 1),
        ("a#0021", None, 2),
        ("a#0021", 1, 1),
        ("", None, 1),
        ("b#0099", None, 1),
    ],
)
def test_the_part_that_contains_the_passage_is_shown(at: str, part: int | None, shown: int) -> None:
    assert RecordingView("a", at, part).shown == shown


def test_the_link_to_a_recording_keeps_the_search() -> None:
    passage = Passage("a#0002", 30.0, 50.0, ClipRow("a"))
    state = SearchState("dog", filters={"age": ("teens",)}, page=3)

    assert recording_address(state, passage) == f"{state.address}&clip=a&at=a%230002"


def test_a_part_of_a_recording_links_to_the_whole_and_a_whole_clip_does_not(opened: Open) -> None:
    page = html(opened([LONG, ClipRow("a.mp3", generated_text="a short stretch")], q="7"))
    assert "?q=7&amp;clip=set%2Flong.mp3&amp;at=set%2Flong.mp3%23" in page

    assert "Whole recording" not in html(opened(q="short"))


def test_all_passages_are_in_order_of_time_below_name_and_duration(opened: Open) -> None:
    page = opened([LONG, OTHER], clip="set/longer.mp3")

    assert shown(html(page)) == [f"the {at}. stretch" for at in (1, 2, 3)]
    assert "<h2>set/longer.mp3</h2>" in html(page)
    assert "0:59 · 3 passages" in html(page)


def test_a_long_recording_opens_at_its_passage_and_is_paged(opened: Open) -> None:
    passages = list(passages_of(LONG))
    page = opened([LONG], clip=LONG.id, at=passages[24].id, q="talk")
    text = html(page)

    assert text.count("<li ") == PASSAGES
    assert shown(text)[0] == f"the {PASSAGES + 1}. stretch"
    assert re.findall(r'<li class="hit opened" data-start="([\d.]+)"', text) == ["480"]
    assert f'<ol class="hits" start="{PASSAGES + 1}">' in text
    assert "20:00" not in text
    assert "19:59 · 60 passages" in text


def test_query_words_are_marked_and_a_link_leads_back_to_the_search(opened: Open) -> None:
    text = html(opened([OTHER], clip=OTHER.id, q="stretch", gender="unknown"))

    assert text.count('<mark class="match">stretch</mark>') == 3
    assert 'href="?q=stretch&amp;gender=unknown" target="_self">Back to results' in text


@pytest.mark.parametrize(
    ("clip", "part", "message"),
    [("no/such.mp3", "1", "contains no clip no/such.mp3"), (LONG.id, "9", "has fewer passages")],
)
def test_a_missing_clip_or_part_is_reported(opened: Open, clip: str, part: str, message: str) -> None:
    assert message in html(opened([LONG], clip=clip, part=part))


def test_a_clip_that_is_one_passage_is_a_recording_too(opened: Open, samples: Path) -> None:
    row = ClipRow("samples/sample-000000.mp3", generated_text="hello", duration=3.0)

    text = html(opened([row], audio=samples, clip=row.id))

    assert "0:03 · 1 passage<" in text
    assert 'src="audio/samples/sample-000000.mp3"' in text


def test_text_of_the_address_is_escaped(opened: Open) -> None:
    assert "<b>" not in html(opened([LONG], clip="<b>evil</b>", at="<b>"))
