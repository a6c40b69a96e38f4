"""The page's client of the API: sends one audio file and returns the reply as a record."""

from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import httpx

from hearsay.errors import ApiBusy, ApiUnreachable, BadArgument
from hearsay.http.connection import UNAUTHORIZED, ApiConnection, BearerAuth
from hearsay.http.replies import UNEXPECTED, detail_of, record_in
from hearsay.http.retry import RetryPolicy, TemporaryFailure
from hearsay.records.clip import ClipRow
from search_ui.errors import TranscriptionRefused
from search_ui.transcribe.queue import Notify

CONNECT_SECONDS: Final = 5.0
"""How long the API may take to accept a connection, and to report its health."""

RETRY_SECONDS: Final = 120.0
"""How long requests are repeated while the API is busy or loading its models."""


@dataclass(frozen=True, slots=True)
class PageApiClient:
    """The API at ``address``; ``key`` is its bearer key, empty if it requires none."""

    address: str
    key: str
    seconds: float

    def is_ready(self) -> bool:
        """Whether the API is ready; False while it loads its models. Raises `ApiUnreachable` if it does not respond."""
        connection, timeouts = self._connection(), httpx.Timeout(CONNECT_SECONDS)
        return self._answer(connection, connection.request("GET", "/health/ready", timeouts=timeouts)).is_success

    def transcribe(self, clip_id: str, data: bytes, notify: Notify) -> ClipRow:
        """Transcribe an audio file; while the API is busy, retry and pass the reason to ``notify``.

        Raises `ApiUnreachable` if the API does not respond, `ApiBusy` if it remains busy or has an internal error, and
        `TranscriptionRefused`, with what to do, if it rejects the file.
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
            raise ApiUnreachable(f"the API at {self.address} does not respond ({problem})") from problem

    def _answer(self, connection: ApiConnection, request: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
        try:
            return connection.run(request)
        except TemporaryFailure as failure:
            if failure.is_unreachable:
                raise ApiUnreachable(f"the API at {self.address} does not respond ({failure})") from failure
            raise ApiBusy(f"{failure} Retried for {RETRY_SECONDS:.0f} s without success; try again later.") from failure


@cache
def connection_to(address: str, key: str) -> ApiConnection:
    """The connection that all visitors share; raises `BadArgument` if the address or the key is not valid."""
    return ApiConnection(address, BearerAuth(key) if key else None, httpx.Timeout(CONNECT_SECONDS))


def record_of(response: httpx.Response, clip_id: str) -> ClipRow:
    """The record in a reply of ``POST /asr``; raises `ApiBusy` or `TranscriptionRefused` if it contains none."""
    if response.status_code in UNAUTHORIZED:
        raise TranscriptionRefused(
            "The API rejected the key of the page. Set API_KEY of the page to a key that the API accepts."
        )
    if response.is_server_error:
        raise ApiBusy(detail_of(response))
    if response.is_error:
        raise TranscriptionRefused(detail_of(response))
    try:
        row = record_in(response.json(), clip_id)
    except UNEXPECTED as problem:
        raise TranscriptionRefused(
            "The reply was not understood. Check that API_URL names Hearsay's API, in the version of the page."
        ) from problem
    return replace(row, decoded_at=datetime.now(UTC).isoformat(timespec="seconds"))
