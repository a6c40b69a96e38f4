"""Files that exist where an export writes: those of an earlier export are replaced, any other is kept."""

import csv
import filecmp
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hearsay.extras import needing
from hearsay.records.files import replaced_whole
from hearsay.records.table import is_of_hearsay_header
from indexer.errors import WrongRequest

MARK: Final = "wer"
"""The column, or member, that every line of an export has and no other file that Hearsay writes."""

_LONGEST_HEADER: Final = 1_000_000


def reject_foreign(path: Path) -> None:
    """Raises `WrongRequest` if a table of records exists at ``path`` that is not an earlier export.

    Raises `OSError` if it cannot be read.
    """
    if path.is_file() and path.stat().st_size and not _is_export(path):
        raise WrongRequest(
            f"{path} was not written by an export, and would be overwritten; nothing was changed. "
            "Name another folder in --out, or rename that file"
        )


@contextmanager
def written_once(path: Path) -> Iterator[Path]:
    """A file to write to, moved to ``path`` if nothing or the same is there; else raises `WrongRequest`."""
    with replaced_whole(path) as temporary:
        yield temporary
        if path.exists() and not filecmp.cmp(temporary, path, shallow=False):
            raise WrongRequest(
                f"{path} exists with other contents, and was not overwritten; "
                "name another folder in --out, or remove that file"
            )


def _is_export(path: Path) -> bool:
    if path.suffix == ".parquet":
        columns: Collection[str] = _parquet_columns(path)
    else:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            first = file.readline(_LONGEST_HEADER)
        if path.suffix == ".jsonl":
            return _is_exported_line(first)
        columns = next(csv.reader([first]), [])
    return MARK in columns and is_of_hearsay_header(columns)


def _is_exported_line(line: str) -> bool:
    """Whether it is a record with the mark: of a log's form, or of a manifest with all columns of Hearsay."""
    try:
        members = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(members, dict) and MARK in members and ("schema_version" in members or is_of_hearsay_header(members))
    )


def _parquet_columns(path: Path) -> Collection[str]:
    with needing("parquet", "Parquet"):
        import pyarrow as pa
        import pyarrow.parquet as parquet
    try:
        return frozenset(parquet.read_schema(path).names)
    except pa.ArrowException:
        return ()
