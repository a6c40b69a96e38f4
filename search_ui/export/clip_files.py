"""Hits as the lines of files: clip rows as CSV, passages as a manifest that NeMo and its kin open."""

import json
from collections.abc import Callable, Iterator
from typing import Final

from hearsay.records.clip import ClipRow
from hearsay.records.table import columns_of, csv_line
from indexer.errors import IndexUnavailable
from indexer.index import Request, SearchReader
from indexer.ingest.indexed_clips import whole_clip
from indexer.passages import Passage

_TOLD: Final = ("filename", "generated_text")
"""Columns of a row that a manifest has under other names."""


def clips_found(index: SearchReader, request: Request) -> Iterator[ClipRow]:
    """The clips of all hits, in their order; a recording that was found in several places comes once, and whole."""
    seen: set[str] = set()
    for passage in index.walk(request):
        if passage.is_whole:
            yield passage.row
        elif passage.clip not in seen and (row := whole_clip(index, passage.clip)):
            seen.add(passage.clip)
            yield row


def csv_lines(index: SearchReader, request: Request) -> Iterator[str]:
    """The clips of all hits as a CSV like that of ``asr decode``, which can be loaded again.

    The head comes first and names the columns that only the corpus knows, so everything is walked through twice.
    """
    columns = columns_of({name for passage in index.walk(request) for name in passage.row.extra})
    yield csv_line(columns)
    for row in clips_found(index, request):
        cells = row.to_cells()
        if not cells.keys() <= set(columns):
            raise IndexUnavailable("the index changed while it was read; ask for the file again")
        yield csv_line([cells.get(name, "") for name in columns])


def manifest_lines(
    index: SearchReader, request: Request, path_of: Callable[[str], str | None] = lambda clip: clip
) -> Iterator[str]:
    """All hits as lines of JSON; ``path_of`` tells a clip's audio, None for a clip that is left out."""
    for passage in index.walk(request):
        if path := path_of(passage.clip):
            yield manifest_line(passage, path)


def manifest_line(passage: Passage, path: str) -> str:
    """One hit, as NeMo reads it: ``duration`` seconds of the audio at ``path`` from ``offset`` on, its ``text`` and
    what was heard, ``pred_text``; then our own fields, in which times count from the beginning of the clip.

    ``text`` is the reference. Where there is none, and for a part of a recording, whose own is not known, it is empty:
    the tools want the field, and a transcript in it would be taken for the truth, scored as faultless and learned from.
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
    ours = {name: value for name, value in row.to_json().items() if name not in line and name not in _TOLD}
    return json.dumps(line | ours, ensure_ascii=False) + "\n"
