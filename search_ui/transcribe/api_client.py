"""The API as the page asks it: one sound goes there over HTTP, what was heard in it comes back as a clip row."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import httpx

from hearsay.errors import ApiBusy, ApiUnreachable, BadRow
from hearsay.records.clip import ClipRow
from hearsay.version import USER_AGENT
from search_ui.errors import TranscriptionRefused

CONNECT_SECONDS: Final = 5.0
"""How long the API may take to accept a connection, and to tell its health."""

RETRY_SECONDS: Final = 120.0
"""How long a sound is sent again to an API that is busy or still loads its models."""

MAX_PAUSE_SECONDS: Final = 15.0
"""Seconds between two of these tries, at most; the API says how many it wants."""

BUSY: Final = frozenset({408, 429, 502, 503, 504})
"""Statuses that say: later perhaps."""

UNAUTHORIZED: Final = frozenset({401, 403})

_COLUMNS: Final = (
    *("confidence", "words", "segments", "emotion", "emotion_score", "emotion_scores", "sentiment"),
    *("asr_model", "ser_model"),
)
"""Members of a reply that are columns of the row by the same name."""

Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PageApiClient:
    """The API at ``address``; ``key`` is shown to it where there is one, and to nobody else."""

    address: str
    key: str
    seconds: float

    def is_ready(self) -> bool:
        """Whether it hears now; False while it loads its models. Raises `ApiUnreachable` where nothing answers."""
        return self._send("GET", "/health/ready", CONNECT_SECONDS).is_success

    def transcribe(self, clip_id: str, data: bytes, notify: Notify) -> ClipRow:
        """What is heard in a sound file; while the API is busy it is asked again, and ``notify`` hears so.

        Raises `ApiUnreachable` where it does not answer, `ApiBusy` where it stays busy or has a fault of its own, and
        `TranscriptionRefused` with what to do where it refuses the file.
        """
        give_up = time.monotonic() + RETRY_SECONDS
        while True:
            answer = self._send("POST", "/asr", self.seconds, data)
            if answer.status_code not in BUSY:
                return record_of(answer, clip_id)
            if time.monotonic() > give_up:
                raise ApiBusy(f"{detail_of(answer)} It stayed so for {RETRY_SECONDS:.0f} s; try again later.")
            notify(detail_of(answer))
            time.sleep(retry_after(answer))

    def _send(self, method: str, path: str, seconds: float, data: bytes | None = None) -> httpx.Response:
        headers = {"User-Agent": USER_AGENT} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
        files = None if data is None else {"file": ("clip", data)}
        url = self.address.rstrip("/") + path
        try:
            return httpx.request(method, url, headers=headers, timeout=timeout, files=files, verify=ssl_context())
        except (httpx.RequestError, httpx.InvalidURL, UnicodeError) as problem:
            raise ApiUnreachable(
                f"the API does not answer at {self.address} ({problem or type(problem).__name__})"
            ) from problem


@cache
def ssl_context() -> ssl.SSLContext:
    """Whom an ``https://`` address is believed to be; read once, since that takes longer than asking."""
    return httpx.create_ssl_context()


def record_of(answer: httpx.Response, clip_id: str) -> ClipRow:
    """The record in a response of ``POST /asr``; raises `ApiBusy` or `TranscriptionRefused` where there is none."""
    if answer.status_code in UNAUTHORIZED:
        raise TranscriptionRefused(
            "The API does not let the page in; set API_KEY, where the page is started, to a key it knows."
        )
    if answer.is_server_error:
        raise ApiBusy(detail_of(answer))
    if answer.is_error:
        raise TranscriptionRefused(detail_of(answer))
    try:
        reply: dict[str, Any] = answer.json()
        members = {name: reply[name] for name in _COLUMNS} | {"generated_text": reply["transcription"]}
        members |= {name: reply[name] for name in ("error", "failed_pieces") if name in reply}
        members |= {"duration": reply["seconds"], "decoded_at": datetime.now(UTC).isoformat(timespec="seconds")}
        return ClipRow.from_json({"filename": clip_id} | members)
    except (ValueError, KeyError, TypeError, BadRow) as problem:
        raise TranscriptionRefused(
            "The reply is not understood; is this Hearsay's API, of the page's version?"
        ) from problem


def detail_of(answer: httpx.Response) -> str:
    """Why a request was refused: the detail of its problem+json, else the status in words."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.reason_phrase}".rstrip()


def retry_after(answer: httpx.Response) -> float:
    """Seconds that a busy API's ``Retry-After`` asks for, from 1 to `MAX_PAUSE_SECONDS`."""
    told = answer.headers.get("Retry-After", "")
    return min(max(1.0, float(told)), MAX_PAUSE_SECONDS) if told.isdecimal() else 2.0
