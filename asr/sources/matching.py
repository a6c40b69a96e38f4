"""The rows of a table, matched to their files in a folder or bucket."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from asr.errors import BadSource
from asr.sources.listing import Clip, Listing, Reader, Stamp
from asr.sources.stamps import stamp_of
from hearsay.records.columns import account_of, corpus_table
from hearsay.records.table import Table, read_csv
from hearsay.storage.local import file_inside, own_names
from hearsay.storage.names import alike, located, paths_of

EXAMPLES: Final = 3
"""Names that an error lists."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a folder or bucket, by relative path: its names, which files exist, their readers and stamps."""

    place: str
    own_names: frozenset[str]
    is_there: Callable[[str], bool]
    reader: Callable[[str], Reader]
    stamp: Callable[[str], Stamp]
    paths: Callable[[], Iterable[str]]
    """Lists all files, which may be slow."""


@dataclass(frozen=True, slots=True)
class TableSource:
    """The rows of a CSV in their order, each matched to its file under a folder; ids are its ``filename`` cells."""

    folder: Path
    csv: Path
    dataset: str
    allow_missing: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)

    def list(self) -> Listing:
        root = self.folder.resolve()
        files = Files(
            str(self.folder),
            own_names(self.folder, (self.dataset,)),
            lambda path: file_inside(root, path) is not None,
            lambda path: (root / path).read_bytes,
            lambda path: partial(stamp_of, root / path),
            lambda: (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()),
        )
        return match(
            read_csv(self.csv, self.columns), str(self.csv), files, self.dataset, allow_missing=self.allow_missing
        )


def match(table: Table, name: str, files: Files, dataset: str, *, allow_missing: bool) -> Listing:
    """One clip per row of the table ``name``, in its order.

    Raises `BadSource` if there are no rows, if two rows have the same file, or if a row has no file, unless
    ``allow_missing``.
    """
    account, table = account_of(table, name, is_corpus=True), corpus_table(table)
    rows = [replace(row, dataset=dataset) for row in table.rows().values()]
    if not rows:
        raise BadSource(f"{name} has a header but no rows; add one row per clip")
    found = {row.id: located(row.id, files.own_names, files.is_there) for row in rows}
    rows_of: dict[str, list[str]] = defaultdict(list)
    for clip_id, place in found.items():
        if place is not None:
            rows_of[place].append(clip_id)
    shared = [(place, ids) for place, ids in rows_of.items() if len(ids) > 1]
    if shared:  # one of two rows with the same file would get the other's transcript
        place, ids = shared[0]
        more = f"; so do {len(shared) - 1} more files" if len(shared) > 1 else ""
        raise BadSource(f"the file {place} has several rows in {name}: {', '.join(ids)}{more}; keep one row per file")
    missing = [clip_id for clip_id, path in found.items() if path is None]
    nearly = list(_nearly(missing, files)) if missing else []
    if missing and not allow_missing:
        raise BadSource(_missing_sentence(missing, found, nearly, name, files))
    clips = tuple(
        Clip(row, None) if (path := found[row.id]) is None else Clip(row, files.reader(path), stamp=files.stamp(path))
        for row in rows
    )
    return Listing(clips, table, remarks=tuple(nearly), account=account)


def _nearly(missing: Sequence[str], files: Files) -> Iterator[str]:
    """A message for each row without a file if there is one whose name differs only in case or Unicode form."""
    there: dict[str, list[str]] = defaultdict(list)
    for path in files.paths():
        there[alike(path)].append(path)
    own_names = {alike(own) for own in files.own_names}
    for clip_id in missing:
        others = [other for path in paths_of(alike(clip_id), own_names) for other in there.get(path, ())]
        if others:
            names = " and ".join(repr(other) for other in others)
            yield (
                f"{clip_id!r} has no file under {files.place}, but {names} differs from it only in upper and lower "
                "case or in its Unicode form; correct the name in the table"
            )


def _missing_sentence(
    missing: Sequence[str], found: dict[str, str | None], nearly: Sequence[str], name: str, files: Files
) -> str:
    folders = {clip_id.rpartition("/")[0].partition("/")[0] for clip_id in missing}
    # An id that starts or ends with a space is quoted.
    examples = ", ".join(own if own == own.strip() else repr(own) for own in missing[:EXAMPLES])
    sentence = (
        f"{len(missing)} of {len(found)} rows of {name} have no file under {files.place}, for example {examples}. "
    )
    advice = "Name the folder that the file names are relative to, or add --allow-missing to accept rows without "
    if nearly:
        more = f" ({len(nearly) - EXAMPLES} more such rows)" if len(nearly) > EXAMPLES else ""
        sentence += f"{'; '.join(nearly[:EXAMPLES])}{more}. "
    elif len(missing) == len(found) and len(folders) == 1 and (folder := folders.pop()):
        sentence += (
            f"The first folder of a file name is ignored only if it is the name of the source, which is not {folder}. "
            f"If the source is that dataset under another name, add --dataset {folder}. "
        )
    return f"{sentence}{advice}audio."
