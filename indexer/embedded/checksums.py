"""Checksums of a version's files: bytes that changed on disk are found before they change an answer."""

import json
import zlib
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from indexer.embedded.version_files import META, SEGMENT

_BLOCK: Final = 1 << 20
"""How many bytes are read at once."""

_FOOTER_END: Final = 8
"""A segment file ends with the length of its footer and a magic number, of four bytes each."""


def checksum(file: Path) -> int:
    """The CRC-32 of a file's content."""
    return _crc_of(file, file.stat().st_size)


def signed(about: Mapping[str, Any]) -> dict[str, Any]:
    """A version's description with its own checksum."""
    return {**about, "digest": _digest(about)}


def is_as_signed(about: Mapping[str, Any]) -> bool:
    """Whether a version's description has the checksum that was written with it. Older versions wrote none."""
    if "digest" not in about:
        return "meta" not in about  # both were introduced together
    return bool(about["digest"] == _digest(about))


def damaged_segment_file(folder: Path, kinds: Collection[str] = ()) -> Path | None:
    """A segment file whose content does not have the checksum in its footer; None if all are as they were written.

    ``kinds`` are suffixes of files (all if empty). A file is read once per process, as segments never change.
    """
    for file in _files_in_use(folder):
        if kinds and file.suffix not in kinds:
            continue
        stat = file.stat()
        if not _is_intact(file.absolute(), stat.st_size, stat.st_mtime_ns, stat.st_ino):
            return file
    return None


def _files_in_use(folder: Path) -> Iterator[Path]:
    """The files of the segments that meta.json lists. Killed writers leave others, which are not read."""
    segments = json.loads((folder / META).read_text(encoding="utf-8"))["segments"]
    deletes = {segment["segment_id"].replace("-", ""): segment["deletes"] for segment in segments}
    for file in sorted(folder.iterdir()):
        segment, _, kind = file.name.partition(".")
        if not SEGMENT.fullmatch(file.name) or segment not in deletes or kind.endswith("temp"):
            continue
        if kind.endswith("del") and (deletes[segment] is None or kind != f"{deletes[segment]['opstamp']}.del"):
            continue
        yield file


@lru_cache(maxsize=1 << 14)
def _is_intact(file: Path, size: int, _modified: int, _inode: int) -> bool:
    """Whether a segment file's content has the checksum in its footer, which is JSON."""
    with file.open("rb") as opened:
        opened.seek(max(0, size - _FOOTER_END))
        length = int.from_bytes(opened.read(4), "little")
        body = size - _FOOTER_END - length
        if body < 0:
            return False
        opened.seek(body)
        footer = opened.read(length)
    try:
        crc = json.loads(footer)["crc"]
    except (ValueError, TypeError, KeyError):
        return False
    return bool(_crc_of(file, body) == crc)


def _crc_of(file: Path, size: int) -> int:
    """The CRC-32 of the first ``size`` bytes of a file."""
    crc, left, block = 0, size, memoryview(bytearray(min(size, _BLOCK)))
    with file.open("rb", buffering=0) as opened:
        while left and (number := opened.readinto(block[: min(left, _BLOCK)])):
            crc = zlib.crc32(block[:number], crc)
            left -= number
    return crc


def _digest(about: Mapping[str, Any]) -> int:
    content = {name: value for name, value in about.items() if name != "digest"}
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())
