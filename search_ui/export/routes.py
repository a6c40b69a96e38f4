"""The routes of exports: all results of a search as files, the query itself, and the subtitles of a clip."""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePosixPath
from threading import BoundedSemaphore
from typing import Any, Final
from urllib.parse import quote

from anyio import CancelScope
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from hearsay.errors import HearsayError
from hearsay.records.subtitles import cues, srt, vtt
from indexer.errors import WrongRequest
from indexer.export.clip_files import csv_lines, manifest_lines
from indexer.export.elasticsearch_request import as_curl, as_json
from indexer.index import Request, SearchReader
from indexer.ingest.indexed_clips import whole_clip
from indexer.settings import IndexSettings
from search_ui.export.zip_stream import plan_zip, zip_chunks
from search_ui.media.audio import GetAudio
from search_ui.state import SearchState

EXPORT_ROUTE: Final = "export"
SUBTITLES_ROUTE: Final = "subtitles"

MOST_AT_ONCE: Final = 3
"""Exports at the same time; more would slow down searches."""

_CHUNK: Final = 1 << 16
"""Characters or bytes per chunk that is sent."""

LONGEST_NAME_PART: Final = 60
"""Characters of the search in the name of the file."""


@dataclass(frozen=True, slots=True)
class ExportSource:
    """What exports are made from: settings, index, audio, and the function that turns a search into a request."""

    settings: Callable[[], IndexSettings]
    index: Callable[[], SearchReader]
    audio: GetAudio
    request_of: Callable[[SearchState], Request]


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file: its media type, and the function that yields its pieces for a search."""

    media: str
    pieces: Callable[[ExportSource, Request], Iterable[str | bytes]]


KINDS: Final[Mapping[str, FileKind]] = {
    "clips.csv": FileKind("text/csv; charset=utf-8", lambda source, request: csv_lines(source.index(), request)),
    "manifest.jsonl": FileKind("application/jsonl", lambda source, request: manifest_lines(source.index(), request)),
    "clips.zip": FileKind(
        "application/zip",
        lambda source, request: zip_chunks(source.index(), plan_zip(source.index(), request, source.audio())),
    ),
    "query.json": FileKind("application/json", lambda _, request: [as_json(request)]),
    "query.sh": FileKind("text/plain; charset=utf-8", lambda source, request: [as_curl(request, source.settings())]),
}
"""The export formats, by the last part of the address."""


SUBTITLES: Final = {".srt": (srt, "application/x-subrip; charset=utf-8"), ".vtt": (vtt, "text/vtt; charset=utf-8")}


def export_routes(source: ExportSource) -> list[Route]:
    """``export/KIND?SEARCH``, with the parameters of the page, and ``subtitles/CLIP.srt`` or ``.vtt``."""
    slots = BoundedSemaphore(MOST_AT_ONCE)

    def send_file(http_request: HttpRequest) -> Response:
        if (kind := KINDS.get(http_request.path_params["kind"])) is None:
            kind_name = http_request.path_params["kind"]
            return _message(404, f"there is no export {kind_name}; available: {', '.join(KINDS)}")
        if not slots.acquire(blocking=False):
            return _message(429, f"{MOST_AT_ONCE} exports are running already; try again in a minute")
        return _answered(lambda: _file(http_request, kind, source, slots))

    def send_subtitles(http_request: HttpRequest) -> Response:
        return _answered(lambda: _subtitles(http_request.path_params["clip"], source))

    return [
        Route(f"/{EXPORT_ROUTE}/{{kind}}", send_file),
        Route(f"/{SUBTITLES_ROUTE}/{{clip:path}}", send_subtitles),
    ]


def _answered(answer: Callable[[], Response]) -> Response:
    try:
        return answer()
    except HearsayError as problem:
        return _message(400 if isinstance(problem, WrongRequest) else 503, str(problem))


def _file(http_request: HttpRequest, kind: FileKind, source: ExportSource, slots: BoundedSemaphore) -> Response:
    """The export of a search. Its first chunk is made before the reply starts, so that early errors have a status."""
    state = SearchState.from_params(
        {name: http_request.query_params.getlist(name) for name in http_request.query_params}
    )
    pieces = _releasing(slots, lambda: _chunks(kind.pieces(source, source.request_of(state))))
    first = next(pieces, b"")
    stem, _, suffix = http_request.path_params["kind"].partition(".")
    body = chain([first], pieces) if http_request.method == "GET" else ()
    return _Download(
        body, pieces.close, headers=_headers(f"{stem}{_file_name_part(state)}.{suffix}"), media_type=kind.media
    )


def _subtitles(path: str, source: ExportSource) -> Response:
    clip, suffix = path[:-4], path[-4:]
    if suffix not in SUBTITLES:
        return _message(404, f"subtitles are available as CLIP{' and CLIP'.join(SUBTITLES)}, not as {path}")
    if (row := whole_clip(source.index(), clip)) is None:
        return _message(404, f"the index contains no clip {clip}")
    if not (found := cues(row)):
        return _message(404, f"clip {clip} has no subtitles, because its words have no times")
    write, media = SUBTITLES[suffix]
    return Response(write(found), media_type=media, headers=_headers(f"{PurePosixPath(clip).stem}{suffix}"))


def _releasing(slots: BoundedSemaphore, pieces: Callable[[], Iterator[bytes]]) -> Generator[bytes, None, None]:
    """The pieces; the slot is released however they end."""
    try:
        yield from pieces()
    finally:
        slots.release()


def _chunks(pieces: Iterable[str | bytes]) -> Iterator[bytes]:
    """The same content in larger chunks, because each chunk costs about as much as a line of text."""
    gathered = bytearray()
    for piece in pieces:
        gathered += piece.encode() if isinstance(piece, str) else piece
        if len(gathered) >= _CHUNK:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


def _message(status: int, text: str) -> Response:
    return PlainTextResponse(text, status, {"Retry-After": "60"} if status == 429 else None)


def _file_name_part(state: SearchState) -> str:
    """The search as the end of a file name."""
    values = (state.words, state.like, state.same, *(value for values in state.filters.values() for value in values))
    words = re.sub(r"\W+", "-", " ".join(filter(None, values)).lower()).strip("-")
    return f"-{words[:LONGEST_NAME_PART].rstrip('-')}" if words else ""


def _headers(name: str) -> dict[str, str]:
    ascii_name = re.sub(r"[^\w .-]", "-", name, flags=re.ASCII)
    return {
        "Content-Disposition": f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


class _Download(StreamingResponse):
    """A reply that releases its resources when it ends, also if the client disconnects.

    They are released in a thread, because closing a search may take a request to the index.
    """

    def __init__(self, body: Iterable[bytes], end: Callable[[], None], **how: Any) -> None:
        super().__init__(body, **how)
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await run_in_threadpool(self._end)
