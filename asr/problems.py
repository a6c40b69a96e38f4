"""Errors over HTTP: one shape for all of them, RFC 9457's ``application/problem+json``, with the request's id."""

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from asr.errors import AudioTooLong, EmptyAudio, ModelUnavailable, NotAudio
from clips.errors import HearsayError

log = logging.getLogger(__name__)

REQUEST_ID: Final = "X-Request-ID"

_STATUS_OF: Final[dict[type[HearsayError], int]] = {
    NotAudio: 415,
    EmptyAudio: 422,
    AudioTooLong: 413,
    ModelUnavailable: 503,
}


class Problem(BaseModel):
    """The body of every error."""

    type: str = Field("about:blank", description="Always about:blank: the status says what kind of problem it is.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong, and what to do.")
    request_id: str = Field(description="The request's id, which the log has too.")


def add_problems(app: FastAPI) -> None:
    """Give every request an id and every error of the app the shape of `Problem`."""
    app.middleware("http")(_with_request_id)
    app.exception_handler(HearsayError)(_hearsay_problem)
    app.exception_handler(HTTPException)(_http_problem)
    app.exception_handler(RequestValidationError)(_validation_problem)


async def _with_request_id(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    request.state.request_id = uuid.uuid4().hex
    try:
        response = await call_next(request)
    except Exception:
        log.exception("request failed", extra={"request_id": request.state.request_id, "path": request.url.path})
        response = problem(request, 500, "This is a fault of ours; the log has it under the request's id.")
    response.headers[REQUEST_ID] = request.state.request_id
    return response


async def _hearsay_problem(request: Request, error: HearsayError) -> Response:
    return problem(request, _STATUS_OF.get(type(error), 500), str(error))


async def _http_problem(request: Request, error: HTTPException) -> Response:
    return problem(request, error.status_code, error.detail, error.headers)


async def _validation_problem(request: Request, error: RequestValidationError) -> Response:
    faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
    if any(fault["loc"][:2] == ("body", "file") for fault in error.errors()):
        faults = ["Send the audio as the form field file, for example: curl -F file=@clip.mp3"]
    return problem(request, 422, "; ".join(faults))


def problem(request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error's response; logged with its request's id."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, request_id=request.state.request_id)
    log.warning("problem", extra={"request_id": body.request_id, "status": status, "detail": detail})
    return JSONResponse(body.model_dump(), status, headers, media_type="application/problem+json")
