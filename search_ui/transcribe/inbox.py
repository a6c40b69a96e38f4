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
from search_ui.errors import InboxUnavailable
from search_ui.settings import INBOX_DATASET
from search_ui.transcribe.queue import Upload

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

    def add(self, upload: Upload, row: ClipRow) -> ClipRow:
        """Keep a sound and its row; returns the row under the id that it got, which names the sound's file.

        The same bytes under the same name are the same clip. Raises `InboxUnavailable` where it cannot be written.
        """
        try:
            name = self._keep(upload)
            row = replace(row, id=f"{INBOX_DATASET}/{name}", dataset=INBOX_DATASET, audio_digest=upload.digest)
            self._append(row)
        except OSError as problem:
            raise InboxUnavailable(
                f"the inbox {self.audio} cannot be written: {problem.strerror or problem}"
            ) from problem
        except ClipsError as problem:
            raise InboxUnavailable(str(problem)) from problem
        return row

    def _keep(self, upload: Upload) -> str:
        """Write the sound, whole or not at all and over no other file; returns the file's name."""
        self.audio.mkdir(parents=True, exist_ok=True)
        for digits in DIGITS:
            path = self.audio / file_name(upload, digits)
            try:
                add_new(path, upload.data)
            except FileExistsError:
                if path.read_bytes() != upload.data:
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


def file_name(upload: Upload, digits: int) -> str:
    """What a sound's file is called: its own name without what a path or a query would read, then its digest."""
    path = Path(unicodedata.normalize("NFC", upload.name).replace("\\", "/"))
    cleaned = re.sub(r"[^\w.-]+", "-", path.stem).strip("-.").encode()[:_LONGEST_NAME].decode(errors="ignore")
    return f"{cleaned or 'clip'}-{upload.digest[:digits]}{path.suffix.lower()}"
