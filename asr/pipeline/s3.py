"""Clips in a bucket: ``s3://BUCKET/PREFIX`` as a source, from Amazon or any server that speaks S3."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final

from asr.errors import BadSource
from asr.pipeline.matching import Files, match
from asr.pipeline.sources import Listing, Reader, check_not_empty, is_audio, listing_of_files
from hearsay.extras import how_to_install
from hearsay.records.table import Table, parse_csv, read_csv
from hearsay.storage.names import key_prefix, last_name

SCHEME: Final = "s3://"

Client = Any
"""A boto3 S3 client; those may be used by many threads at a time."""

_REASONS: Final = {
    "NoSuchBucket": "there is no such bucket; look at its name, and at AWS_ENDPOINT_URL and AWS_REGION",
    "NoSuchKey": "there is no such object",
    "404": "there is no such object",
    "AccessDenied": "these credentials may not read it; allow them s3:ListBucket and s3:GetObject there",
    "403": "these credentials may not read it; allow them s3:ListBucket and s3:GetObject there",
    "InvalidAccessKeyId": "the server does not know this access key; look at AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "the secret key is not the access key's; look at AWS_SECRET_ACCESS_KEY",
    "ExpiredToken": "the credentials have expired; log in again",
    "PermanentRedirect": "the bucket is in another region; set AWS_REGION to it",
}
"""What S3's error codes mean for a person."""


def connect(endpoint: str | None) -> Client:
    """A client by boto3's own rules for credentials and region; ``endpoint`` is None for Amazon's servers.

    Raises `BadSource` where boto3 is not installed or cannot begin. Nothing is asked of a server yet.
    """
    try:
        from boto3.session import Session
        from botocore.config import Config
    except ImportError as problem:
        raise BadSource(
            f"s3:// needs boto3, which is not installed here; run {how_to_install('s3')}; in a checkout ./run.sh "
            "decode installs it"
        ) from problem
    config = Config(
        connect_timeout=10,
        read_timeout=60,
        retries={"max_attempts": 5, "mode": "standard"},
        max_pool_connections=32,
        # Another server than Amazon's has no host for each bucket, so there the bucket goes into the path.
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    with _said_plainly("S3", BadSource):
        return Session().client("s3", endpoint_url=endpoint, config=config)


class S3Source:
    """Every audio object under a prefix, by key, or a table's rows matched to such objects.

    Ids are ``DATASET/key under the prefix``, or the table's ``filename`` cells. A key is read when its clip is.
    """

    def __init__(
        self,
        client: Client,
        place: str,
        csv: str | None = None,
        dataset: str | None = None,
        allow_missing: bool = False,
    ) -> None:
        self._client = client
        self._bucket, key = split(place)
        self._prefix = key_prefix(key)
        self._place = place
        self._csv = csv
        self._own_name = last_name(self._prefix) or self._bucket
        self._dataset = dataset or self._own_name
        self._allow_missing = allow_missing

    def list(self) -> Listing:
        paths = list(self._paths())
        if self._csv is not None:
            names = frozenset({self._own_name, self._dataset})
            files = Files(self._place, names, frozenset(paths).__contains__, self._reader, lambda: paths)
            return match(self._table(self._csv), self._csv, files, self._dataset, allow_missing=self._allow_missing)
        audio = ((path, self._reader(path)) for path in paths if is_audio(PurePosixPath(path)))
        others = (PurePosixPath(path) for path in paths if not is_audio(PurePosixPath(path)))
        listing = listing_of_files(audio, self._dataset, others)
        check_not_empty(listing, self._place)
        return listing

    def _paths(self) -> Iterator[str]:
        """The keys under the prefix, without it, in S3's order: by their bytes in UTF-8.

        A key is a string and no path: ``a//b``, ``a/../b`` and one that begins with ``/`` are keys like others.
        """
        with _said_plainly(f"{SCHEME}{self._bucket}", BadSource):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            for page in pages:
                for item in page.get("Contents", ()):
                    path = item["Key"].removeprefix(self._prefix)
                    if path and not path.endswith("/") and not _is_hidden(path):
                        yield path

    def _reader(self, path: str) -> Reader:
        return partial(_read, self._client, self._bucket, self._prefix + path)

    def _table(self, csv: str) -> Table:
        if not csv.startswith(SCHEME):
            return read_csv(Path(csv))
        bucket, key = split(csv)
        with _said_plainly(csv, BadSource):
            data = self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return parse_csv(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline=""), csv)


def _is_hidden(path: str) -> bool:
    """Whether a part of a key begins with a dot, and is not ``.`` or ``..``, which mean nothing in a key."""
    return any(part.startswith(".") and part not in (".", "..") for part in path.split("/"))


def split(place: str) -> tuple[str, str]:
    """Bucket and key of ``s3://BUCKET/KEY``; raises `BadSource` where there is no bucket."""
    bucket, _, key = place.removeprefix(SCHEME).partition("/")
    if not bucket:
        raise BadSource(f"{place} names no bucket; write s3://BUCKET/PREFIX")
    return bucket, key


def _read(client: Client, bucket: str, key: str) -> bytes:
    with _said_plainly(f"{SCHEME}{bucket}/{key}", OSError):
        data: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return data


@contextmanager
def _said_plainly(place: str, kind: type[Exception]) -> Iterator[None]:
    """Whatever boto3 raises inside, as an exception of ``kind`` that says what to do."""
    from botocore import exceptions as boto

    try:
        yield
    except boto.ClientError as problem:
        code = problem.response.get("Error", {}).get("Code", "")
        raise kind(f"{place}: {_REASONS.get(code, problem)}") from problem
    except (boto.NoCredentialsError, boto.PartialCredentialsError) as problem:
        advice = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        raise kind(f"{place}: there are no whole credentials for S3; {advice}") from problem
    except (boto.HTTPClientError, boto.ConnectionError) as problem:
        advice = "look at AWS_ENDPOINT_URL and the network, and try again"
        raise kind(f"{place}: the S3 server cannot be reached ({problem}); {advice}") from problem
    except (boto.BotoCoreError, ValueError) as problem:
        raise kind(f"{place}: {problem}") from problem
