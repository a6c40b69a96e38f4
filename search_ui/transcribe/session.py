"""What one visitor has on the third page: sounds that were dropped or recorded, and what became of each."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from hearsay.errors import ApiUnreachable, HearsayError
from hearsay.records.clip import ClipRow
from hearsay.storage.names import AUDIO_SUFFIXES, has_audio_suffix
from indexer.index import SearchReader
from indexer.query_tree import Term
from search_ui.connection import the_settings
from search_ui.errors import InboxUnavailable, TranscriptionRefused
from search_ui.transcribe.api_client import Notify, PageApiClient
from search_ui.transcribe.inbox import Inbox, file_name
from search_ui.transcribe.queue import TranscriptionQueue, Upload

LATE_SECONDS: Final = 15.0
"""How long the index may take to have what was added; it takes about a second."""


@dataclass(slots=True)
class TranscriptionSession:
    """Sounds and what became of them by digest, for as long as the visitor keeps the browser's tab open.

    ``added`` has the rows that are in the inbox, ``found`` the digests of those that the index has too, ``errors`` why
    the inbox did not take one. ``taken`` counts how often sounds were taken in.
    """

    api: PageApiClient
    queue: TranscriptionQueue
    inbox: Inbox
    uploads: dict[str, Upload] = field(default_factory=dict)
    added: dict[str, ClipRow] = field(default_factory=dict)
    added_at: dict[str, float] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)
    taken: int = 0

    def take(self, files: Iterable[UploadedFile]) -> None:
        """Put files before those that are there, and have them heard; the same bytes twice are one sound."""
        new = {upload.digest: upload for upload in (Upload.of(file.name, file.getvalue()) for file in files)}
        self.uploads = new | {digest: upload for digest, upload in self.uploads.items() if digest not in new}
        self.taken += 1
        self.queue.submit(self.uploads.values())

    def drop(self, digest: str) -> None:
        """Forget a sound; what was added of it stays added."""
        self.uploads.pop(digest, None)
        self.queue.submit(self.uploads.values())

    def try_again(self, digests: Iterable[str]) -> None:
        """Have sounds heard that could not be."""
        self.queue.forget(digests)
        self.queue.submit(self.uploads.values())

    def record(self, digest: str) -> ClipRow | None:
        """The row of a sound that was heard."""
        outcome = self.queue.outcome(digest)
        return outcome.result() if outcome.done() and outcome.exception() is None else None

    def is_new(self, digest: str) -> bool:
        """Whether it was heard and not added yet."""
        return digest not in self.added and self.record(digest) is not None

    def add(self, uploads: Sequence[Upload], speaker: Mapping[str, str], texts: Mapping[str, str]) -> None:
        """Add sounds that were heard to the inbox, with what a person says of the speaker and, by digest, was said."""
        known = {name: speaker.get(name, "") for name in ("age", "gender", "accent")}
        for upload in uploads:
            row = self.queue.outcome(upload.digest).result()
            row = replace(row, text=texts.get(upload.digest, ""), age=known["age"], gender=known["gender"])
            try:
                self.added[upload.digest] = self.inbox.add(upload, replace(row, accent=known["accent"]))
                self.added_at[upload.digest] = time.monotonic()
            except InboxUnavailable as problem:
                self.errors[upload.digest] = str(problem)

    def find_added(self, index: SearchReader) -> None:
        """See what of that which was added the index has by now."""
        self.found |= {
            digest for digest, row in self.added.items() if digest not in self.found and is_indexed(index, row)
        }

    def is_late(self, digest: str) -> bool:
        """Whether the index should have had an added sound by now."""
        return digest not in self.found and time.monotonic() - self.added_at[digest] > LATE_SECONDS

    def unreachable(self) -> list[str]:
        """The sounds that found no API."""
        return [digest for digest in self.queue.unreachable() if digest in self.uploads]

    def progress(self) -> tuple[str, ...]:
        """Words that change when anything goes on."""
        return (*self.queue.progress(), *sorted(self.found), *filter(self.is_late, self.added))

    def is_waiting(self) -> bool:
        """Whether a sound is still to be heard, or an added one to be found."""
        return self.queue.is_busy() or bool(self.unreachable()) or self.added.keys() > self.found


def current_session() -> TranscriptionSession:
    """The visit of whoever looks at the page now."""
    if "visit" not in st.session_state:
        told = the_settings()
        api = PageApiClient(told.api_url, told.api_key.get_secret_value(), told.api_timeout)

        def transcribe(upload: Upload, notify: Notify) -> ClipRow:
            check_suffix(upload)
            return api.transcribe(file_name(upload, 8), upload.data, notify)

        st.session_state["visit"] = TranscriptionSession(
            api, TranscriptionQueue(transcribe), Inbox(told.inbox_journal, told.inbox_audio)
        )
    session: TranscriptionSession = st.session_state["visit"]
    return session


def check_suffix(upload: Upload) -> None:
    """Raise `TranscriptionRefused` where a file is no audio by its suffix: nobody could play it from the inbox."""
    if not has_audio_suffix(upload.name):
        endings = ", ".join(sorted(AUDIO_SUFFIXES))
        raise TranscriptionRefused(f"By its name this is no sound; send a file whose name ends in one of {endings}.")


def is_indexed(index: SearchReader, row: ClipRow) -> bool:
    try:
        return index.count(Term("clip", row.id)) > 0
    except HearsayError:  # what is wrong with the index is said by the search page
        return False


@st.cache_data(show_spinner=False, ttl=2)
def is_ready(api: PageApiClient) -> bool | None:
    """Whether the API hears now; None where nothing answers."""
    try:
        return api.is_ready()
    except ApiUnreachable:
        return None
