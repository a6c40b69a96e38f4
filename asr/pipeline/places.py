"""Which source a person's words mean: a folder of this machine, a CSV beside it, or a bucket."""

from pathlib import Path

from asr.errors import BadSource
from asr.pipeline.matching import CsvSource
from asr.pipeline.s3 import S3Source
from asr.pipeline.sources import ClipSource, open_folder
from hearsay.errors import StorageError
from hearsay.storage.s3 import SCHEME, Bucket, connect


def open_source(
    place: str, csv: str | None, dataset: str | None, *, allow_missing: bool, s3_endpoint: str | None = None
) -> ClipSource:
    """The source that a person's words mean; raises `BadSource` where there is no such folder or bucket."""
    if place.startswith(SCHEME):
        try:
            bucket = Bucket(connect(s3_endpoint), place)
        except StorageError as problem:
            raise BadSource(str(problem)) from problem
        return S3Source(bucket, csv, dataset, allow_missing)
    folder = open_folder(place, dataset)
    if csv is None:
        return folder
    if "://" in csv:
        raise BadSource(f"{csv}: beside a folder of this machine, --csv is a file of this machine; copy it there first")
    return CsvSource(Path(place), Path(csv), folder.dataset, allow_missing)
