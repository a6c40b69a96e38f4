"""Search results as a ZIP archive: audio, manifest and CSV, streamed while it is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from time import localtime
from typing import Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from hearsay.storage.s3 import S3Object
from indexer.errors import WrongRequest
from indexer.export.clip_files import csv_lines, manifest_lines, name_of
from indexer.index import Request, SearchReader
from search_ui.media.audio import AudioStore

MOST_HITS: Final = 5_000
MOST_BYTES: Final = 2_000_000_000
"""The limits of one archive, so that no tool needs the ZIP64 extension."""

_PIECE: Final = 1 << 18
"""Bytes of audio per read."""

_MISSING: Final = "The audio of these clips was not found in the folders and buckets of the page:\n"

_PARALLEL_LOOKUPS: Final = 16
"""Clips that are looked up at the same time, because a lookup in a bucket is slow."""

_OLDEST: Final = (1980, 1, 1, 0, 0, 0)
"""The oldest modification time that the ZIP format can store."""


@dataclass(frozen=True, slots=True)
class ZipAudio:
    """The file of a clip: its ``suffix``, its ``size`` in bytes, and when it was ``changed``, in seconds since 1970.

    ``open`` returns its bytes in pieces, None if the file no longer exists.
    """

    suffix: str
    size: int
    changed: float
    open: Callable[[], Iterator[bytes] | None]


@dataclass(frozen=True, slots=True)
class ZipPlan:
    """The content of an archive: the audio of each clip, None if it was not found."""

    request: Request
    audio: Mapping[str, ZipAudio | None]


def plan_zip(index: SearchReader, request: Request, store: AudioStore) -> ZipPlan:
    """The content of an archive; raises `WrongRequest` if it exceeds a limit."""
    total = index.search(replace(request, facets=(), size=1, page=1)).total
    if total > MOST_HITS:
        raise WrongRequest(
            f"a ZIP archive may contain up to {MOST_HITS:,} results, and this search has {total:,}; add filters, or "
            "export the CSV"
        )
    clips = dict.fromkeys(passage.clip for passage in index.walk(request))
    with ThreadPoolExecutor(_PARALLEL_LOOKUPS) as pool:
        audio = dict(zip(clips, pool.map(lambda clip: _audio(store.find(clip)), clips), strict=True))
    size = sum(one.size for one in audio.values() if one)
    if size > MOST_BYTES:
        raise WrongRequest(
            f"a ZIP archive may contain up to {MOST_BYTES / 1e9:g} GB of audio, and this search has "
            f"{size / 1e9:.1f} GB; add filters"
        )
    return ZipPlan(request, audio)


def zip_chunks(index: SearchReader, plan: ZipPlan) -> Iterator[bytes]:
    """The archive in pieces: ``audio/…``, ``manifest.jsonl`` of the results with audio, and ``clips.csv`` of all.

    Nothing is compressed, because recordings hardly shrink. Clips without audio are listed in ``missing-audio.txt``.
    """
    output = _Buffer()
    with ZipFile(output, "w", ZIP_STORED) as archive:
        packed: dict[str, str] = {}
        for clip, audio in plan.audio.items():
            if audio and (pieces := audio.open()):
                packed[clip] = name_of(clip, audio.suffix)
                changed = max(_OLDEST, localtime(audio.changed)[:6])
                yield from _added(archive, output, ZipInfo(packed[clip], changed), pieces)
        missing = [f"{clip}\n" for clip in plan.audio if clip not in packed]
        yield from _text(archive, output, "manifest.jsonl", manifest_lines(index, plan.request, packed.get))
        yield from _text(archive, output, "clips.csv", csv_lines(index, plan.request))
        if missing:
            yield from _text(archive, output, "missing-audio.txt", [_MISSING, *missing])
    yield output.drain()


class _Buffer:
    """The output of an archive, read piece by piece. It is not seekable, so sizes follow the data of each file."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def drain(self) -> bytes:
        content = b"".join(self._pieces)
        self._pieces.clear()
        return content


def _added(archive: ZipFile, output: _Buffer, entry: ZipInfo, pieces: Iterable[bytes]) -> Iterator[bytes]:
    with archive.open(entry, "w") as member:
        for piece in pieces:
            member.write(piece)
            yield output.drain()


def _text(archive: ZipFile, output: _Buffer, name: str, lines: Iterable[str]) -> Iterator[bytes]:
    return _added(archive, output, ZipInfo(name, localtime()[:6]), (line.encode() for line in lines))


def _audio(found: Path | S3Object | None) -> ZipAudio | None:
    if isinstance(found, Path):
        file = found.stat()
        return ZipAudio(found.suffix, file.st_size, file.st_mtime, lambda: _pieces(found) if found.is_file() else None)
    if found is not None:
        return ZipAudio(PurePath(found.key).suffix, found.size, found.modified, lambda: found.chunks(_PIECE))
    return None


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
