"""Search results as lines of files: records as CSV, passages as a manifest in the format of NeMo."""

import json
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Final

from hearsay.records.clip import ClipRow
from hearsay.records.table import columns_of, csv_line
from indexer.errors import IndexUnavailable
from indexer.index import Request, SearchReader
from indexer.ingest.indexed_clips import whole_clip
from indexer.passages import Passage

AUDIO: Final = "audio"
"""The folder of the audio in an export."""

_ODD: Final = re.compile(r'[\\:*?"<>|\x00-\x1f]|[ .]\Z')
"""What some file systems do not allow in a part of a path; includes ``.`` and ``..``."""

_RENAMED: Final = ("filename", "generated_text")
"""Columns of a record that have other names in a manifest."""


def clips_found(index: SearchReader, request: Request) -> Iterator[ClipRow]:
    """The clips of all results, in their order; a recording with several matching passages is returned once."""
    seen: set[str] = set()
    for passage in index.walk(request):
        if passage.is_whole:
            yield passage.row
        elif passage.clip not in seen and (row := whole_clip(index, passage.clip)):
            seen.add(passage.clip)
            yield row


def columns_found(index: SearchReader, request: Request) -> list[str]:
    """The columns of the clips of all results, as in a CSV of ``asr decode``."""
    rows = (passage.row for passage in index.walk(request))
    return columns_of({name for row in rows for name in (*row.extra, *row.optional)})


def csv_lines(index: SearchReader, request: Request) -> Iterator[str]:
    """The clips of all results as a CSV like that of ``asr decode``, which can be loaded again.

    Its header contains the additional columns of the corpus, so all results are read twice.
    """
    columns = columns_found(index, request)
    yield csv_line(columns)
    for row in clips_found(index, request):
        cells = row.to_cells()
        if not cells.keys() <= set(columns):
            raise IndexUnavailable("the index changed during the export; export again")
        yield csv_line([cells.get(name, "") for name in columns])


def manifest_lines(
    index: SearchReader, request: Request, path_of: Callable[[str], str | None] = lambda clip: clip
) -> Iterator[str]:
    """All results as lines of JSON; ``path_of`` returns the path of a clip's audio, None to leave the clip out."""
    for passage in index.walk(request):
        if path := path_of(passage.clip):
            yield manifest_line(passage, path)


def manifest_line(passage: Passage, path: str) -> str:
    """One result in the format of NeMo: ``duration`` seconds of the audio at ``path`` from ``offset``, the reference as
    ``text`` and the transcript as ``pred_text``; then Hearsay's own fields, with times from the beginning of the clip.

    ``text`` is empty if there is no reference, and for parts of a recording, whose references are not known. NeMo
    requires the field; with the transcript in it, tools would score it as free of errors and train on it.
    """
    row = passage.row
    line = {
        "audio_filepath": path,
        "offset": 0.0 if passage.is_whole else passage.start,
        "duration": row.duration,
        "text": row.text if passage.is_whole else "",
        "pred_text": row.generated_text,
        "id": passage.id,
    }
    ours = {name: value for name, value in row.to_json().items() if name not in line and name not in _RENAMED}
    return json.dumps(line | ours, ensure_ascii=False) + "\n"


def name_of(clip: str, suffix: str) -> str:
    """The path of a clip's audio in an export: its id, unless that is not a safe path on every file system."""
    if all(part and not _ODD.search(part) for part in clip.split("/")):
        return f"{AUDIO}/{clip}"
    return f"{AUDIO}/renamed/{sha256(clip.encode()).hexdigest()[:16]}{suffix.lower()}"
