"""What one visitor has on the third page: sounds that were dropped or recorded, and what became of each."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from hearsay.errors import HearsayError
from hearsay.records.clip import ClipRow
from hearsay.storage.names import AUDIO_SUFFIXES, has_audio_suffix
from indexer.index import SearchReader
from indexer.query_tree import Term
from search_ui.connection import the_settings
from search_ui.errors import ApiAway, NotAdded, NotHeard
from search_ui.transcribe.api_client import Api, Say
from search_ui.transcribe.inbox import Inbox, file_name
from search_ui.transcribe.trial import Sound, Trial

LATE_SECONDS: Final = 15.0
"""How long the index may take to have what was added; it takes about a second."""


@dataclass(slots=True)
class Visit:
    """Sounds and what became of them by digest, for as long as the visitor keeps the browser's tab open.

    ``added`` has the rows that are in the inbox, ``found`` the digests of those that the index has too, ``refused`` why
    the inbox did not take one. ``taken`` counts how often sounds were taken in.
    """

    api: Api
    trial: Trial
    inbox: Inbox
    sounds: dict[str, Sound] = field(default_factory=dict)
    added: dict[str, ClipRow] = field(default_factory=dict)
    added_at: dict[str, float] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    taken: int = 0

    def take(self, files: Iterable[UploadedFile]) -> None:
        """Put files before those that are there, and have them heard; the same bytes twice are one sound."""
        came = {sound.digest: sound for sound in (Sound.of(file.name, file.getvalue()) for file in files)}
        self.sounds = came | {digest: sound for digest, sound in self.sounds.items() if digest not in came}
        self.taken += 1
        self.trial.want(self.sounds.values())

    def drop(self, digest: str) -> None:
        """Forget a sound; what was added of it stays added."""
        self.sounds.pop(digest, None)
        self.trial.want(self.sounds.values())

    def try_again(self, digests: Iterable[str]) -> None:
        """Have sounds heard that could not be."""
        self.trial.forget(digests)
        self.trial.want(self.sounds.values())

    def heard(self, digest: str) -> ClipRow | None:
        """The row of a sound that was heard."""
        outcome = self.trial.outcome(digest)
        return outcome.result() if outcome.done() and outcome.exception() is None else None

    def is_new(self, digest: str) -> bool:
        """Whether it was heard and not added yet."""
        return digest not in self.added and self.heard(digest) is not None

    def add(self, sounds: Sequence[Sound], speaker: Mapping[str, str], texts: Mapping[str, str]) -> None:
        """Add sounds that were heard to the inbox, with what a person says of the speaker and, by digest, was said."""
        said = {name: speaker.get(name, "") for name in ("age", "gender", "accent")}
        for sound in sounds:
            row = self.trial.outcome(sound.digest).result()
            row = replace(row, text=texts.get(sound.digest, ""), age=said["age"], gender=said["gender"])
            try:
                self.added[sound.digest] = self.inbox.add(sound, replace(row, accent=said["accent"]))
                self.added_at[sound.digest] = time.monotonic()
            except NotAdded as problem:
                self.refused[sound.digest] = str(problem)

    def look(self, index: SearchReader) -> None:
        """See what of that which was added the index has by now."""
        self.found |= {digest for digest, row in self.added.items() if digest not in self.found and has(index, row)}

    def is_late(self, digest: str) -> bool:
        """Whether the index should have had an added sound by now."""
        return digest not in self.found and time.monotonic() - self.added_at[digest] > LATE_SECONDS

    def away(self) -> list[str]:
        """The sounds that found no API."""
        return [digest for digest in self.trial.away() if digest in self.sounds]

    def progress(self) -> tuple[str, ...]:
        """Words that change when anything goes on."""
        return (*self.trial.progress(), *sorted(self.found), *filter(self.is_late, self.added))

    def is_waiting(self) -> bool:
        """Whether a sound is still to be heard, or an added one to be found."""
        return self.trial.is_busy() or bool(self.away()) or self.added.keys() > self.found


def the_visit() -> Visit:
    """The visit of whoever looks at the page now."""
    if "visit" not in st.session_state:
        told = the_settings()
        api = Api(told.api_url, told.api_key.get_secret_value(), told.api_timeout)

        def hear(sound: Sound, say: Say) -> ClipRow:
            check_ending(sound)
            return api.hear(file_name(sound, 8), sound.data, say)

        st.session_state["visit"] = Visit(api, Trial(hear), Inbox(told.inbox_journal, told.inbox_audio))
    visit: Visit = st.session_state["visit"]
    return visit


def check_ending(sound: Sound) -> None:
    """Raise `NotHeard` where a file is no sound by its name: under that, nobody could play it from the inbox."""
    if not has_audio_suffix(sound.name):
        endings = ", ".join(sorted(AUDIO_SUFFIXES))
        raise NotHeard(f"By its name this is no sound; send a file whose name ends in one of {endings}.")


def has(index: SearchReader, row: ClipRow) -> bool:
    try:
        return index.count(Term("clip", row.id)) > 0
    except HearsayError:  # what is wrong with the index is said by the search page
        return False


@st.cache_data(show_spinner=False, ttl=2)
def is_ready(api: Api) -> bool | None:
    """Whether the API hears now; None where nothing answers."""
    try:
        return api.is_ready()
    except ApiAway:
        return None
