"""A bucket as a source of clips: all audio objects under ``s3://BUCKET/PREFIX``, or the rows of a table."""

import io
from functools import partial
from pathlib import Path, PurePosixPath

from asr.errors import BadSource
from asr.sources.listing import Listing, Reader, Stamp, check_not_empty, listing_of_files
from asr.sources.matching import Files, match
from hearsay.audio.formats import has_audio_suffix
from hearsay.errors import StorageError
from hearsay.records.table import Table, parse_csv, read_csv
from hearsay.storage.s3 import SCHEME, Bucket


class S3Source:
    """Every audio object under a prefix, by key, or a table's rows matched to such objects.

    Ids are ``DATASET/key under the prefix``, or the table's ``filename`` cells. An object is read when its clip is.
    """

    def __init__(
        self, bucket: Bucket, csv: str | None = None, dataset: str | None = None, allow_missing: bool = False
    ) -> None:
        self._bucket = bucket
        self._csv = csv
        self._dataset = dataset or bucket.name
        self._allow_missing = allow_missing

    def list(self) -> Listing:
        try:
            return self._list()
        except StorageError as problem:
            raise BadSource(str(problem)) from problem

    def _list(self) -> Listing:
        stamps = dict(self._bucket.stamps())

        def stamp(path: str) -> Stamp:
            return lambda: stamps[path]

        if self._csv is not None:
            names = frozenset({self._bucket.name, self._dataset})
            files = Files(self._bucket.place, names, stamps.__contains__, self._reader, stamp, lambda: stamps)
            return match(self._table(self._csv), self._csv, files, self._dataset, allow_missing=self._allow_missing)
        audio = ((path, self._reader(path), stamp(path)) for path in stamps if has_audio_suffix(path))
        others = (PurePosixPath(path) for path in stamps if not has_audio_suffix(path))
        listing = listing_of_files(audio, self._dataset, others)
        check_not_empty(listing, self._bucket.place)
        return listing

    def _reader(self, path: str) -> Reader:
        return partial(self._bucket.read, path)

    def _table(self, csv: str) -> Table:
        if not csv.startswith(SCHEME):
            return read_csv(Path(csv))
        data = self._bucket.read_url(csv)
        return parse_csv(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline=""), csv)
