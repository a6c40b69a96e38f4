"""Folders that Hearsay did not create: errors that say what is in them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hearsay.text.format import counted
from indexer.embedded.version_files import META, read_members
from indexer.errors import IndexForeign
from indexer.ownership import owner_in, shown_time

_NAMED: Final = 5
"""Entries of a folder that are named; the others are counted."""


def foreign_folder(folder: Path, taken: Sequence[Path]) -> IndexForeign:
    """The error for a folder in which the files ``taken`` of another program have names that an index needs."""
    owners = (f"{path.name} says {owner}" for path in taken if path.name != META and (owner := _owner(path)))
    return IndexForeign(
        f"{folder} contains {', '.join(path.name for path in taken)}, which Hearsay did not create and does not change "
        f"({', '.join([contents_of(folder), *owners])}); name another folder in INDEX_URL"
    )


def contents_of(folder: Path) -> str:
    """What a folder contains: its first entries by name, the documents of an index of tantivy, its latest change."""
    entries = sorted(folder.iterdir())
    names = [path.name + "/" * path.is_dir() for path in entries[:_NAMED]]
    more = [f"{len(entries) - _NAMED} more"] if len(entries) > _NAMED else []
    parts = [f"in it: {', '.join([*names, *more]) or 'nothing'}"]
    segments = read_members(folder / META).get("segments")
    if isinstance(segments, list) and all(isinstance(one, dict) and "max_doc" in one for one in segments):
        deleted = sum((one.get("deletes") or {}).get("num_deleted_docs", 0) for one in segments)
        parts.append(
            f"an index of tantivy with {counted(sum(one['max_doc'] for one in segments) - deleted, 'document')}"
        )
    latest = max((path.lstat().st_mtime for path in (folder, *entries)), default=0.0)
    return ", ".join([*parts, f"last changed {shown_time(latest)}"])


def _owner(path: Path) -> str:
    return owner_in(read_members(path)) if path.is_file() else ""
