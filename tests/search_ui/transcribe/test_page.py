"""The *Transcribe* page as Streamlit runs it, with an API over HTTP and an inbox of the test."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from hearsay.audio.formats import AUDIO_SUFFIXES
from hearsay.records.clip import ClipRow
from hearsay.records.journal import read_journal
from indexer.ingest.watching import Watcher
from indexer.open import open_writer
from indexer.settings import IndexSettings
from search_ui.transcribe import page as transcribe_page
from search_ui.transcribe.session import TranscriptionSession
from tests.support.api_server import FakeApi
from tests.support.apps import SECONDS_TO_RUN, clear_caches, html
from tests.support.models import tone
from tests.support.pages import PROJECT, load

HELLO, OTHER = tone(8000), tone(9000)


@dataclass(frozen=True, slots=True)
class Desk:
    """An open page, its API, and the folder of its index and inbox."""

    page: AppTest
    api: FakeApi
    folder: Path

    def drop(self, *files: tuple[str, bytes]) -> None:
        self.page.file_uploader[0].set_value([(name, data, "audio/wav") for name, data in files]).run()

    def settle(self) -> str:
        """Run the page until nothing is pending, and once more; returns what it shows then.

        An upload that is transcribed while the page is drawn appears only in the parts that are drawn later.
        """
        deadline = time.monotonic() + SECONDS_TO_RUN
        while "Transcribing …" in (shown := html(self.page.run())) or "Queued …" in shown:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return html(self.page.run())

    def click(self, label: str) -> None:
        next(button for button in self.page.button if button.label == label).click().run()

    def rows(self) -> list[ClipRow]:
        return list(read_journal(self.folder / "inbox" / "clips.jsonl").values())


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    clear_caches()
    with FakeApi() as api:
        monkeypatch.setattr("search_ui.transcribe.session.LATE_SECONDS", 600.0)  # for a busy machine
        monkeypatch.setattr("search_ui.transcribe.api_client.CONNECT_SECONDS", 600.0)
        monkeypatch.setenv("API_URL", api.address)
        monkeypatch.setenv("API_KEY", "a key of the page")
        monkeypatch.setenv("INDEX_URL", str(tmp_path / "index"))
        monkeypatch.setenv("INBOX_DIR", str(tmp_path / "inbox"))
        yield Desk(opened(), api, tmp_path)
    clear_caches()


def opened() -> AppTest:
    def script() -> None:
        from search_ui.transcribe import page as transcribe_page

        transcribe_page.show()

    return AppTest.from_function(script, default_timeout=SECONDS_TO_RUN).run()


def test_the_page_states_that_uploads_are_stored_only_on_request(desk: Desk) -> None:
    assert "Audio and transcripts are not stored until you add them to the index." in desk.settle()
    desk.drop(("hello.wav", HELLO))
    desk.settle()
    assert not (desk.folder / "inbox").exists()


def test_each_file_shows_its_transcript_or_an_error(desk: Desk) -> None:
    desk.api.replies = [(415, {}, {"detail": "This is not audio: send wav or mp3."})]
    desk.drop(("notes.mp3", b"no sound"), ("hello.wav", HELLO))
    shown = desk.settle()

    assert "<strong>notes.mp3</strong> 8 bytes" in shown
    assert "This is not audio: send wav or mp3." in shown
    assert f"<strong>hello.wav</strong> {len(HELLO) / 1000:.0f} kB · 1.2 s" in shown
    assert f'<p class="transcript" dir="auto">{len(HELLO)}</p>' in shown
    assert "angry 0.75" in shown
    assert "confidence 0.98" in shown
    assert "Speech model: length · emotion model: loudness" in shown
    assert [button.label for button in desk.page.button].count("Add to the index") == 1
    assert desk.api.headers[0]["Authorization"] == "Bearer a key of the page"


def test_files_without_an_audio_suffix_are_rejected_and_others_transcribed(desk: Desk) -> None:
    desk.drop(("list.txt", OTHER), ("hello.WAV", HELLO), ("hello", tone(7000)))
    shown = desk.settle()

    endings = ", ".join(sorted(AUDIO_SUFFIXES))
    for name in ("list.txt", "hello"):
        assert f"Unsupported file type: {name}. Its name has to end in one of {endings}" in shown
    assert desk.api.received == [HELLO]


def test_a_file_is_sent_once_whatever_happens_on_the_page(desk: Desk) -> None:
    desk.drop(("hello.wav", HELLO), ("copy.wav", HELLO))
    desk.settle()
    desk.drop(("again.wav", HELLO), ("other.wav", OTHER))
    shown = desk.settle()

    assert desk.api.received == [HELLO, OTHER]
    assert shown.count('class="file"') == 2


def test_a_recording_is_transcribed_and_the_next_one_is_above_it(desk: Desk) -> None:
    for data in (HELLO, OTHER):
        desk.page.audio_input[0].set_value(("recording.wav", data, "audio/wav")).run()
        shown = desk.settle()

    assert desk.api.received == [HELLO, OTHER]
    assert shown.index(f">{len(OTHER)}<") < shown.index(f">{len(HELLO)}<")


def test_a_removed_upload_is_not_shown(desk: Desk) -> None:
    desk.drop(("hello.wav", HELLO))
    desk.settle()
    desk.click("Remove")

    assert 'class="file"' not in html(desk.page)


def test_an_added_clip_is_in_the_inbox_with_speaker_and_reference(desk: Desk) -> None:
    desk.drop(("hello.wav", HELLO))
    desk.settle()
    desk.page.selectbox(key="age").set_value("fourties")
    desk.page.selectbox(key="accent").set_value("wales")
    desk.page.text_input[0].set_value(" hello there ")
    desk.click("Add to the index")

    (row,) = desk.rows()
    assert (row.text, row.age, row.gender, row.accent) == ("hello there", "fourties", "", "wales")
    assert (row.dataset, row.generated_text, row.emotion) == ("inbox", str(len(HELLO)), "angry")
    assert (desk.folder / "inbox" / "audio" / Path(row.id).name).read_bytes() == HELLO
    assert "Added to the inbox, indexing …" in html(desk.page)
    assert desk.page.selectbox == []


def test_one_button_adds_all_uploads(desk: Desk) -> None:
    desk.drop(("hello.wav", HELLO), ("other.wav", OTHER))
    desk.settle()
    desk.click("Add all 2 to the index")

    assert len(desk.rows()) == 2
    assert html(desk.page).count("Added to the inbox, indexing …") == 2


def test_an_upload_that_is_transcribed_while_the_page_is_drawn_can_be_added_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show_speaker_and_wait(session: TranscriptionSession) -> None:
        show_speaker(session)
        while session.queue.is_busy():
            time.sleep(0.01)

    show_speaker = transcribe_page.show_speaker
    monkeypatch.setattr(transcribe_page, "show_speaker", show_speaker_and_wait)
    desk.drop(("hello.wav", HELLO), ("other.wav", OTHER))
    assert "Add all 2 to the index" in [button.label for button in desk.page.button]


def test_an_added_clip_is_found_as_soon_as_it_is_indexed(desk: Desk) -> None:
    load(desk.folder / "index", [ClipRow("set/1.mp3", generated_text="one")])
    desk.drop(("hello.wav", HELLO))
    desk.settle()
    desk.click("Add to the index")
    assert "indexing …" in html(desk.page.run())

    index = open_writer(IndexSettings(), str(desk.folder / "index"))
    Watcher(index, desk.folder / "inbox" / "clips.jsonl", desk.folder / "deletions.jsonl", lambda _: None).look()
    index.close()
    shown = html(desk.page.run().run())
    (row,) = desk.rows()
    address = f"./?q=clip%3Ainbox%2F{Path(row.id).name}"
    assert f'Added to the index · <a class="go" href="{address}" target="_self">Show clip</a>' in shown

    search = AppTest.from_file(str(PROJECT / "search_ui" / "app.py"), default_timeout=SECONDS_TO_RUN)
    search.query_params["q"] = f"clip:{row.id}"
    assert f'src="audio/{row.id}"' in html(search.run())


def test_if_indexing_takes_long_the_page_says_what_to_check(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_ui.transcribe.session.LATE_SECONDS", 0.0)
    desk.drop(("hello.wav", HELLO))
    desk.settle()
    desk.click("Add to the index")

    assert "Added to the inbox, but not indexed yet" in html(desk.page)


def test_an_inbox_that_cannot_be_written_is_reported_and_adding_can_be_repeated(desk: Desk) -> None:
    (desk.folder / "inbox").write_text("in the way")
    desk.drop(("hello.wav", HELLO))
    desk.settle()
    desk.click("Add to the index")

    assert "Cannot add hello.wav to the inbox" in html(desk.page)
    (desk.folder / "inbox").unlink()
    desk.click("Add to the index")
    assert "Cannot add hello.wav" not in html(desk.page)
    assert len(desk.rows()) == 1


def test_an_internal_error_of_the_api_can_be_retried(desk: Desk) -> None:
    desk.api.replies = [(500, {}, {"detail": "Internal error."})]
    desk.drop(("hello.wav", HELLO))
    assert "Internal error." in desk.settle()
    desk.click("Try again")

    assert f'<p class="transcript" dir="auto">{len(HELLO)}</p>' in desk.settle()


def test_without_the_api_the_page_says_how_to_start_it_and_continues_when_it_responds(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.api.replies = [None]
    with monkeypatch.context() as unreachable:
        unreachable.setattr("search_ui.transcribe.page.is_ready", lambda _: None)
        desk.drop(("hello.wav", HELLO))
        assert "Waiting for the API" in desk.settle()
        assert "hearsay api" in desk.page.warning[0].value

    assert f'<p class="transcript" dir="auto">{len(HELLO)}</p>' in desk.settle()
    assert not desk.page.warning


def test_while_the_api_loads_its_models_the_page_says_so(desk: Desk) -> None:
    desk.api.health = [(503, {}, {})]
    st.cache_data.clear()

    assert "is loading its models" in desk.page.run().info[0].value


def test_names_and_replies_are_escaped(desk: Desk) -> None:
    desk.api.replies = [(415, {}, {"detail": "<script>alert(1)</script>"})]
    desk.drop(("<img src=x>.wav", b"no sound"))
    shown = desk.settle()

    assert "&lt;img src=x&gt;.wav" in shown
    assert "<script>" not in shown
