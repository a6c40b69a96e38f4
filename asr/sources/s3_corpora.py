"""Corpora in a bucket: their tables are read from copies in a temporary folder, the audio stays where it is."""

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from asr.sources.corpora import listing_of_corpus
from asr.sources.listing import Clip, Listing
from hearsay.audio.formats import has_audio_suffix
from hearsay.corpora.common_voice import DURATIONS
from hearsay.corpora.corpus import read_corpus
from hearsay.corpora.layouts import LAYOUTS, Layout
from hearsay.corpora.librispeech import SPEAKERS
from hearsay.corpora.recognition import layout_of_table, recognised, tables_in
from hearsay.errors import BadTable
from hearsay.records.clip import ClipRow
from hearsay.storage.s3 import Bucket

_AT_ONCE: Final = 16
"""Tables that are copied at the same time; a corpus may have one for each chapter, or for each clip."""

ClipAt = Callable[[ClipRow, str | None], Clip]
"""Returns the clip of a record, whose audio is at a path under the prefix, or nowhere."""


@dataclass(frozen=True, slots=True)
class BucketCorpus:
    """The clips that the tables of a corpus under a prefix name; ``paths`` are those of all objects there."""

    bucket: Bucket
    paths: Sequence[str]
    clip_at: ClipAt
    dataset: str | None
    columns: Mapping[str, str]
    allow_missing: bool

    def recognised(self, only: Layout | None) -> Listing | None:
        """The clips of the corpus, in the layout ``only`` if it is named; None if there are no tables of a corpus."""
        with _copies(self.bucket, self.paths) as copies:
            for layout in (only,) if only else LAYOUTS:
                copies.add(copies.tables_of(layout))
                if found := recognised(copies.folder, copies.files, layout):
                    return self._listing(copies, layout, found[1])
        return None

    def of_table(self, path: str) -> Listing | None:
        """The clips of one table under the prefix; None if it has no known layout."""
        with _copies(self.bucket, self.paths) as copies:
            copies.add([path])
            layout = layout_of_table(copies.folder / path)
            return None if layout is None else self._listing(copies, layout, [path])

    def _listing(self, copies: "_Copies", layout: Layout, tables: Sequence[str]) -> Listing:
        if layout.of_release:
            copies.add([posixpath.join(posixpath.dirname(table), DURATIONS) for table in tables])
        if layout.has_speakers:
            copies.add([SPEAKERS])
        corpus = read_corpus(copies.folder, layout, tables, copies.files, self.dataset, self.columns, self.bucket.place)
        return listing_of_corpus(corpus, self.bucket.place, tables, self.clip_at, allow_missing=self.allow_missing)


class _Copies:
    """Copies of objects in a folder that has the name of the prefix, and is in one with the name above it."""

    def __init__(self, bucket: Bucket, paths: Sequence[str], folder: Path) -> None:
        self._bucket = bucket
        self.folder = folder.joinpath(*bucket.names)
        self.files = [path for path in paths if all(part not in ("", ".", "..") for part in path.split("/"))]
        self._there = frozenset(self.files)
        self._stems = {posixpath.splitext(path)[0] for path in self.files if has_audio_suffix(path)}

    def tables_of(self, layout: Layout) -> list[str]:
        """The possible tables of a layout; of text files, those next to audio with the same name."""
        tables = tables_in(self.files, layout)
        if layout.format == "text":
            return [path for path in tables if posixpath.splitext(path)[0] in self._stems]
        return tables

    def add(self, paths: Sequence[str]) -> None:
        """Copy those of the objects that exist and are not here."""
        wanted = {path for path in paths if path in self._there and not (self.folder / path).exists()}
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            for _ in threads.map(self._copy, wanted):
                pass

    def _copy(self, path: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        self._bucket.copy(path, self.folder / path)


@contextmanager
def _copies(bucket: Bucket, paths: Sequence[str]) -> Iterator[_Copies]:
    """No copies yet; they are removed at the end of the block. Messages about them name the objects."""
    with TemporaryDirectory(prefix="hearsay-") as temporary:
        copies = _Copies(bucket, paths, Path(temporary).resolve())
        copies.folder.mkdir(parents=True, exist_ok=True)
        try:
            yield copies
        except BadTable as problem:
            raise BadTable(str(problem).replace(str(copies.folder), bucket.place.rstrip("/"))) from problem
