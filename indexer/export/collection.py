"""Results of a search as files: records as CSV, JSON Lines, NeMo manifest, Parquet and Hugging Face metadata.

Every format but subtitles has all columns of a record and its word error rate, and is read back as equal records.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any, Final

from hearsay.errors import StorageError
from hearsay.extras import needing
from hearsay.records.clip import SCHEMA_VERSION, ClipRow
from hearsay.records.codec import COUNTS, NUMBERS
from hearsay.records.files import replaced_whole
from hearsay.records.subtitles import cues, srt
from hearsay.records.table import csv_line
from hearsay.storage.local import find_audio
from hearsay.storage.s3 import SCHEME, Bucket, S3Object, connect
from indexer.errors import IndexUnavailable, WrongRequest
from indexer.export.clip_files import AUDIO, clips_found, columns_found, name_of
from indexer.export.existing_files import MARK, reject_foreign, written_once
from indexer.index import Request, SearchReader
from indexer.passages import passages_of

FORMATS: Final[Mapping[str, str]] = {
    "csv": "clips.csv",
    "jsonl": "clips.jsonl",
    "nemo": "manifest.jsonl",
    "parquet": "clips.parquet",
    "metadata.csv": "metadata.csv",
    "srt": "",
}
"""The names of formats and their files; subtitles are one file per clip."""

_AT_ONCE: Final = 5_000
"""Rows of a Parquet file that are written at a time."""

_NUMBERS: Final = NUMBERS | {MARK}


@dataclass(frozen=True, slots=True)
class Exported:
    """The number of exported clips, where they are, and the clips that lack audio or times for subtitles."""

    clips: int
    place: Path
    lacking: tuple[str, ...] = ()


def export(index: SearchReader, request: Request, form: str, out: Path, *, with_audio: bool = False) -> Exported:
    """Write the clips of all results into the folder ``out``, and their audio into ``out/audio``.

    Raises `WrongRequest` if the audio is wanted and the index does not record where it is, if a file cannot be written,
    or if it would replace one that is not of an earlier export.
    """
    find = audio_finder(index) if with_audio else None
    lacking: list[str] = []
    paths: dict[str, str] = {}

    def path_of(clip: str) -> str:
        if find is not None and clip not in paths:
            paths[clip] = _copied(find(clip), clip, out) or ""
            lacking.extend([clip] if not paths[clip] else [])
        return paths.get(clip) or clip

    try:
        out.mkdir(parents=True, exist_ok=True)
        if form == "srt":
            clips, without = _write_subtitles(clips_found(index, request), out, path_of)
            return Exported(clips, out, (*lacking, *without))
        place = out / FORMATS[form]
        reject_foreign(place)
        with replaced_whole(place) as temporary:
            clips = _write(form, temporary, index, request, path_of)
    except OSError as problem:
        raise WrongRequest(f"{out} cannot be written: {problem.strerror or problem}") from problem
    return Exported(clips, place, tuple(lacking))


def _cells(cells: Mapping[str, Any], columns: Sequence[str], missing: Any = "") -> list[Any]:
    if not cells.keys() <= set(columns):
        raise IndexUnavailable("the index changed during the export; export again")
    return [cells.get(name, missing) for name in columns]


def _write(form: str, path: Path, index: SearchReader, request: Request, path_of: Callable[[str], str]) -> int:
    """Write one file, and return the number of its clips."""
    own = [] if form == "jsonl" else columns_found(index, request)
    columns = [*own, MARK]
    rows = _with_audio(clips_found(index, request), path_of)
    match form:
        case "jsonl":
            return _write_lines(path, map(_json_line, rows))
        case "nemo":
            return _write_lines(path, (_nemo_line(row, own, path_of(row.id)) for row in rows))
        case "parquet":
            return _write_parquet(path, rows, columns, path_of)
        case _:
            columns = [*(["file_name"] if form == "metadata.csv" else []), *columns]
            lines = ({"file_name": path_of(row.id)} | _scored_cells(row) for row in rows)
            cells = ([line.get(name, "") for name in columns] for line in lines)
            return _write_lines(path, map(csv_line, cells), csv_line(columns))


def _with_audio(rows: Iterable[ClipRow], path_of: Callable[[str], str]) -> Iterator[ClipRow]:
    """The rows, each after its audio was copied, whether or not the format names the file."""
    for row in rows:
        path_of(row.id)
        yield row


def _write_lines(path: Path, lines: Iterable[str], header: str = "") -> int:
    counter = count()
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(header)
        file.writelines(line for line, _ in zip(lines, counter, strict=False))
    return next(counter)


def _wer(row: ClipRow) -> float | None:
    """The word error rate of a clip that is one passage."""
    passages = list(passages_of(row))
    return passages[0].wer() if len(passages) == 1 else None


def _scored(row: ClipRow) -> dict[str, Any]:
    wer = _wer(row)
    return row.to_json() | ({} if wer is None else {MARK: wer})


def _scored_cells(row: ClipRow) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in _scored(row).items()
    }


def _json_line(row: ClipRow) -> str:
    return json.dumps({"schema_version": SCHEMA_VERSION, MARK: None} | _scored(row), ensure_ascii=False) + "\n"


def _nemo_line(row: ClipRow, columns: Sequence[str], path: str) -> str:
    """A line of a manifest with all columns, so that the file is recognised as Hearsay's when it is read."""
    members = dict(zip(columns, _cells(row.to_json(), columns, None), strict=True))
    first = {"audio_filepath": path, "duration": row.duration, "text": row.text, "pred_text": row.generated_text}
    return json.dumps(first | members | {"text": row.text, MARK: _wer(row)}, ensure_ascii=False) + "\n"


def _write_parquet(path: Path, rows: Iterable[ClipRow], columns: Sequence[str], path_of: Callable[[str], str]) -> int:
    with needing("parquet", "Parquet"):
        import pyarrow as pa
        import pyarrow.parquet as parquet
    types = {name: pa.int64() if name in COUNTS else pa.float64() for name in _NUMBERS}
    schema = pa.schema([("file_name", pa.string()), *((name, types.get(name, pa.string())) for name in columns)])
    number = 0
    with parquet.ParquetWriter(path, schema) as writer:
        for batch in _batches(rows):
            lines = [_parquet_line(row, columns, path_of(row.id)) for row in batch]
            writer.write_batch(pa.RecordBatch.from_pylist(lines, schema))
            number += len(lines)
    return number


def _parquet_line(row: ClipRow, columns: Sequence[str], path: str) -> dict[str, Any]:
    """Numbers as numbers, lists and maps as JSON."""
    values = dict(zip(columns, _cells(_scored(row), columns, None), strict=True))
    texts = {
        name: json.dumps(value, ensure_ascii=False)
        for name, value in values.items()
        if value is not None and not isinstance(value, str) and name not in _NUMBERS
    }
    return values | texts | {"file_name": path}


def _batches(rows: Iterable[ClipRow]) -> Iterator[list[ClipRow]]:
    batch: list[ClipRow] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _write_subtitles(rows: Iterable[ClipRow], out: Path, path_of: Callable[[str], str]) -> tuple[int, list[str]]:
    """Write a file per clip with times; returns their number, and the clips without."""
    number, without = 0, []
    for row in rows:
        path_of(row.id)
        if not (found := cues(row)):
            without.append(row.id)
            continue
        path = out / PurePosixPath(name_of(row.id, "")).relative_to(AUDIO).with_suffix(".srt")
        with written_once(path) as temporary:
            temporary.write_text(srt(found), encoding="utf-8")
        number += 1
    return number, without


def audio_finder(index: SearchReader) -> Callable[[str], Path | S3Object | None]:
    """A function that finds the audio of a clip where the index says that it is.

    Raises `WrongRequest` if the index does not say so, or the bucket cannot be opened.
    """
    place = index.about().audio
    if place is None:
        raise WrongRequest("the index does not record where the audio is; load with --audio FOLDER, or omit --audio")
    if place.startswith(SCHEME):
        try:
            return Bucket(connect(None), place).find
        except StorageError as problem:
            raise WrongRequest(str(problem)) from problem
    return lambda clip: find_audio(Path(place), clip)


def _copied(found: Path | S3Object | None, clip: str, out: Path) -> str | None:
    """Copy the audio of a clip into the export; returns its path there, None if there is none."""
    if found is None:
        return None
    suffix = found.suffix if isinstance(found, Path) else PurePosixPath(found.key).suffix
    name = name_of(clip, suffix)
    with written_once(out / name) as temporary, ExitStack() as stack:
        if isinstance(found, Path):
            shutil.copyfile(found, temporary)
        else:
            file = stack.enter_context(temporary.open("wb"))
            for piece in found.chunks(1 << 18) or ():
                file.write(piece)
    return name
