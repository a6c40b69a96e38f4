"""What one visitor has on the third page: sounds that were dropped or recorded, and what became of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from clips.errors import HearsayError
from clips.row import ClipRow
from indexer.index import SearchIndex
from indexer.query import Term
from search_ui.connection import the_settings
from search_ui.errors import ApiAway, NotAdded
from search_ui.hearing import Api, Say
from search_ui.inbox import Inbox, file_name
from search_ui.trial import Sound, Trial


@dataclass(slots=True)
class Visit:
    """Sounds and outcomes by digest, for as long as the visitor keeps the page open.

    ``added`` has the rows that are in the inbox, ``found`` the digests of those that the index has too, ``refused`` why
    the inbox did not take one; ``files`` knows what was dropped by Streamlit's ids.
    """

    api: Api
    trial: Trial
    inbox: Inbox
    files: dict[str, Sound] = field(default_factory=dict)
    recorded: dict[str, Sound] = field(default_factory=dict)
    added: dict[str, ClipRow] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    def sounds(self, dropped: Iterable[UploadedFile], recording: UploadedFile | None) -> dict[str, Sound]:
        """What is on the page, in order; the same bytes twice are one. A recording stays when the next one is made."""
        if recording:
            sound = self._sound(recording)
            self.recorded.setdefault(sound.digest, sound)
        files = map(self._sound, dropped)
        return {sound.digest: sound for sound in (*files, *self.recorded.values())}

    def _sound(self, file: UploadedFile) -> Sound:
        if file.file_id not in self.files:
            self.files[file.file_id] = Sound.of(file.name, file.getvalue())
        return self.files[file.file_id]

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
            except NotAdded as problem:
                self.refused[sound.digest] = str(problem)

    def look(self, index: SearchIndex) -> None:
        """See what of that which was added the index has by now."""
        self.found |= {digest for digest, row in self.added.items() if digest not in self.found and has(index, row)}

    def progress(self) -> tuple[str, ...]:
        """Words that change when anything goes on."""
        return (*self.trial.progress(), *sorted(self.found))

    def is_waiting(self) -> bool:
        """Whether a sound is still to be heard, or an added one to be found."""
        return self.trial.is_busy() or bool(self.trial.away()) or self.added.keys() > self.found


def the_visit() -> Visit:
    """The visit of whoever looks at the page now."""
    if "visit" not in st.session_state:
        told = the_settings()
        api = Api(told.api_url, told.api_key.get_secret_value(), told.api_timeout)

        def hear(sound: Sound, say: Say) -> ClipRow:
            return api.hear(file_name(sound, 8), sound.data, say)

        st.session_state["visit"] = Visit(api, Trial(hear), Inbox(told.inbox_journal, told.inbox_audio))
    visit: Visit = st.session_state["visit"]
    return visit


def has(index: SearchIndex, row: ClipRow) -> bool:
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
