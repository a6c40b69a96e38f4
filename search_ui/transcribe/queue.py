"""The uploads of one visitor, identified by their digests; each is transcribed once, one after the other."""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from threading import Lock, Thread

from hearsay.errors import ApiUnreachable, HearsayError
from hearsay.records.clip import ClipRow

Notify = Callable[[str], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded or recorded audio file: its name, its bytes, and their SHA-256 in hexadecimal."""

    name: str
    data: bytes
    digest: str

    @classmethod
    def of(cls, name: str, data: bytes) -> "Upload":
        return cls(name, data, sha256(data).hexdigest())


Transcribe = Callable[[Upload, Notify], ClipRow]


class TranscriptionQueue:
    """Transcribes uploads in the background, in the order in which they were submitted.

    The worker thread ends when the queue is empty, and does not keep the process alive.
    """

    def __init__(self, transcribe: Transcribe) -> None:
        self._transcribe = transcribe
        self._lock = Lock()
        self._waiting: deque[Upload] = deque()
        self._outcomes: dict[str, Future[ClipRow]] = {}
        self._notes: dict[str, str] = {}
        self._is_working = False

    def submit(self, uploads: Iterable[Upload]) -> None:
        """Transcribe these, except those that are done; waiting uploads that are not among them are removed."""
        wanted = {upload.digest: upload for upload in uploads}
        with self._lock:
            for digest in {upload.digest for upload in self._waiting} - wanted.keys():
                self._outcomes.pop(digest)
            self._waiting = deque(upload for upload in self._waiting if upload.digest in wanted)
            new = [upload for digest, upload in wanted.items() if digest not in self._outcomes]
            self._outcomes |= {upload.digest: Future() for upload in new}
            self._waiting.extend(new)
            if self._waiting and not self._is_working:
                self._is_working = True
                Thread(target=self._work, name="transcribe uploads", daemon=True).start()

    def outcome(self, digest: str) -> "Future[ClipRow]":
        """The outcome of a submitted upload: a record, an error, or pending."""
        return self._outcomes[digest]

    def note(self, digest: str) -> str:
        """Why the transcription of an upload takes longer, if the API said so."""
        return self._notes.get(digest, "")

    def progress(self) -> tuple[str, ...]:
        """The state of each upload, as strings that change with it."""
        outcomes = list(self._outcomes.items())
        return tuple(
            "done" if outcome.done() else f"{outcome.running()} {self.note(digest)}" for digest, outcome in outcomes
        )

    def is_busy(self) -> bool:
        """Whether an upload is waiting or being transcribed."""
        return self._is_working

    def unreachable(self) -> list[str]:
        """The digests of uploads for which the API was not reachable."""
        done = [(digest, outcome) for digest, outcome in list(self._outcomes.items()) if outcome.done()]
        return [digest for digest, outcome in done if isinstance(outcome.exception(), ApiUnreachable)]

    def forget(self, digests: Iterable[str]) -> None:
        """Forget the outcomes of these uploads, so that they can be submitted again; pending ones are kept."""
        with self._lock:
            for digest in digests:
                if (outcome := self._outcomes.get(digest)) and outcome.done():
                    del self._outcomes[digest]

    def _work(self) -> None:
        while upload := self._next():
            outcome = self._outcomes[upload.digest]
            outcome.set_running_or_notify_cancel()
            try:
                outcome.set_result(self._transcribe(upload, partial(self._set_note, upload.digest)))
            except HearsayError as problem:
                outcome.set_exception(problem)
            except Exception as problem:
                log.exception("%s could not be transcribed", upload.name)
                outcome.set_exception(problem)
            self._notes.pop(upload.digest, None)

    def _next(self) -> Upload | None:
        with self._lock:
            self._is_working = bool(self._waiting)
            return self._waiting.popleft() if self._waiting else None

    def _set_note(self, digest: str, note: str) -> None:
        self._notes[digest] = note
