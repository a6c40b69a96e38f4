"""Limits on uploads: concurrent requests, bytes per request, and seconds until a request has arrived."""

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from asr.api.problems import problem

RETRY: Final = {"Retry-After": "2"}

_HANG_UP: Final = {"Connection": "close"}  # otherwise the rest of the rejected body would have to be received


class UploadLimits:
    """ASGI middleware. A request that exceeds a limit is rejected as soon as possible, with 429, 413 or 408.

    At most ``at_once`` requests with a body are processed at a time. A body has at most ``max_bytes`` bytes and arrives
    within ``max_seconds`` seconds, whatever files are in it. Rejected data is not stored.
    """

    def __init__(self, app: ASGIApp, at_once: int, max_bytes: int, max_seconds: float) -> None:
        self._app = app
        self._at_once, self._max_bytes, self._max_seconds = at_once, max_bytes, max_seconds
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if self._under_way >= self._at_once:
            detail = f"The server is processing {self._at_once} uploads, the most at a time. Retry in a few seconds."
            await problem(request, 429, detail, RETRY)(scope, receive, send)
        elif int(request.headers.get("Content-Length", 0)) > self._max_bytes:
            await problem(request, 413, too_large(self._max_bytes))(scope, receive, send)
        else:
            self._under_way += 1
            try:
                await self._app(scope, _Limited(receive, self._max_bytes, self._max_seconds), send)
            finally:
                self._under_way -= 1


class _Limited:
    """Receives the body of one request; raises `HTTPException` 413 or 408 as soon as it exceeds its limits."""

    def __init__(self, receive: Receive, max_bytes: int, max_seconds: float) -> None:
        self._receive = receive
        self._max_bytes, self._max_seconds = max_bytes, max_seconds
        self._until = asyncio.get_running_loop().time() + max_seconds
        self._bytes = 0
        self._is_whole = False

    async def __call__(self) -> Message:
        if self._is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError as slow:
            detail = (
                f"The upload took longer than {self._max_seconds:g} s. Send smaller files, or use a faster connection."
            )
            raise HTTPException(408, detail, _HANG_UP) from slow
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._max_bytes:
            raise HTTPException(413, too_large(self._max_bytes), _HANG_UP)
        self._is_whole = not message.get("more_body", False)
        return message


def too_large(max_bytes: int) -> str:
    """The message for a larger upload."""
    return f"The upload is too large. Send at most {max_bytes} bytes in one request."
