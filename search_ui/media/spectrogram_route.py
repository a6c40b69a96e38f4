"""Pictures of sounds, sent from beside the page: drawn when somebody looks, a few at a time."""

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
from indexer.passages import Passage
from search_ui.errors import SpectrogramUnavailable
from search_ui.media.audio import GetAudio
from search_ui.media.spectrogram import draw

SPECTROGRAM_ROUTE: Final = "picture"
"""First part of the path under which pictures are sent."""

AT_A_TIME: Final = 2
"""Pictures that are drawn at the same time; others wait."""

MOST_WAITING: Final = 20
"""Pictures that wait; who comes then is asked to come again."""

LARGEST_OBJECT: Final = 64 * 2**20
"""Bytes of an object in a bucket that is fetched to be drawn."""

STRETCH_HEADER: Final = "Hearsay-Stretch"
"""The header that says what a picture shows: from and to, in seconds of the clip."""


def spectrogram_url(passage: Passage) -> str:
    """The address of the picture of a passage's sound, seen from the page."""
    stretch = f"?start={passage.start:g}" + ("" if passage.is_whole or passage.end is None else f"&end={passage.end:g}")
    return f"{SPECTROGRAM_ROUTE}/{quote(passage.clip)}{stretch}"


def spectrogram_route(audio: GetAudio) -> Route:
    """The route that draws clips from where `audio_route` sends them from, and says why where it cannot."""
    drawing = CapacityLimiter(AT_A_TIME)

    async def send(request: Request) -> Response:
        if drawing.statistics().tasks_waiting >= MOST_WAITING:
            return PlainTextResponse("too many pictures are asked for; look again", 503, {"Retry-After": "2"})
        return await to_thread.run_sync(_answer, request, audio, limiter=drawing)

    return Route(f"/{SPECTROGRAM_ROUTE}/{{clip:path}}", send)


def _answer(request: Request, audio: GetAudio) -> Response:
    stretch = _stretch(request)
    if stretch is None:
        return PlainTextResponse("start and end are seconds, the end behind the start", 400)
    try:
        found = audio().find(request.path_params["clip"])
        if found is None:
            return PlainTextResponse("no audio was found for this clip", 404)
        tag = _tag(found, stretch)
        if request.headers.get("If-None-Match") == tag:
            return Response(status_code=304, headers=_kept(tag))
        picture = draw(_opened(found), *stretch)
    except SpectrogramUnavailable as problem:
        return PlainTextResponse(str(problem), 415)
    except HearsayError as problem:
        return PlainTextResponse(str(problem), 503)
    shown = {STRETCH_HEADER: f"{picture.start:.3f} {picture.end:.3f}", "X-Content-Type-Options": "nosniff"}
    return Response(picture.png, media_type="image/png", headers=_kept(tag) | shown)


def _stretch(request: Request) -> tuple[float, float | None] | None:
    """Start and end that are asked for; None where they are no stretch of time."""
    try:
        start = float(request.query_params.get("start", 0))
        end = float(text) if (text := request.query_params.get("end")) else None
    except ValueError:
        return None
    is_one = math.isfinite(start) and start >= 0 and (end is None or start < end < math.inf)
    return (start, end) if is_one else None


def _opened(found: Path | S3Object) -> Path | BinaryIO:
    """What is drawn; raises `SpectrogramUnavailable` where that would be too much to fetch from a bucket."""
    if isinstance(found, Path):
        return found
    if found.size > LARGEST_OBJECT:
        raise SpectrogramUnavailable("this recording lies in a bucket and is too large to be fetched for a picture")
    return BytesIO(found.read())


def _tag(found: Path | S3Object, stretch: tuple[float, float | None]) -> str:
    """Another one whenever the file or the stretch is another."""
    if isinstance(found, Path):
        file = found.stat()
        version = f"{found} {file.st_mtime_ns} {file.st_size}"
    else:
        version = f"{found.key} {found.etag}"
    return f'"{sha256(f"{version} {stretch}".encode()).hexdigest()[:32]}"'


def _kept(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": "private, max-age=3600"}
