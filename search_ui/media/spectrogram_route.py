"""The route that serves spectrograms: drawn on request, a few at a time."""

import math
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hearsay.errors import HearsayError
from hearsay.storage.s3 import S3Object
from hearsay.text.format import file_size
from indexer.passages import Passage
from search_ui.errors import SpectrogramUnavailable
from search_ui.media.audio import GetAudio
from search_ui.media.spectrogram import draw

SPECTROGRAM_ROUTE: Final = "picture"
"""The first part of the path."""

AT_A_TIME: Final = 2
"""Images that are drawn at the same time; others wait."""

MOST_WAITING: Final = 20
"""Requests that may wait; further ones are refused."""

LARGEST_OBJECT: Final = 64 * 2**20
"""The largest object that is downloaded from a bucket for an image, in bytes."""

STRETCH_HEADER: Final = "Hearsay-Stretch"
"""The header with the part of the clip that an image shows: start and end, in seconds."""


def spectrogram_url(passage: Passage) -> str:
    """The address of the spectrogram of a passage, relative to the page."""
    stretch = f"?start={passage.start:g}" + ("" if passage.is_whole or passage.end is None else f"&end={passage.end:g}")
    return f"{SPECTROGRAM_ROUTE}/{quote(passage.clip)}{stretch}"


def spectrogram_route(audio: GetAudio) -> Route:
    """``picture/CLIP?start=S&end=E``: a PNG of a clip that `audio_route` serves, or why there is none."""
    drawing = CapacityLimiter(AT_A_TIME)

    async def send(request: Request) -> Response:
        if drawing.statistics().tasks_waiting >= MOST_WAITING:
            return PlainTextResponse("too many spectrograms are requested; try again", 503, {"Retry-After": "2"})
        return await to_thread.run_sync(_answer, request, audio, limiter=drawing)

    return Route(f"/{SPECTROGRAM_ROUTE}/{{clip:path}}", send)


def _answer(request: Request, audio: GetAudio) -> Response:
    stretch = _stretch(request)
    if stretch is None:
        return PlainTextResponse("start and end must be seconds, with the end after the start", 400)
    clip = request.path_params["clip"]
    try:
        found = audio().find(clip)
        if found is None:
            return PlainTextResponse(f"the audio of clip {clip} was not found", 404)
        tag = _tag(found, stretch)
        if request.headers.get("If-None-Match") == tag:
            return Response(status_code=304, headers=_cached(tag))
        spectrogram = draw(_opened(found), *stretch)
    except SpectrogramUnavailable as problem:
        return PlainTextResponse(f"no spectrogram of {clip}: {problem}", 415)
    except HearsayError as problem:
        return PlainTextResponse(str(problem), 503)
    stretch_shown = {STRETCH_HEADER: f"{spectrogram.start:.3f} {spectrogram.end:.3f}"}
    headers = _cached(tag) | stretch_shown | {"X-Content-Type-Options": "nosniff"}
    return Response(spectrogram.png, media_type="image/png", headers=headers)


def _stretch(request: Request) -> tuple[float, float | None] | None:
    """The requested start and end; None if they are not valid."""
    try:
        start = float(request.query_params.get("start", 0))
        end = float(text) if (text := request.query_params.get("end")) else None
    except ValueError:
        return None
    is_valid = math.isfinite(start) and start >= 0 and (end is None or start < end < math.inf)
    return (start, end) if is_valid else None


def _opened(found: Path | S3Object) -> Path | BinaryIO:
    """The audio to draw; raises `SpectrogramUnavailable` if the object in the bucket is too large to download."""
    if isinstance(found, Path):
        return found
    if found.size > LARGEST_OBJECT:
        raise SpectrogramUnavailable(f"the object in the bucket is larger than {file_size(LARGEST_OBJECT)}")
    return BytesIO(found.read())


def _tag(found: Path | S3Object, stretch: tuple[float, float | None]) -> str:
    """Identifies the version of the file and the requested part."""
    if isinstance(found, Path):
        file = found.stat()
        version = f"{found} {file.st_mtime_ns} {file.st_size}"
    else:
        version = f"{found.key} {found.etag}"
    return f'"{sha256(f"{version} {stretch}".encode()).hexdigest()[:32]}"'


def _cached(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": "private, max-age=3600"}
