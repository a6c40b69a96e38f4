"""Audio in a bucket: ``s3://BUCKET/PREFIX``, on Amazon S3 or a compatible server. boto3 is imported when needed."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hearsay.audio.formats import has_audio_suffix
from hearsay.errors import StorageError
from hearsay.extras import how_to_install
from hearsay.storage.names import key_prefix, last_name, located
from hearsay.terminal.commands import in_checkout

SCHEME: Final = "s3://"

_CHUNK: Final = 1 << 20
"""Bytes that are copied at a time."""

S3Client = Any
"""A boto3 S3 client; threads may share it."""

_NOT_THERE: Final = ("404", "NoSuchKey")
_NOT_ALLOWED: Final = "these credentials may not read it; allow them s3:ListBucket and s3:GetObject there"
_NO_CREDENTIALS: Final = (
    "there are no credentials for S3; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
)
_REASONS: Final = {
    "NoSuchBucket": "there is no such bucket; check its name, AWS_ENDPOINT_URL and AWS_REGION",
    **dict.fromkeys(_NOT_THERE, "there is no such object"),
    **dict.fromkeys(("AccessDenied", "403"), _NOT_ALLOWED),
    "InvalidAccessKeyId": "the server does not know this access key; check AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key; check AWS_SECRET_ACCESS_KEY",
    "ExpiredToken": "the credentials have expired; log in again",
    "PermanentRedirect": "the bucket is in another region; set AWS_REGION to it",
}
"""Messages for the error codes of S3."""


def connect(endpoint: str | None, *, is_interactive: bool = False) -> S3Client:
    """A client by boto3's own rules for credentials and region; ``endpoint`` is None for Amazon's servers.

    If ``is_interactive``, it times out sooner, since a user waits. Raises `StorageError` if boto3 is not
    installed, or there are no credentials. No request is sent to the server yet.
    """
    try:
        from boto3.session import Session
        from botocore.config import Config
    except ImportError as problem:
        raise StorageError(
            f"{SCHEME} needs boto3, which is not installed here; run {how_to_install('s3')}"
            f"{in_checkout('decode s3://… and load --audio s3://… install it')}"
        ) from problem
    config = Config(
        connect_timeout=5 if is_interactive else 10,
        read_timeout=20 if is_interactive else 60,
        retries={"max_attempts": 2 if is_interactive else 5, "mode": "standard"},
        max_pool_connections=32,
        signature_version="s3v4",
        # Servers other than Amazon's have no host per bucket, so there the bucket is part of the path.
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    with _translated("S3"):
        session = Session()
        if session.get_credentials() is None:
            raise StorageError(f"S3: {_NO_CREDENTIALS}")
        return session.client("s3", endpoint_url=endpoint, config=config)


@dataclass(frozen=True, slots=True)
class S3Object:
    """An object of a bucket; ``etag`` changes with its content, ``modified`` is in seconds since 1970."""

    client: S3Client
    bucket: str
    key: str
    etag: str
    size: int
    modified: float

    def signed_url(self, seconds: int) -> str:
        """An address under which anyone can read the object for this many seconds."""
        with _translated(str(self)):
            params = {"Bucket": self.bucket, "Key": self.key}
            url: str = self.client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)
        return url

    def read(self) -> bytes:
        return _read(self.client, self.bucket, self.key)

    def chunks(self, size: int) -> Iterator[bytes] | None:
        """The content in pieces of up to ``size`` bytes; None if the object is gone by now."""
        with _translated(str(self)):
            reply = _none_if_missing(self.client.get_object, self.bucket, self.key)
        return self._chunks(reply["Body"], size) if reply else None

    def _chunks(self, body: Any, size: int) -> Iterator[bytes]:
        with _translated(str(self)), closing(body):
            yield from body.iter_chunks(size)

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}"


class Bucket:
    """The objects under ``s3://BUCKET/PREFIX``, identified by their paths: the keys without the prefix.

    A key is a string and not a file system path: ``a//b``, ``a/../b`` and one that begins with ``/`` are keys like
    others. Raises `StorageError` if the place names no bucket; no request is sent before a method is called.
    """

    def __init__(self, client: S3Client, place: str) -> None:
        self._client = client
        self._bucket, key = split_url(place)
        self._prefix = key_prefix(key)
        self.place = place
        self.name = last_name(self._prefix) or self._bucket
        self.names = tuple(part for part in (self._bucket, *self._prefix.split("/")) if part not in ("", ".", ".."))

    def stamps(self) -> Iterator[tuple[str, str]]:
        """The path of every object that is not hidden, with its ETag and size, which change with its content.

        The stamp of a server that gives no ETag is empty. They come in S3's order: by the bytes of the keys in UTF-8.
        """
        with _translated(f"{SCHEME}{self._bucket}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            for page in pages:
                for item in page.get("Contents", ()):
                    path = item["Key"].removeprefix(self._prefix)
                    if (
                        path
                        and not path.endswith("/")
                        and not any(part.startswith(".") and part not in (".", "..") for part in path.split("/"))
                    ):
                        etag = item.get("ETag", "").strip('"')
                        yield path, f"{etag}-{item['Size']}" if etag else ""

    def read(self, path: str) -> bytes:
        """The content of one object; raises `StorageError` if there is none, or it cannot be read."""
        return _read(self._client, self._bucket, self._prefix + path)

    def copy(self, path: str, file: Path) -> None:
        """Write the content of one object to a file; raises the errors of `read`."""
        with _translated(f"{self.place}: {path}"):
            body = self._client.get_object(Bucket=self._bucket, Key=self._prefix + path)["Body"]
            with closing(body), file.open("wb") as out:
                out.writelines(body.iter_chunks(_CHUNK))

    def read_url(self, url: str) -> bytes:
        """The content of another ``s3://BUCKET/KEY`` on the same server; raises the errors of `read`."""
        return _read(self._client, *split_url(url))

    def find(self, clip_id: str) -> S3Object | None:
        """The audio of a clip, by the rule of `located`; None if there is none.

        A key is the prefix followed by a path of the id, so that no id refers outside the prefix.
        """
        found: dict[str, S3Object] = {}

        def is_there(path: str) -> bool:
            if not may_be_audio(path):
                return False
            key = self._prefix + path
            with _translated(self.place):
                head = _none_if_missing(self._client.head_object, self._bucket, key)
            if head:
                size, modified = head["ContentLength"], head["LastModified"].timestamp()
                found[path] = S3Object(self._client, self._bucket, key, head["ETag"], size, modified)
            return bool(head)

        path = located(clip_id, (self.name,), is_there)
        return None if path is None else found[path]


def split_url(url: str) -> tuple[str, str]:
    """Bucket and key of ``s3://BUCKET/KEY``; raises `StorageError` if there is no bucket."""
    bucket, _, key = url.removeprefix(SCHEME).partition("/")
    if not bucket:
        raise StorageError(f"{url} does not name a bucket; write s3://BUCKET/PREFIX")
    return bucket, key


def may_be_audio(path: str) -> bool:
    """Whether a clip's id can be a key of audio: by its suffix, and with no part that is ``.`` or ``..``.

    Both are legal in a key, but browsers and proxies take them out of an address, signed or not.
    """
    return has_audio_suffix(path) and not any(part in (".", "..") for part in path.split("/"))


def _read(client: S3Client, bucket: str, key: str) -> bytes:
    with _translated(f"{SCHEME}{bucket}/{key}"):
        data: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return data


def _none_if_missing(request: Any, bucket: str, key: str) -> dict[str, Any] | None:
    """The reply to a request about an object; None if there is no such object."""
    from botocore.exceptions import ClientError

    try:
        reply: dict[str, Any] = request(Bucket=bucket, Key=key)
    except ClientError as problem:
        if _code(problem) in _NOT_THERE:
            return None
        raise
    return reply


def _code(problem: Any) -> str:
    """S3's error code; empty if a reply has none."""
    code: str = problem.response.get("Error", {}).get("Code", "")
    return code


@contextmanager
def _translated(place: str) -> Iterator[None]:
    """Inside, exceptions of boto3 become a `StorageError` with the location and advice."""
    from botocore import exceptions as boto

    try:
        yield
    except boto.ClientError as problem:
        raise StorageError(f"{place}: {_REASONS.get(_code(problem), problem)}") from problem
    except (boto.NoCredentialsError, boto.PartialCredentialsError) as problem:
        raise StorageError(f"{place}: {_NO_CREDENTIALS}") from problem
    except (boto.HTTPClientError, boto.ConnectionError) as problem:
        advice = "check AWS_ENDPOINT_URL and the network, and try again"
        raise StorageError(f"{place}: the S3 server cannot be reached ({problem}); {advice}") from problem
    except (boto.BotoCoreError, ValueError) as problem:
        raise StorageError(f"{place}: {problem}") from problem
