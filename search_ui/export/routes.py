"""What may be taken away, sent from beside the page: all hits of a search as files, subtitles of a clip, the query."""

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
from indexer.index import Request, SearchReader
from indexer.ingest.indexed_clips import whole_clip
from indexer.settings import IndexSettings
from search_ui.export.clip_files import csv_lines, manifest_lines
from search_ui.export.zip_stream import plan_zip, zip_chunks
from search_ui.media.audio import GetAudio
from search_ui.state import SearchState

EXPORT_ROUTE: Final = "export"
SUBTITLES_ROUTE: Final = "subtitles"

MOST_AT_ONCE: Final = 3
"""Files that are made at the same time, lest they leave nothing to those who search."""

_CHUNK: Final = 1 << 16
"""Characters or bytes that are sent at a time."""

LONGEST_NAME_PART: Final = 60
"""Characters of a search that stand in the name of its file."""


@dataclass(frozen=True, slots=True)
class ExportSource:
    """Where what is taken away comes from: index and audio, and the way from the page's search to a request."""

    settings: Callable[[], IndexSettings]
    index: Callable[[], SearchReader]
    audio: GetAudio
    request_of: Callable[[SearchState], Request]


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file: its media type, and its pieces for a search."""

    media: str
    pieces: Callable[[ExportSource, Request], Iterable[str | bytes]]


def _zip(source: ExportSource, request: Request) -> Iterator[bytes]:
    index, audio = source.index(), source.audio()
    return zip_chunks(index, plan_zip(index, request, audio))


def _json(_: ExportSource, request: Request) -> Iterator[str]:
    from indexer.elastic.request_export import as_json  # the client of Elasticsearch takes long to import

    yield as_json(request)


def _curl(source: ExportSource, request: Request) -> Iterator[str]:
    from indexer.elastic.request_export import as_curl

    yield as_curl(request, source.settings())


KINDS: Final[Mapping[str, FileKind]] = {
    "clips.csv": FileKind("text/csv; charset=utf-8", lambda source, request: csv_lines(source.index(), request)),
    "manifest.jsonl": FileKind("application/jsonl", lambda source, request: manifest_lines(source.index(), request)),
    "clips.zip": FileKind("application/zip", _zip),
    "query.json": FileKind("application/json", _json),
    "query.sh": FileKind("text/plain; charset=utf-8", _curl),
}
"""What a search can be taken away as, by the last part of its address."""


SUBTITLES: Final = {".srt": (srt, "application/x-subrip; charset=utf-8"), ".vtt": (vtt, "text/vtt; charset=utf-8")}


def export_routes(source: ExportSource) -> list[Route]:
    """``export/KIND?SEARCH``, with the page's own parameters, and ``subtitles/CLIP.srt`` or ``.vtt``."""
    slots = BoundedSemaphore(MOST_AT_ONCE)

    def send_file(http_request: HttpRequest) -> Response:
        if (kind := KINDS.get(http_request.path_params["kind"])) is None:
            return _sentence(404, f"there is no such file; there are {', '.join(KINDS)}")
        if not slots.acquire(blocking=False):
            return _sentence(429, f"{MOST_AT_ONCE} files are being made already; ask again in a minute")
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
        return _sentence(400 if isinstance(problem, WrongRequest) else 503, str(problem))


def _file(http_request: HttpRequest, kind: FileKind, source: ExportSource, slots: BoundedSemaphore) -> Response:
    """A search's file, begun before it is promised: what goes wrong at the beginning is answered as a sentence."""
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
        return _sentence(404, f"subtitles are there as CLIP{' and CLIP'.join(SUBTITLES)}")
    if (row := whole_clip(source.index(), clip)) is None:
        return _sentence(404, "there is no such clip in the index")
    if not (said := cues(row)):
        return _sentence(404, "it is not known when what was heard in this clip was said")
    write, media = SUBTITLES[suffix]
    return Response(write(said), media_type=media, headers=_headers(f"{PurePosixPath(clip).stem}{suffix}"))


def _releasing(slots: BoundedSemaphore, pieces: Callable[[], Iterator[bytes]]) -> Generator[bytes, None, None]:
    """The pieces; however they end, the place is given back."""
    try:
        yield from pieces()
    finally:
        slots.release()


def _chunks(pieces: Iterable[str | bytes]) -> Iterator[bytes]:
    """The same in larger pieces: each that is sent costs as much as a line of text."""
    gathered = bytearray()
    for piece in pieces:
        gathered += piece.encode() if isinstance(piece, str) else piece
        if len(gathered) >= _CHUNK:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


def _sentence(status: int, text: str) -> Response:
    return PlainTextResponse(text, status, {"Retry-After": "60"} if status == 429 else None)


def _file_name_part(state: SearchState) -> str:
    """What was looked for, as the end of a file's name."""
    values = (state.words, state.like, state.same, *(value for values in state.filters.values() for value in values))
    words = re.sub(r"\W+", "-", " ".join(filter(None, values)).lower()).strip("-")
    return f"-{words[:LONGEST_NAME_PART].rstrip('-')}" if words else ""


def _headers(name: str) -> dict[str, str]:
    escape_markdown = re.sub(r"[^\w .-]", "-", name, flags=re.ASCII)
    return {
        "Content-Disposition": f"attachment; filename=\"{escape_markdown}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


class _Download(StreamingResponse):
    """A file whose making ends with its sending, also where that is broken off.

    It is ended in a thread of its own, for an index may have to be told.
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
