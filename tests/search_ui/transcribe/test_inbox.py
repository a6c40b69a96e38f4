"""The inbox stores added clips: safe names, nothing overwritten, records that can be indexed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hearsay.audio.formats import AUDIO_SUFFIXES
from hearsay.records.clip import ClipRow
from hearsay.records.journal import read_journal
from hearsay.storage.local import find_audio
from search_ui.errors import InboxUnavailable
from search_ui.settings import INBOX_DATASET as DATASET
from search_ui.transcribe.inbox import Inbox, file_name
from search_ui.transcribe.queue import Upload

ROW = ClipRow("later.wav", generated_text="hello", duration=1.5, age="twenties")
HELLO = Upload.of("hello.wav", b"RIFF hello")


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "inbox" / "clips.jsonl", tmp_path / "inbox" / "audio")


def test_audio_is_stored_with_its_record_and_found_by_its_id(inbox: Inbox) -> None:
    added = inbox.add(HELLO, ROW)

    assert added.id == f"inbox/hello-{HELLO.digest[:8]}.wav"
    assert (added.dataset, added.audio_digest, added.age) == ("inbox", HELLO.digest, "twenties")
    assert read_journal(inbox.journal) == {added.id: added}
    found = find_audio(inbox.audio, added.id, (DATASET,))
    assert found is not None
    assert found.read_bytes() == HELLO.data


def test_the_same_file_added_again_is_the_same_clip(inbox: Inbox) -> None:
    first, again = inbox.add(HELLO, ROW), inbox.add(HELLO, ClipRow("-", text="hullo"))

    assert first.id == again.id
    assert read_journal(inbox.journal)[first.id].text == "hullo"
    assert len(list(inbox.audio.iterdir())) == 1


def test_another_file_with_the_same_name_overwrites_nothing(inbox: Inbox) -> None:
    taken = inbox.audio / file_name(HELLO, 8)
    inbox.audio.mkdir(parents=True)
    taken.write_bytes(b"another file, whose digest has the same first eight digits")

    assert inbox.add(HELLO, ROW).id == f"inbox/hello-{HELLO.digest[:16]}.wav"
    assert taken.read_bytes().startswith(b"another file")


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("../../etc/passwd.wav", "passwd"),
        ("C:\\sounds\\a b.WAV", "a-b"),
        ("what?#1 50%.wav", "what-1-50"),
        ("...wav", "clip"),
        ("\n<b>.wav", "b"),
        ("é中हिं.wav", "é中ह-"),
        ("x" * 400 + ".wav", "x" * 120),
        ("中" * 200 + ".wav", "中" * 40),
    ],
)
def test_special_characters_are_removed_from_names(inbox: Inbox, name: str, cleaned: str) -> None:
    added = inbox.add(Upload.of(name, HELLO.data), ROW)

    assert added.id.startswith(f"inbox/{cleaned}")
    assert Path(added.id).suffix in {*AUDIO_SUFFIXES, ""}
    assert [path.parent for path in inbox.audio.rglob("*")] == [inbox.audio]


def test_no_record_is_lost_if_many_visitors_add_uploads_concurrently(inbox: Inbox) -> None:
    uploads = [Upload.of(f"{number}.wav", f"sound {number}".encode()) for number in range(20)]
    with ThreadPoolExecutor(10) as visitors:
        ids = {row.id for row in visitors.map(lambda upload: inbox.add(upload, ROW), uploads)}

    assert read_journal(inbox.journal).keys() == ids
    assert len(ids) == len(uploads)


def file_in_the_way(inbox: Inbox) -> None:
    inbox.audio.parent.write_text("")


def journal_in_the_way(inbox: Inbox) -> None:
    inbox.journal.mkdir(parents=True)


@pytest.mark.parametrize("spoil", [file_in_the_way, journal_in_the_way])
def test_an_inbox_that_cannot_be_written_is_reported(inbox: Inbox, spoil: Callable[[Inbox], None]) -> None:
    spoil(inbox)
    with pytest.raises(InboxUnavailable, match=r"cannot add hello\.wav to the inbox"):
        inbox.add(HELLO, ROW)
