"""The *Insights* page as Streamlit runs it, with small indices and with the real clips."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from importlib.metadata import version
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from hearsay.records.clip import ClipRow
from hearsay.records.emotions import sentiment_of
from hearsay.records.transcript import ModelTranscript, Segment
from indexer.ingest.load import read_rows
from search_ui.search.request import search_page
from search_ui.state import SearchState
from tests.support.apps import SECONDS_TO_RUN, Open, opening
from tests.support.pages import load

EVIL = '<img src=x onerror="alert(1)">'

ROWS = [
    ClipRow(
        f"set/{at:02}.mp3",
        text="the blacksmith sang",
        generated_text="the black smith sang" if at % 2 else "the blacksmith sang",
        duration=1.0 + at % 5,
        age=("teens", "twenties")[at >= 15],
        accent="england" if at < 40 else "wales",
        emotion=("angry", "uncertain")[at % 2],
        sentiment=sentiment_of(("angry", "uncertain")[at % 2]),
        emotion_score=0.75,
    )
    for at in range(45)
]


def run_page() -> None:
    from search_ui.insights import page as insights_page

    insights_page.show()


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the page with an index of these records and these parameters in the address."""

    with opening(
        lambda: AppTest.from_function(run_page, default_timeout=SECONDS_TO_RUN), tmp_path, monkeypatch
    ) as open_page:
        yield open_page


def html(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(body for element in page.get("html") if not (body := element.proto.body).startswith("<style>"))


def text(page: AppTest) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html(page))).split())


def total_of(address: str) -> int:
    """The number of results of the search behind a link."""
    return search_page(SearchState.from_params(parse_qs(urlsplit(unescape(address)).query))).result.total


def rows_with_number(page: AppTest) -> list[tuple[str, int]]:
    """The address and the number of every row of the charts."""
    found = re.findall(
        r'<tr><th scope="row"><a class="go" href="([^"]+)".*?<td class="number">([\d,]+)</td>', html(page)
    )
    return [(address, int(number.replace(",", ""))) for address, number in found]


def test_the_agreement_of_two_transcripts_is_drawn_if_there_are_some(opened: Open) -> None:
    title = "Agreement of two transcripts"
    said = ("the blacksmith sang", "the black smith sang", "a bell")
    rows = [replace(row, transcripts=(ModelTranscript("two", said[at % 3]),)) for at, row in enumerate(ROWS[:30])]
    page = opened([*rows, *ROWS[30:]])
    assert "30 clips (67 %) have two transcripts" in text(page)
    columns = re.search(f'<ol class="columns" aria-label="{title}">(.*?)</ol>', html(page), re.DOTALL)
    assert columns
    links = re.findall(r'href="([^"]+)"[^>]* aria-label="[\d.–]+: ([\d,]+)"', columns[1])
    assert sum(int(number) for _, number in links) == 30
    assert [total_of(address) for address, _ in links] == [int(number) for _, number in links]


def test_without_second_transcripts_no_agreement_is_drawn(opened: Open) -> None:
    assert "Agreement" not in text(opened(ROWS))


def test_the_number_of_clips_their_duration_and_error_rate_are_at_the_top(opened: Open) -> None:
    shown = text(opened(ROWS))
    assert "clips 45" in shown
    assert "minutes 2.2" in shown
    assert "word error rate 32.6 %" in shown


def test_every_bar_links_to_a_search_with_its_number_of_results(opened: Open) -> None:
    page = opened(ROWS)
    rows = rows_with_number(page)
    assert len(rows) == 14
    parts = re.findall(r'href="([^"]+)"[^>]* aria-label="[^"]* %, ([\d,]+) of [\d,]+"', html(page))
    columns = re.findall(r'href="([^"]+)"[^>]* aria-label="[^"]* s: ([\d,]+)"', html(page))
    assert len(parts) > 10
    assert len(columns) == 5
    for address, number in [*rows, *parts, *columns]:
        assert total_of(address) == int(number), address


def test_word_errors_link_to_the_clips_that_contain_them(opened: Open) -> None:
    page = opened(ROWS)
    assert "blacksmith 45 clips 22 of 45 black smith 22" in text(page)
    word, replacement = re.findall(r'href="(\./\?q=[^"]+)"', html(page))
    assert total_of(word) == 45
    assert total_of(replacement) == 22


def test_the_page_explains_why_a_link_finds_more_clips_than_its_number(opened: Open) -> None:
    elsewhere = ClipRow("set/elsewhere.mp3", text="a blacksmith sang", generated_text="the blacksmith sang")
    both = [
        replace(elsewhere, id=f"set/both-{at}.mp3", text="a dog sang the tune", generated_text="a dog sang the tune")
        for at in range(3)
    ]
    page = opened([elsewhere, *both])
    (replacement,) = re.findall(r'<a class="go" href="([^"]+)"[^>]*>the</a> <small>1</small>', html(page))
    assert total_of(replacement) == 4
    assert (
        "Its link finds every clip whose reference contains the word and whose transcript contains the replacement"
        in text(page)
    )


RECORDING = ClipRow(
    "set/long.mp3",
    text="the blacksmith sang and sang",
    generated_text="the blacksmith sang and sang",
    duration=60.0,
    segments=(Segment(0.5, 29.0, "the blacksmith sang"), Segment(31.0, 60.0, "and sang")),
    emotion="uncertain",
    sentiment="uncertain",
    emotion_score=0.75,
)


def test_if_a_recording_has_several_passages_all_counts_name_passages(opened: Open) -> None:
    page = opened([*ROWS, RECORDING])
    shown = text(page)
    assert "passages 47" in shown
    assert "Sentiment and emotion of all passages" in shown
    assert "24 passages (51 %) are uncertain: the model gave no label" in shown
    assert "Groups of fewer than 20 passages (n < 20) have no rate" in shown
    assert "2 passages are not included" in shown
    assert "blacksmith 47 passages 22 of 45 black smith 22" in shown
    assert "Each passage of a recording has the reference of the whole recording" in shown
    heads = set(re.findall(r'<th scope="col">((?:clip|passage)s)</th>', html(page)))
    assert heads == {"passages"}
    assert not re.search(r"\d clips?\b", shown)


def test_an_error_rate_of_some_clips_names_their_number_at_the_top(opened: Open) -> None:
    shown = text(opened([*ROWS, RECORDING]))
    assert "word error rate (45 of 47 passages) 32.6 %" in shown
    normaliser = f"whisper-normalizer {version('whisper-normalizer')}"
    assert f"English texts are normalised by {normaliser} (English numbers" in shown
    assert "are counted in passages, which have no word error rate" in shown
    without_reference = ClipRow("set/new.mp3", generated_text="new")
    without_parts = text(opened([*ROWS, without_reference]))
    assert "word error rate (45 of 46 clips) 32.6 %" in without_parts
    assert "passages" not in without_parts


def test_a_group_with_too_few_clips_is_marked(opened: Open) -> None:
    shown = text(opened(ROWS))
    assert re.search(r"twenties \d+\.\d % \([\d.]+–[\d.]+ %\) 30", shown)
    assert "teens n < 20 15" in shown
    assert "Wales n < 20 5" in shown
    assert "Groups of fewer than 20 clips (n < 20) have no rate" in shown


def test_the_filters_of_the_address_narrow_the_page_and_its_links(opened: Open) -> None:
    page = opened(ROWS, accent="wales", q="nobody said this")
    assert "clips 5" in text(page)
    assert "accent\\: Wales ×" in [button.label for button in page.button]
    assert all("accent=wales" in address for address, _ in rows_with_number(page))
    page.button(key="clear-all").click().run()
    assert "clips 45" in text(page)


def test_filters_that_match_no_clip_are_reported(opened: Open) -> None:
    page = opened(ROWS, accent="mars")
    assert [info.value for info in page.info] == ["No clip matches the filters."]


def test_without_references_and_emotions_the_page_says_what_is_missing(opened: Open) -> None:
    shown = text(opened([ClipRow("set/a.mp3", generated_text="hello")]))
    assert "clips 1" in shown
    assert "No clip has a reference" in shown
    assert "No clip has an emotion label" in shown
    assert "The duration of all clips is unknown" in shown
    assert "Scores of the emotion model" not in shown
    assert "Most frequent word errors" not in shown


def test_without_word_errors_the_page_says_so(opened: Open) -> None:
    rows = [replace(row, generated_text=row.text) for row in ROWS]
    shown = text(opened(rows))
    assert "No word errors: all transcripts match their references" in shown
    assert "word error rate 0.0 %" in shown


def test_before_the_first_load_the_page_says_how_to_load(opened: Open) -> None:
    page = opened()
    assert "The index is empty" in page.info[0].value
    assert html(page) == ""


def test_an_empty_index_says_how_to_load(opened: Open) -> None:
    assert "The index is empty" in opened([]).info[0].value


def test_an_index_that_does_not_respond_is_reported(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDEX_URL", "http://127.0.0.1:9")
    page = opened()
    assert len(page.warning) == 1
    assert not page.exception


def test_added_clips_are_counted_at_once(opened: Open, tmp_path: Path) -> None:
    opened(ROWS)
    load(tmp_path / "index", [*ROWS, ClipRow("set/new.mp3", generated_text="new")])
    shown = text(opened())
    assert "clips 46" in shown
    assert "1 clip is not included: without a reference" in shown


def test_html_in_a_record_is_escaped(opened: Open) -> None:
    rows = [replace(row, accent=EVIL, age=EVIL, emotion=EVIL, text=f"{EVIL} said") for row in ROWS]
    page = html(opened(rows))
    assert "&lt;img src=x" in page
    assert "<img" not in page


@pytest.mark.parametrize("accents", [12, 30])
def test_many_values_have_rows_for_the_first_and_a_summary_of_the_others(opened: Open, accents: int) -> None:
    rows = [replace(row, accent=f"accent {at % accents:02}") for at, row in enumerate(ROWS)]
    shown = text(opened(rows))
    assert shown.count("18 more values, 21 clips in total") == (2 if accents == 30 else 0)
    assert "accent 11" in shown
    assert "accent 13" not in shown


def test_the_statistics_of_the_real_clips_are_right(opened: Open, real_data: Path) -> None:
    folder = real_data / "common-voice"
    rows = list(read_rows([folder / "cv-valid-dev.csv", folder / "wav2vec2-large-960h.csv"]).values())
    page = opened(rows)
    shown = text(page)
    assert "clips 1,860" in shown
    assert "word error rate 10.0 %" in shown
    assert "alchemist 44 clips 23 of 48 alchymist 7" in shown
    for address, number in rows_with_number(page):
        assert total_of(address) == number, address
