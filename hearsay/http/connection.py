"""One connection to the API, for batch decoding, the Python client and the search page alike."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Mapping
from typing import Any, Final, TypeVar

import httpx

from hearsay.errors import ApiError, BadArgument
from hearsay.http.replies import detail_of
from hearsay.http.retry import RetryPolicy, TemporaryFailure, retry_after_seconds, with_retries
from hearsay.terminal.process import wait_in_turns
from hearsay.version import USER_AGENT

T = TypeVar("T")

BUSY: Final = frozenset({408, 429, 502, 503, 504})
"""HTTP statuses of a server that may respond later."""

UNAUTHORIZED: Final = frozenset({401, 403})

KEEP_ALIVE_SECONDS: Final = 4.0
"""How long an idle connection is kept: less than the 5 s after which uvicorn closes it."""


class BearerAuth(httpx.Auth):
    """Sends a key as bearer token; raises `BadArgument`, with its ``name``, for a key that is not valid in a header."""

    def __init__(self, key: str, name: str = "api_key") -> None:
        if not key.isascii() or not key.isprintable():
            raise BadArgument(f"{name} contains characters that a header cannot carry; use letters and digits")
        self._header = f"Bearer {key}"

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        request.headers["Authorization"] = self._header
        yield request


def checked_address(url: str) -> httpx.URL:
    """The address of an API; raises `BadArgument` if it is not an HTTP address, or contains a user or password."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as problem:
        raise BadArgument(f"{url} is not an address ({problem}); write http://HOST:8001") from problem
    if address.scheme not in ("http", "https") or not address.host or address.userinfo:
        raise BadArgument("the address of an API must be like http://HOST:8001, without a key or a password in it")
    return address


class ApiConnection:
    """The API at an address; threads may share it.

    Its requests are coroutines on an event loop in its own thread, which `run` waits for: so Ctrl-C interrupts the
    wait, and `close` cancels requests in progress. Raises `BadArgument` if ``url`` is not an address.
    """

    def __init__(self, url: str, auth: httpx.Auth | None, timeout: httpx.Timeout, max_connections: int = 100) -> None:
        self.address = str(checked_address(url)).rstrip("/")
        self._has_answered = False
        self._client = httpx.AsyncClient(
            base_url=self.address,
            headers={"User-Agent": USER_AGENT},
            auth=auth,
            timeout=timeout,
            limits=httpx.Limits(max_connections=max_connections, keepalive_expiry=KEEP_ALIVE_SECONDS),
        )
        self._closing = threading.Lock()
        self._is_closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="API connection", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine that makes requests; raises `ApiError` if the connection is closed."""
        with self._closing:  # a request that is submitted after closing would never complete
            if self._is_closed:
                work.close()
                raise ApiError("the connection to the API is closed")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            wait_in_turns(future)
        except BaseException:  # Ctrl-C
            future.cancel()
            raise
        return future.result()

    async def request(
        self,
        method: str,
        path: str,
        audio: bytes | None = None,
        timeouts: httpx.Timeout | None = None,
        fields: Mapping[str, str | list[str]] | None = None,
    ) -> httpx.Response:
        """One attempt; ``audio`` is sent as the form field ``file``, with other ``fields``.

        Raises `TemporaryFailure` without a reply.
        """
        files = None if audio is None else {"file": ("clip", audio)}
        own = httpx.USE_CLIENT_DEFAULT if timeouts is None else timeouts
        try:
            response = await self._client.request(method, path, files=files, data=fields, timeout=own)
        except (httpx.RequestError, httpx.InvalidURL, UnicodeError) as problem:
            raise TemporaryFailure(str(problem) or type(problem).__name__, is_unreachable=True) from problem
        self._has_answered = True
        return response

    async def post_audio(
        self,
        path: str,
        audio: bytes,
        policy: RetryPolicy,
        on_retry: Callable[[TemporaryFailure], None] = lambda _: None,
        timeouts: httpx.Timeout | None = None,
        fields: Mapping[str, str | list[str]] | None = None,
    ) -> httpx.Response:
        """The final reply for an audio file and other form ``fields``, which may be a rejection.

        Busy and unreachable servers are retried. ``on_retry`` gets each failure that another attempt follows. Raises
        the last `TemporaryFailure` if ``policy`` is exhausted.
        """
        faults = 0

        async def attempt() -> httpx.Response:
            nonlocal faults
            response = await self.request("POST", path, audio, timeouts, fields)
            is_fault = response.is_server_error and response.status_code not in BUSY
            faults += is_fault
            if response.status_code in BUSY or (is_fault and faults < policy.fault_attempts):
                raise TemporaryFailure(
                    detail_of(response), retry_after_seconds(response.headers.get("Retry-After", ""))
                )
            return response

        def may_retry(failure: TemporaryFailure) -> bool:
            # An address that never responded is more likely to be wrong than to be that of an API that restarts.
            return not failure.is_unreachable or (policy.retries_unreachable and self._has_answered)

        return await with_retries(attempt, policy, may_retry, on_retry)

    def close(self) -> None:
        """Cancel requests in progress and close the connections; calling it again has no effect."""
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            ended = asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        ended.result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        await cancel(asyncio.all_tasks() - {asyncio.current_task()})
        await self._client.aclose()


async def cancel(tasks: Collection["asyncio.Task[Any] | None"]) -> None:
    """Cancel tasks and wait until they have ended."""
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
