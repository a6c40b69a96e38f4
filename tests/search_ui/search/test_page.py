"""The search page's order, totals and sliders; and that errors are reported and recovered from."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Segment
from indexer.elastic.writer import ElasticWriter
from indexer.passages import passages_of
from tests.support.apps import ROWS, Open, address, choices, hits, html
from tests.support.elastic_nodes import Node, client_of, remove, settings
from tests.support.ports import free_port


def clips(page: AppTest) -> list[str]:
    """The clips of the results, in order."""
    return [part.partition("<")[0] for part in html(page).split('<span class="clip">')[1:]]


def test_results_have_the_order_in_the_address_and_the_menu_shows_it(opened: Open) -> None:
    page = opened(ROWS, sort="-duration")

    assert clips(page)[:2] == ["set/24.mp3", "set/23.mp3"]
    assert "<summary>Sort: longest first</summary>" in html(page)
    assert '<a class="go" href="?sort=duration" target="_self">shortest first</a>' in html(page)
    assert '<li class=chosen><a class="go" href="?sort=-duration"' in html(page)


def test_the_default_order_is_relevance_and_file_name_without_a_query(opened: Open) -> None:
    assert "Sort: file name" in html(opened(ROWS))
    assert "Sort: relevance" in html(opened(q="number 7"))
    assert "Sort: relevance" in html(opened(q="number 7", sort="loudness"))


def test_an_order_by_a_field_that_no_clip_has_is_not_offered(opened: Open) -> None:
    shown = html(opened(ROWS))
    assert "longest first</a>" in shown
    for unknown in (
        "highest confidence first",
        "lowest confidence first",
        "lowest word error rate first",
        "highest word error rate first",
    ):
        assert unknown not in shown

    assert "Sort: highest confidence first" in html(opened(sort="-confidence")), "the address can still set it"
    shown = html(opened([replace(ROWS[0], confidence=0.5, text="the dog"), *ROWS[1:]]))
    assert "highest confidence first</a>" in shown
    assert "lowest word error rate first</a>" in shown


def test_the_order_is_kept_when_words_and_filters_change(opened: Open) -> None:
    page = opened(ROWS, sort="-duration", page="2")
    page.text_input(key="words").set_value("dog").run()
    page.button_group(key="age").set_value(["teens"]).run()

    assert address(page) == {"q": ["dog"], "age": ["teens"], "sort": ["-duration"]}


def test_the_total_duration_is_beside_the_number_of_results(opened: Open) -> None:
    assert ">25 clips · 5.4 min<" in html(opened(ROWS))
    assert ">1 clip · 8 s<" in html(opened(q="number 7", mode="exact"))
    assert ">25 clips<" in html(opened([replace(row, duration=None) for row in ROWS]))


def test_parts_of_recordings_are_counted_as_passages(opened: Open) -> None:
    halves = (Segment(0.0, 20.0, "the interview begins"), Segment(40.0, 60.0, "the interview goes on"))
    page = opened([*ROWS, ClipRow("set/long.mp3", duration=120.0, segments=halves)], q="interview begins", mode="exact")

    assert ">1 passage · 20 s<" in html(page)


def test_models_are_a_filter_only_if_there_are_several(opened: Open) -> None:
    assert not [group for group in opened(ROWS).get("button_group") if group.key == "asr_model"]

    page = opened([*ROWS, ClipRow("other.mp3", asr_model="facebook/large")])
    assert choices(page, "asr_model") == ["pocketsphinx :gray[25]", "facebook/large :gray[1]"]
    page.button_group(key="asr_model").set_value(["facebook/large"]).run()
    assert address(page) == {"model": ["facebook/large"]}
    assert clips(page) == ["other.mp3"]
    assert page.button(key="chip asr_model facebook/large").label.endswith("×")


def test_confidence_has_a_slider_if_any_is_known(opened: Open) -> None:
    assert [slider.key for slider in opened(ROWS).select_slider] == ["duration"]

    page = opened([replace(row, confidence=at / 24) for at, row in enumerate(ROWS)])
    page.select_slider(key="confidence").set_value((0.75, 1.0)).run()
    assert address(page) == {"confidence": ["0.75-"]}
    assert ">7 clips" in html(page)
    assert page.button(key="chip confidence")


def test_the_duration_slider_ends_at_the_longest_clip(opened: Open) -> None:
    assert opened(ROWS).select_slider(key="duration").options[-1] == "25 s"

    page = opened([*ROWS, ClipRow("long.mp3", duration=70.0)])
    assert page.select_slider(key="duration").options[-1] == "120 s"
    page.select_slider(key="duration").set_value((60.0, 120.0)).run()
    assert address(page) == {"duration": ["60-"]}
    assert clips(page) == ["long.mp3"]


def test_bounds_between_the_stops_of_a_slider_are_kept(opened: Open) -> None:
    page = opened(ROWS, duration="2.5-40", confidence="0.123-", wer="-0.5")

    assert page.select_slider(key="duration").value == (2.5, 40.0)
    assert page.select_slider(key="confidence").value == (0.123, 1.0)
    assert page.button(key="chip wer")


def test_an_index_that_disappears_is_reported_and_used_again_when_it_returns(opened: Open, tmp_path: Path) -> None:
    page = opened(ROWS, q="dog")
    (tmp_path / "index").rename(tmp_path / "elsewhere")
    assert "The index is empty" in page.run().info[0].value
    assert hits(page) == 0

    (tmp_path / "elsewhere").rename(tmp_path / "index")
    assert hits(page.run()) == 10
    assert address(page) == {"q": ["dog"]}


@contextmanager
def line_to(port: int, at: int) -> Iterator[None]:
    """Forwards a port to a server for the duration of the block, then closes all its connections."""
    server, ends = socket.create_server(("127.0.0.1", at)), []

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)

    def accept() -> None:
        with suppress(OSError):
            while True:
                ends.append(near := server.accept()[0])
                ends.append(far := socket.create_connection(("127.0.0.1", port)))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    yield
    close(server)
    accepting.join()  # no further connection is accepted
    for end in ends:
        close(end)


def close(line: socket.socket) -> None:
    """Close a socket, also for threads that wait for it."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()


@pytest.mark.elastic
def test_an_unreachable_elasticsearch_is_reported_and_used_again_when_it_returns(
    opened: Open, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = settings()
    index = ElasticWriter(node.url, own)
    index.replace(passage for row in ROWS for passage in passages_of(row))
    monkeypatch.setenv("INDEX_NAME", own.index_name)
    there, current_search = urlsplit(node.url).port or 0, free_port()
    with line_to(there, current_search):
        monkeypatch.setenv("INDEX_URL", f"http://127.0.0.1:{current_search}")
        page = opened(q="dog", sort="-duration")
        assert clips(page)[0] == "set/24.mp3"

    assert "No response from http" in page.run().warning[0].value
    assert hits(page) == 0

    with line_to(there, current_search):
        assert clips(page.run())[0] == "set/24.mp3"
        assert ">25 clips · 5.4 min<" in html(page)
    index.close()
    with client_of(node.url) as client:
        remove(client, own)
