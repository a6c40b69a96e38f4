"""The inbox: clips that people add on the page, their sound in a folder and their rows in a journal beside it.

The page's own key only reads, so that another process puts them into the index.
"""

import re
import time
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from hearsay.errors import ClipsError, JournalInUse
from hearsay.records.clip import ClipRow
from hearsay.records.files import add_new
from hearsay.records.journal import Journal
from search_ui.errors import NotAdded
from search_ui.transcribe.trial import Sound

DATASET: Final = "inbox"

DIGITS: Final = (8, 16, 64)
"""How much of its digest a file is named by: more only where another file has that name."""

_LONGEST_NAME: Final = 120
"""Bytes of what a person called the file; a name holds 255, digest and ending among them."""

_TRIES: Final = 300
_PAUSE_SECONDS: Final = 0.1
"""How often another visitor's writing is waited for, and how long each time."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """A journal of clips, and the folder of their sound."""

    journal: Path
    audio: Path

    def add(self, sound: Sound, row: ClipRow) -> ClipRow:
        """Keep a sound and its row; returns the row under the id that it got, which names the sound's file.

        The same sound under the same name is the same clip. Raises `NotAdded` where the inbox cannot be written.
        """
        try:
            name = self._keep(sound)
            row = replace(row, id=f"{DATASET}/{name}", dataset=DATASET, audio_digest=sound.digest)
            self._append(row)
        except OSError as problem:
            raise NotAdded(f"the inbox {self.audio} cannot be written: {problem.strerror or problem}") from problem
        except ClipsError as problem:
            raise NotAdded(str(problem)) from problem
        return row

    def _keep(self, sound: Sound) -> str:
        """Write the sound, whole or not at all and over no other file; returns the file's name."""
        self.audio.mkdir(parents=True, exist_ok=True)
        for digits in DIGITS:
            path = self.audio / file_name(sound, digits)
            try:
                add_new(path, sound.data)
            except FileExistsError:
                if path.read_bytes() != sound.data:
                    continue
            return path.name
        raise FileExistsError(f"{path.name} is another sound")

    def _append(self, row: ClipRow) -> None:
        with self._opened() as journal:
            journal.append([row])

    def _opened(self) -> Journal:
        for _ in range(_TRIES):
            try:
                return Journal(self.journal)
            except JournalInUse:
                time.sleep(_PAUSE_SECONDS)
        return Journal(self.journal)


def file_name(sound: Sound, digits: int) -> str:
    """What a sound's file is called: its own name without what a path or a query would read, then its digest."""
    path = Path(unicodedata.normalize("NFC", sound.name).replace("\\", "/"))
    cleaned = re.sub(r"[^\w.-]+", "-", path.stem).strip("-.").encode()[:_LONGEST_NAME].decode(errors="ignore")
    return f"{cleaned or 'clip'}-{sound.digest[:digits]}{path.suffix.lower()}"
