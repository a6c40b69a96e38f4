"""Hits as a zip: the clips' audio, and beside it what is known of them, sent while it is made."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePath
from time import localtime
from typing import Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from hearsay.storage.s3 import S3Object
from indexer.errors import WrongRequest
from indexer.index import Request, SearchReader
from search_ui.export.clip_files import csv_lines, manifest_lines
from search_ui.media.audio import AudioStore

MOST_HITS: Final = 5_000
MOST_BYTES: Final = 2_000_000_000
"""What one zip holds at most, so that no tool needs the format's extension for large files."""

_PIECE: Final = 1 << 18
"""Bytes of audio that are read at a time."""

_ODD: Final = re.compile(r'[\\:*?"<>|\x00-\x1f]|[ .]\Z')
"""What a part of a path cannot have everywhere; ``.`` and ``..`` are among it."""

_MISSING: Final = "the audio of these clips is nowhere that the page knows:\n"

_PARALLEL_LOOKUPS: Final = 16
"""Clips that are looked up at the same time, since each takes a bucket a while."""

_OLDEST: Final = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip can tell of a file."""


@dataclass(frozen=True, slots=True)
class ZipAudio:
    """The file of a clip: its ``suffix``, its ``size`` in bytes, and when it was ``changed``, in seconds since 1970.

    ``open`` gives its bytes in pieces, None where it is gone by now.
    """

    suffix: str
    size: int
    changed: float
    open: Callable[[], Iterator[bytes] | None]


@dataclass(frozen=True, slots=True)
class ZipPlan:
    """The hits that go into a zip: each clip's audio, None where it is not known."""

    request: Request
    audio: Mapping[str, ZipAudio | None]


def plan_zip(index: SearchReader, request: Request, store: AudioStore) -> ZipPlan:
    """What a zip would hold; raises `WrongRequest` where it is too much for one."""
    total = index.search(replace(request, facets=(), size=1, page=1)).total
    if total > MOST_HITS:
        raise WrongRequest(
            f"a zip holds up to {MOST_HITS:,} hits and these are {total:,}; filter further, or take the CSV"
        )
    clips = dict.fromkeys(passage.clip for passage in index.walk(request))
    with ThreadPoolExecutor(_PARALLEL_LOOKUPS) as many:
        audio = dict(zip(clips, many.map(lambda clip: _audio(store.find(clip)), clips), strict=True))
    size = sum(one.size for one in audio.values() if one)
    if size > MOST_BYTES:
        raise WrongRequest(
            f"a zip holds up to {MOST_BYTES / 1e9:g} GB of audio and this is {size / 1e9:.1f} GB; filter further"
        )
    return ZipPlan(request, audio)


def zip_chunks(index: SearchReader, chosen: ZipPlan) -> Iterator[bytes]:
    """The zip in pieces: ``audio/…``, then ``manifest.jsonl`` of the hits with audio, ``clips.csv`` of all of them.

    Nothing is compressed, since recordings hardly shrink. Clips without audio are listed in ``missing-audio.txt``.
    """
    outbox = _Buffer()
    with ZipFile(outbox, "w", ZIP_STORED) as archive:
        packed: dict[str, str] = {}
        for clip, audio in chosen.audio.items():
            if audio and (pieces := audio.open()):
                packed[clip] = name_of(clip, audio.suffix)
                changed = max(_OLDEST, localtime(audio.changed)[:6])
                yield from _added(archive, outbox, ZipInfo(packed[clip], changed), pieces)
        missing = [f"{clip}\n" for clip in chosen.audio if clip not in packed]
        yield from _text(archive, outbox, "manifest.jsonl", manifest_lines(index, chosen.request, packed.get))
        yield from _text(archive, outbox, "clips.csv", csv_lines(index, chosen.request))
        if missing:
            yield from _text(archive, outbox, "missing-audio.txt", [_MISSING, *missing])
    yield outbox.taken()


def name_of(clip: str, suffix: str) -> str:
    """Where a clip's audio lies in a zip: under its id, unless that could not be unpacked everywhere or led away."""
    if all(part and not _ODD.search(part) for part in clip.split("/")):
        return f"audio/{clip}"
    return f"audio/renamed/{sha256(clip.encode()).hexdigest()[:16]}{suffix.lower()}"


class _Buffer:
    """What a zip is written to, and taken out of piece by piece. It cannot be sought in, so lengths stand behind."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def taken(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _added(archive: ZipFile, outbox: _Buffer, entry: ZipInfo, pieces: Iterable[bytes]) -> Iterator[bytes]:
    with archive.open(entry, "w") as member:
        for piece in pieces:
            member.write(piece)
            yield outbox.taken()


def _text(archive: ZipFile, outbox: _Buffer, name: str, lines: Iterable[str]) -> Iterator[bytes]:
    return _added(archive, outbox, ZipInfo(name, localtime()[:6]), (line.encode() for line in lines))


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
