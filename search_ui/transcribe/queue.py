"""What one visitor tries: sounds by the digest of their bytes, each heard once, one after the other."""

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
    """A sound file as it was dropped or recorded: its bytes, their SHA-256 in hexadecimal, and what it is called."""

    name: str
    data: bytes
    digest: str

    @classmethod
    def of(cls, name: str, data: bytes) -> "Upload":
        return cls(name, data, sha256(data).hexdigest())


Transcribe = Callable[[Upload, Notify], ClipRow]


class TranscriptionQueue:
    """Has sounds heard in the background, in the order in which they came, while the page goes on.

    The thread that does it ends when nothing waits any more, and holds up the end of no process.
    """

    def __init__(self, transcribe: Transcribe) -> None:
        self._hear = transcribe
        self._lock = Lock()
        self._waiting: deque[Upload] = deque()
        self._outcomes: dict[str, Future[ClipRow]] = {}
        self._notes: dict[str, str] = {}
        self._is_working = False

    def submit(self, uploads: Iterable[Upload]) -> None:
        """Have these heard, but for those that were; what waits and is not among them is forgotten."""
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
                Thread(target=self._work, name="hears what is tried", daemon=True).start()

    def outcome(self, digest: str) -> "Future[ClipRow]":
        """What becomes of a sound that was wanted: a row, a `HearsayError`, or nothing yet."""
        return self._outcomes[digest]

    def note(self, digest: str) -> str:
        """Why a sound that is being heard takes longer, where the API said so."""
        return self._notes.get(digest, "")

    def progress(self) -> tuple[str, ...]:
        """How far each sound is, as words that change when it goes on."""
        outcomes = list(self._outcomes.items())
        return tuple(
            "done" if outcome.done() else f"{outcome.running()} {self.note(digest)}" for digest, outcome in outcomes
        )

    def is_busy(self) -> bool:
        """Whether something waits or is being heard."""
        return self._is_working

    def unreachable(self) -> list[str]:
        """The digests of those that found no API."""
        done = [(digest, outcome) for digest, outcome in list(self._outcomes.items()) if outcome.done()]
        return [digest for digest, outcome in done if isinstance(outcome.exception(), ApiUnreachable)]

    def forget(self, digests: Iterable[str]) -> None:
        """Let these be heard again when they are wanted again, but for those that still wait or are being heard."""
        with self._lock:
            for digest in digests:
                if (outcome := self._outcomes.get(digest)) and outcome.done():
                    del self._outcomes[digest]

    def _work(self) -> None:
        while upload := self._next():
            outcome = self._outcomes[upload.digest]
            outcome.set_running_or_notify_cancel()
            try:
                outcome.set_result(self._hear(upload, partial(self._set_note, upload.digest)))
            except HearsayError as problem:
                outcome.set_exception(problem)
            except Exception as problem:
                log.exception("a sound could not be tried")
                outcome.set_exception(problem)
            self._notes.pop(upload.digest, None)

    def _next(self) -> Upload | None:
        with self._lock:
            self._is_working = bool(self._waiting)
            return self._waiting.popleft() if self._waiting else None

    def _set_note(self, digest: str, note: str) -> None:
        self._notes[digest] = note
