"""A bucket as a source of clips: all audio objects under ``s3://BUCKET/PREFIX``, or the rows of a table."""

import io
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from asr.errors import BadSource
from asr.sources.corpora import lacks_tables, layout_named
from asr.sources.listing import Clip, Listing, Reader, Stamp, check_not_empty, listing_of_files
from asr.sources.matching import Files, match
from asr.sources.s3_corpora import BucketCorpus
from hearsay.audio.formats import has_audio_suffix
from hearsay.corpora.layouts import PLAIN
from hearsay.errors import StorageError
from hearsay.records.clip import ClipRow
from hearsay.records.table import Table, parse_csv, read_csv
from hearsay.storage.s3 import SCHEME, Bucket


class S3Source:
    """Every audio object under a prefix, by key, or a table's rows matched to such objects.

    Ids are ``DATASET/key under the prefix``, or the table's ``filename`` cells. An object is read when its clip is.
    """

    def __init__(
        self,
        bucket: Bucket,
        csv: str | None = None,
        dataset: str | None = None,
        allow_missing: bool = False,
        layout: str | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        self._bucket = bucket
        self._csv = csv
        self._named = dataset
        self._dataset = dataset or bucket.name
        self._allow_missing = allow_missing
        self._layout = layout
        self._columns = columns or {}

    def list(self) -> Listing:
        try:
            return self._list()
        except StorageError as problem:
            raise BadSource(str(problem)) from problem

    def _list(self) -> Listing:
        stamps = dict(self._bucket.stamps())

        def stamp(path: str) -> Stamp:
            return lambda: stamps[path]

        if corpus := self._corpus(stamps):
            return corpus
        if self._csv is not None:
            names = frozenset({self._bucket.name, self._dataset})
            files = Files(self._bucket.place, names, stamps.__contains__, self._reader, stamp, lambda: stamps)
            return match(self._table(self._csv), self._csv, files, self._dataset, allow_missing=self._allow_missing)
        audio = ((path, self._reader(path), stamp(path)) for path in stamps if has_audio_suffix(path))
        others = (PurePosixPath(path) for path in stamps if not has_audio_suffix(path))
        listing = listing_of_files(audio, self._dataset, others)
        check_not_empty(listing, self._bucket.place)
        return listing

    def _corpus(self, stamps: Mapping[str, str]) -> Listing | None:
        """The clips of a corpus under the prefix, or of one of its tables; None for other objects, and other tables."""
        if self._layout == PLAIN:
            return None
        only = layout_named(self._layout)

        def clip_at(row: ClipRow, path: str | None) -> Clip:
            return Clip(row, None) if path is None else Clip(row, self._reader(path), stamp=lambda: stamps[path])

        corpus = BucketCorpus(self._bucket, list(stamps), clip_at, self._named, self._columns, self._allow_missing)
        if self._csv is not None:
            path = self._csv.removeprefix(f"{self._bucket.place.rstrip('/')}/")
            return corpus.of_table(path) if path in stamps else None
        if (listing := corpus.recognised(only)) is None and only is not None:
            raise lacks_tables(self._bucket.place, only)
        return listing

    def _reader(self, path: str) -> Reader:
        return partial(self._bucket.read, path)

    def _table(self, csv: str) -> Table:
        if not csv.startswith(SCHEME):
            return read_csv(Path(csv), self._columns)
        file = io.TextIOWrapper(io.BytesIO(self._bucket.read_url(csv)), encoding="utf-8-sig", newline="")
        return parse_csv(file, csv, self._columns, is_tsv=csv.lower().endswith(".tsv"))
