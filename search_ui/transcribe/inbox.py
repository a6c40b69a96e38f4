"""The inbox: clips that are added on the page, with their audio in a folder and their records in a log beside it.

The page itself has no write access to the index; another process indexes the inbox.
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
"""Digits of the digest in a file name: more only if another file has that name."""

_LONGEST_NAME: Final = 120
"""Bytes of the original name; file names have at most 255, including digest and suffix."""

_TRIES: Final = 300
_PAUSE_SECONDS: Final = 0.1
"""How often to wait for another visitor's write, and how long each time."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """The log of the inbox, and the folder of its audio."""

    journal: Path
    audio: Path

    def add(self, upload: Upload, row: ClipRow) -> ClipRow:
        """Store an upload and its record; returns the record with its id, which is the path of the audio file.

        The same bytes with the same name are the same clip. Raises `InboxUnavailable` if the inbox cannot be written.
        """
        try:
            name = self._keep(upload)
            row = replace(row, id=f"{INBOX_DATASET}/{name}", dataset=INBOX_DATASET, audio_digest=upload.digest)
            with self._opened() as journal:
                journal.append([row])
        except OSError as problem:
            raise InboxUnavailable(
                f"cannot add {upload.name} to the inbox {self.audio}: {problem.strerror or problem}"
            ) from problem
        except ClipsError as problem:
            raise InboxUnavailable(f"cannot add {upload.name} to the inbox: {problem}") from problem
        return row

    def _keep(self, upload: Upload) -> str:
        """Write the audio file atomically and without overwriting another one; returns its name."""
        self.audio.mkdir(parents=True, exist_ok=True)
        for digits in DIGITS:
            path = self.audio / file_name(upload, digits)
            try:
                add_new(path, upload.data)
            except FileExistsError:
                if path.read_bytes() != upload.data:
                    continue
            return path.name
        raise FileExistsError(f"{path.name} exists with other content")

    def _opened(self) -> Journal:
        for _ in range(_TRIES):
            try:
                return Journal(self.journal)
            except JournalInUse:
                time.sleep(_PAUSE_SECONDS)
        return Journal(self.journal)


def file_name(upload: Upload, digits: int) -> str:
    """The file name of an upload: its own name without special characters of paths and queries, then its digest."""
    path = Path(unicodedata.normalize("NFC", upload.name).replace("\\", "/"))
    cleaned = re.sub(r"[^\w.-]+", "-", path.stem).strip("-.").encode()[:_LONGEST_NAME].decode(errors="ignore")
    return f"{cleaned or 'clip'}-{upload.digest[:digits]}{path.suffix.lower()}"
