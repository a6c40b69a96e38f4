"""The API as the page asks it: one sound goes there over HTTP, what was recognised in it comes back as a clip row."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import httpx

from hearsay.errors import ApiBusy, ApiUnreachable, BadArgument
from hearsay.http.connection import UNAUTHORIZED, ApiConnection, BearerAuth
from hearsay.http.replies import UNEXPECTED, detail_of, emotion_columns_in, speech_columns_in
from hearsay.http.retry import RetryPolicy, TemporaryFailure
from hearsay.records.clip import ClipRow
from search_ui.errors import TranscriptionRefused

CONNECT_SECONDS: Final = 5.0
"""How long the API may take to accept a connection, and to tell its health."""

RETRY_SECONDS: Final = 120.0
"""How long a sound is sent again to an API that is busy or still loads its models."""

Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PageApiClient:
    """The API at ``address``; ``key`` is shown to it where there is one, and to nobody else."""

    address: str
    key: str
    seconds: float

    def is_ready(self) -> bool:
        """Whether it is ready; False while it loads its models. Raises `ApiUnreachable` where nothing answers."""
        connection, timeouts = self._connection(), httpx.Timeout(CONNECT_SECONDS)
        return self._answer(connection, connection.request("GET", "/health/ready", timeouts=timeouts)).is_success

    def transcribe(self, clip_id: str, data: bytes, notify: Notify) -> ClipRow:
        """What is recognised in a sound file; while the API is busy it is tried again, and ``notify`` gets the reason.

        Raises `ApiUnreachable` where it does not answer, `ApiBusy` where it stays busy or has a fault of its own, and
        `TranscriptionRefused` with what to do where it refuses the file.
        """
        connection = self._connection()
        policy = RetryPolicy(RETRY_SECONDS, retries_unreachable=False)
        timeouts = httpx.Timeout(self.seconds, connect=CONNECT_SECONDS)
        request = connection.post_audio("/asr", data, policy, lambda failure: notify(str(failure)), timeouts)
        return record_of(self._answer(connection, request), clip_id)

    def _connection(self) -> ApiConnection:
        try:
            return connection_to(self.address, self.key)
        except BadArgument as problem:
            raise ApiUnreachable(f"the API does not answer at {self.address} ({problem})") from problem

    def _answer(self, connection: ApiConnection, request: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
        try:
            return connection.run(request)
        except TemporaryFailure as failure:
            if failure.is_unreachable:
                raise ApiUnreachable(f"the API does not answer at {self.address} ({failure})") from failure
            raise ApiBusy(f"{failure} It stayed so for {RETRY_SECONDS:.0f} s; try again later.") from failure


@cache
def connection_to(address: str, key: str) -> ApiConnection:
    """The connection that all visitors share; raises `BadArgument` where there can be none."""
    return ApiConnection(address, BearerAuth(key) if key else None, httpx.Timeout(CONNECT_SECONDS))


def record_of(response: httpx.Response, clip_id: str) -> ClipRow:
    """The record in a reply of ``POST /asr``; raises `ApiBusy` or `TranscriptionRefused` where there is none."""
    if response.status_code in UNAUTHORIZED:
        raise TranscriptionRefused(
            "The API does not let the page in; set API_KEY, where the page is started, to a key it knows."
        )
    if response.is_server_error:
        raise ApiBusy(detail_of(response))
    if response.is_error:
        raise TranscriptionRefused(detail_of(response))
    try:
        body: dict[str, Any] = response.json()
        members = speech_columns_in(body) | emotion_columns_in(body)
        members |= {name: body[name] for name in ("error", "failed_pieces") if name in body}
        members |= {"decoded_at": datetime.now(UTC).isoformat(timespec="seconds")}
        return ClipRow.from_json({"filename": clip_id} | members)
    except UNEXPECTED as problem:
        raise TranscriptionRefused(
            "The reply is not understood; is this Hearsay's API, of the page's version?"
        ) from problem
