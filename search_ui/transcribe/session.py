"""The uploads of one visitor on the *Transcribe* page, and their states."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from hearsay.audio.formats import AUDIO_SUFFIXES, has_audio_suffix
from hearsay.errors import ApiUnreachable, HearsayError
from hearsay.records.clip import ClipRow
from indexer.index import SearchReader
from indexer.query_tree import Term
from search_ui.connection import the_settings
from search_ui.errors import InboxUnavailable, TranscriptionRefused
from search_ui.transcribe.api_client import PageApiClient
from search_ui.transcribe.inbox import Inbox, file_name
from search_ui.transcribe.queue import Notify, TranscriptionQueue, Upload

LATE_SECONDS: Final = 15.0
"""How long indexing of an added clip may take until the page shows what to check; usually about a second."""


@dataclass(slots=True)
class TranscriptionSession:
    """Uploads and their states by digest, for as long as the visitor keeps the browser tab open.

    ``added`` has the records that are in the inbox, ``found`` the digests of those that are also in the index, and
    ``errors`` why an upload could not be added. ``taken`` counts how often the upload widgets were emptied.
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
        """Add files above the present ones and transcribe them; identical files are one upload."""
        new = {upload.digest: upload for upload in (Upload.of(file.name, file.getvalue()) for file in files)}
        self.uploads = new | {digest: upload for digest, upload in self.uploads.items() if digest not in new}
        self.taken += 1
        self.queue.submit(self.uploads.values())

    def drop(self, digest: str) -> None:
        """Remove an upload from the page; a clip that was added to the inbox remains there."""
        self.uploads.pop(digest, None)
        self.queue.submit(self.uploads.values())

    def try_again(self, digests: Iterable[str]) -> None:
        """Transcribe uploads that failed."""
        self.queue.forget(digests)
        self.queue.submit(self.uploads.values())

    def record(self, digest: str) -> ClipRow | None:
        """The record of an upload, None if it was not transcribed."""
        outcome = self.queue.outcome(digest)
        return outcome.result() if outcome.done() and outcome.exception() is None else None

    def is_new(self, digest: str) -> bool:
        """Whether an upload was transcribed and not added yet."""
        return digest not in self.added and self.record(digest) is not None

    def add(self, uploads: Sequence[Upload], speaker: Mapping[str, str], texts: Mapping[str, str]) -> None:
        """Add transcribed uploads to the inbox, with the speaker's properties and their references by digest."""
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
        """Check which added clips are in the index."""
        self.found |= {
            digest for digest, row in self.added.items() if digest not in self.found and is_indexed(index, row)
        }

    def is_late(self, digest: str) -> bool:
        """Whether an added clip should have been indexed by now."""
        return digest not in self.found and time.monotonic() - self.added_at[digest] > LATE_SECONDS

    def unreachable(self) -> list[str]:
        """The uploads for which the API was not reachable."""
        return [digest for digest in self.queue.unreachable() if digest in self.uploads]

    def progress(self) -> tuple[str, ...]:
        """Strings that change with the state of any upload."""
        return (*self.queue.progress(), *sorted(self.found), *filter(self.is_late, self.added))

    def is_waiting(self) -> bool:
        """Whether a transcript or the indexing of a clip is pending."""
        return self.queue.is_busy() or bool(self.unreachable()) or self.added.keys() > self.found


def current_session() -> TranscriptionSession:
    """The session of the current visitor."""
    if "visit" not in st.session_state:
        settings = the_settings()
        api = PageApiClient(settings.api_url, settings.api_key.get_secret_value(), settings.api_timeout)

        def transcribe(upload: Upload, notify: Notify) -> ClipRow:
            check_suffix(upload)
            return api.transcribe(file_name(upload, 8), upload.data, notify)

        st.session_state["visit"] = TranscriptionSession(
            api, TranscriptionQueue(transcribe), Inbox(settings.inbox_journal, settings.inbox_audio)
        )
    session: TranscriptionSession = st.session_state["visit"]
    return session


def check_suffix(upload: Upload) -> None:
    """Raise `TranscriptionRefused` for a file without a suffix of audio: it could not be played from the inbox."""
    if not has_audio_suffix(upload.name):
        endings = ", ".join(sorted(AUDIO_SUFFIXES))
        raise TranscriptionRefused(f"Unsupported file type: {upload.name}. Its name has to end in one of {endings}.")


def is_indexed(index: SearchReader, row: ClipRow) -> bool:
    """Whether the index has the clip; False if the index does not respond."""
    try:
        return index.count(Term("clip", row.id)) > 0
    except HearsayError:  # the search page reports problems with the index
        return False


@st.cache_data(show_spinner=False, ttl=2)
def is_ready(api: PageApiClient) -> bool | None:
    """Whether the API is ready; None if it does not respond."""
    try:
        return api.is_ready()
    except ApiUnreachable:
        return None
