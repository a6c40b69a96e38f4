"""Errors over HTTP: ``application/problem+json`` (RFC 9457) with the request id; under /v1 in OpenAI's format."""

import logging
import uuid
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from asr.audio.decoding import NOT_AUDIO
from asr.errors import Busy, CannotScore, ModelUnavailable
from hearsay.errors import AudioTooLong, EmptyAudio, HearsayError, NotAudio

log = logging.getLogger(__name__)

PROBLEM: Final = "application/problem+json"
REQUEST_ID: Final = "X-Request-ID"
OPENAI: Final = "/v1/"
"""Prefix of the paths that are compatible with OpenAI's API."""

CLIENT_CLOSED_REQUEST: Final = 499
"""Status that is counted for a request whose client disconnected before the reply."""

_INTERNAL_FAULT: Final = "Internal server error. Search the server's log for the request id to find the cause."

_NO_FILE: Final = "The form field file is missing. Send the audio in it, for example: curl -F file=@clip.mp3"

_NO_NAME: Final = (
    "The form field has no file name, so it is text and not a file. "
    "Send a file with a name, for example: curl -F file=@clip.mp3"
)

_STATUS_OF: Final[dict[type[HearsayError], int]] = {
    NotAudio: 415,
    EmptyAudio: 422,
    AudioTooLong: 413,
    CannotScore: 422,
    Busy: 429,
    ModelUnavailable: 503,
}

_MEANINGS: Final = {
    400: "The body does not match its Content-Type.",
    401: "The bearer token is missing or not valid.",
    404: "Not found.",
    408: "The upload took too long.",
    413: "The upload is larger, or the audio longer, than the server accepts.",
    415: "The file is not audio in a supported format.",
    422: "A file or field is missing or invalid, or the file contains no audio.",
    429: "The server is busy. Retry after the seconds in Retry-After.",
    500: "Internal server error. The server's log contains the cause with the request id.",
    503: "The models are still loading, or loading failed.",
}

_HEADERS: Final = {
    REQUEST_ID: (_MEANINGS, "The request id, which is also in the server's log."),
    "Retry-After": ({429, 503}, "Seconds to wait before a retry; omitted if a retry cannot succeed."),
    "WWW-Authenticate": ({401}, "The required authentication scheme: Bearer."),
}
"""Headers of error replies, with the statuses that have them."""


class Problem(BaseModel):
    """The body of every error."""

    type: str = Field("about:blank", description="Always about:blank: the HTTP status identifies the kind of problem.")
    title: str = Field(description="The reason phrase of the HTTP status.", examples=["Unsupported Media Type"])
    status: int = Field(description="The HTTP status.", examples=[415])
    detail: str = Field(description="What happened, and what to do.", examples=[NOT_AUDIO])
    request_id: str = Field(
        description="The request id, which is also in the server's log.", examples=[uuid.UUID(int=7).hex]
    )


class OpenAiFault(BaseModel):
    message: str = Field(
        description="What happened, and what to do.", examples=["The model whisper-9 does not exist here."]
    )
    type: str = Field(description="Kind of error, as in OpenAI's API.", examples=["invalid_request_error"])
    param: str | None = Field(
        None, description="The invalid field; null if the error is not about a field.", examples=["model"]
    )
    code: str | None = Field(None, description="Machine-readable error code.", examples=["model_not_found"])


class OpenAiProblem(BaseModel):
    """The body of every error under /v1."""

    error: OpenAiFault


class BadField(Exception):
    """A field of an OpenAI-compatible request that is invalid or not supported here."""

    def __init__(self, status: int, message: str, param: str, code: str) -> None:
        super().__init__(message)
        self.status, self.param, self.code = status, param, code


def documented(statuses: Collection[int]) -> dict[int | str, dict[str, Any]]:
    """The entries of the OpenAPI document for error replies with these statuses."""
    schema = {"$ref": "#/components/schemas/Problem"}  # present because FilesReply contains it
    example_id = uuid.UUID(int=7).hex
    replies: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        meaning, title = _MEANINGS[status], HTTPStatus(status).phrase
        example = Problem(title=title, status=status, detail=meaning, request_id=example_id)
        replies[status] = {
            "description": meaning,
            "headers": _documented_headers(status),
            "content": {PROBLEM: {"schema": schema, "example": example.model_dump()}},
        }
    return replies


def documented_for_openai(statuses: Collection[int]) -> dict[int | str, dict[str, Any]]:
    """The same in OpenAI's format, which any other status has too."""
    known: dict[int | str, dict[str, Any]] = {
        status: {
            "description": _MEANINGS[status],
            "model": OpenAiProblem,
            "headers": _documented_headers(status),
            "content": {"application/json": {"example": _openai_body(status, _MEANINGS[status]).model_dump()}},
        }
        for status in statuses
    }
    return {**known, "default": {"description": "Any other error.", "model": OpenAiProblem}}


def _documented_headers(status: int) -> dict[str, Any]:
    headers = {name: meaning for name, (statuses, meaning) in _HEADERS.items() if status in statuses}
    return {name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in headers.items()}


def add_problems(app: FastAPI) -> None:
    """Register the handlers that turn every error into a problem."""

    @app.exception_handler(HearsayError)
    async def hearsay_problem(request: Request, error: HearsayError) -> Response:
        refusal = refusal_of(request, error)
        headers = {"Retry-After": str(error.retry_seconds)} if isinstance(error, Busy) else None
        return problem(request, refusal.status, refusal.detail, headers)

    @app.exception_handler(HTTPException)
    async def http_problem(request: Request, error: HTTPException) -> Response:
        detail = error.detail
        if error.status_code == 405 and error.headers:
            detail = f"{request.url.path} does not support {request.method}. Use {error.headers['Allow']}."
        return problem(request, error.status_code, detail, error.headers)

    @app.exception_handler(RequestValidationError)
    async def validation_problem(request: Request, error: RequestValidationError) -> Response:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        for fault in error.errors():
            if fault["loc"][:2] in (("body", "file"), ("body", "files")):
                faults = [_NO_FILE if fault["type"] == "missing" else _NO_NAME]
        _, *place = error.errors()[0]["loc"]  # body or query, then the field, then the position in it
        return problem(request, 422, "; ".join(faults), param=str(place[0]) if place else None)

    @app.exception_handler(BadField)
    async def field_problem(request: Request, error: BadField) -> Response:
        return problem(request, error.status, str(error), param=error.param, code=error.code)

    @app.exception_handler(ClientDisconnect)
    async def client_disconnected(request: Request, _: ClientDisconnect) -> Response:
        log.info("client disconnected", extra={"request_id": request.state.request_id})
        return Response(status_code=CLIENT_CLOSED_REQUEST)


class RequestIdMiddleware:
    """ASGI middleware that gives every request an id, and answers every unhandled exception with status 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = uuid.uuid4().hex
        has_begun = False

        async def with_id(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        try:
            await self._app(scope, receive, with_id)
        except Exception:
            log.exception("request failed", extra={"request_id": request_id, "path": scope["path"]})
            if has_begun:
                raise
            await problem(Request(scope), 500, _INTERNAL_FAULT)(scope, receive, with_id)


def refusal_of(request: Request, error: HearsayError) -> Problem:
    """The error as a problem of this request. The cause of an internal error goes to the log only."""
    status = _STATUS_OF.get(type(error), 500)
    if status == 500:
        log.error("internal error", exc_info=error, extra={"request_id": request.state.request_id})
    return _problem(request, status, _INTERNAL_FAULT if status == 500 else str(error))


def problem(
    request: Request,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    param: str | None = None,
    code: str | None = None,
) -> Response:
    """The reply for an error, which is logged with the request id. OpenAI's format has ``param`` and ``code``."""
    body = _problem(request, status, detail)
    log.warning("problem", extra={"request_id": body.request_id, "status": status, "detail": detail})
    if request.url.path.startswith(OPENAI):
        status = 400 if status in (415, 422) else status  # OpenAI has one status for an invalid file or field
        return JSONResponse(_openai_body(status, detail, param, code).model_dump(), status, headers)
    return JSONResponse(body.model_dump(), status, headers, media_type=PROBLEM)


def _problem(request: Request, status: int, detail: str) -> Problem:
    title = HTTPStatus(status).phrase
    return Problem(title=title, status=status, detail=detail, request_id=request.state.request_id)


def _openai_body(status: int, message: str, param: str | None = None, code: str | None = None) -> OpenAiProblem:
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    code = "invalid_api_key" if status == 401 else code
    return OpenAiProblem(error=OpenAiFault(message=message, type=kind, param=param, code=code))
