"""Audio in a bucket: a clip's object, found by its id under one prefix, heard by a link that is signed for minutes."""

import io
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from hearsay.commands import in_checkout
from hearsay.extras import how_to_install
from hearsay.storage.local import AUDIO_SUFFIXES
from hearsay.storage.names import key_prefix, last_name, located
from indexer.ingest.load import BUCKET
from search_ui.errors import BucketOutOfReach, NoPicture

LINK_LIVES: Final = 900
"""Seconds for which a signed link can be followed."""

LARGEST: Final = 64 * 2**20
"""Bytes of an object that is read to draw it."""

_NOT_THERE: Final = ("404", "NoSuchKey")
_NO_CREDENTIALS: Final = "there are no credentials for S3; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"

Client = Any
"""A boto3 S3 client; those may be used by many threads at a time."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object of the bucket, the tag that S3 gives to what is in it, and when that came, in seconds since 1970."""

    key: str
    tag: str
    size: int
    changed: float


class Bucket:
    """The audio under ``s3://BUCKET/PREFIX``; nothing is asked of a server before a clip is."""

    def __init__(self, client: Client, place: str) -> None:
        self._client = client
        self._place = place
        self._bucket, _, key = place.removeprefix(BUCKET).partition("/")
        self._prefix = key_prefix(key)

    def find(self, clip: str) -> Found | None:
        """The object of a clip, by the rule of `located`; None where there is none.

        A key is the prefix and the id, so that no id leads out of the prefix; one that tries to finds nothing.
        """
        seen: dict[str, Found] = {}

        def is_there(path: str) -> bool:
            if is_path(path) and (found := self._look(self._prefix + path)):
                seen[path] = found
            return path in seen

        path = located(clip, (last_name(self._prefix) or self._bucket,), is_there)
        return None if path is None else seen[path]

    def link(self, found: Found) -> str:
        """An address at which anybody hears the object for `LINK_LIVES` seconds."""
        with _told(self._place):
            asked = {"Bucket": self._bucket, "Key": found.key}
            link: str = self._client.generate_presigned_url("get_object", Params=asked, ExpiresIn=LINK_LIVES)
        return link

    def read(self, found: Found) -> BinaryIO:
        """The whole object, to be drawn; raises `NoPicture` where it is larger than `LARGEST`."""
        if found.size > LARGEST:
            raise NoPicture("this recording lies in a bucket and is too large to be fetched for a picture")
        with _told(self._place):
            return io.BytesIO(self._client.get_object(Bucket=self._bucket, Key=found.key)["Body"].read())

    def pieces(self, found: Found, size: int) -> Iterator[bytes] | None:
        """The object in pieces of up to ``size`` bytes, whatever it weighs; None where it is gone by now."""
        there = self._ask(self._client.get_object, found.key)
        return self._read_on(there["Body"], size) if there else None

    def _read_on(self, body: Any, size: int) -> Iterator[bytes]:
        with _told(self._place), closing(body):
            yield from body.iter_chunks(size)

    def _look(self, key: str) -> Found | None:
        if head := self._ask(self._client.head_object, key):
            return Found(key, head["ETag"], head["ContentLength"], head["LastModified"].timestamp())
        return None

    def _ask(self, what: Callable[..., dict[str, Any]], key: str) -> dict[str, Any] | None:
        """What the server tells of an object; None where there is none."""
        from botocore.exceptions import ClientError

        with _told(self._place):
            try:
                return what(Bucket=self._bucket, Key=key)
            except ClientError as problem:
                if problem.response.get("Error", {}).get("Code") in _NOT_THERE:
                    return None
                raise


def open_bucket(place: str, endpoint: str | None) -> Bucket:
    """The bucket of ``s3://BUCKET/PREFIX``, with credentials and region by boto3's own rules.

    ``endpoint`` is None for Amazon's servers. Raises `BucketOutOfReach` where boto3 or credentials are missing.
    """
    try:
        from boto3.session import Session
        from botocore.config import Config
    except ImportError as problem:
        raise BucketOutOfReach(
            f"{place}: this needs boto3, which is not installed here; run {how_to_install('s3')}"
            f"{in_checkout('load FILE… --audio s3://BUCKET/PREFIX installs it')}"
        ) from problem
    config = Config(
        connect_timeout=5,
        read_timeout=20,
        retries={"max_attempts": 2, "mode": "standard"},
        max_pool_connections=32,
        signature_version="s3v4",
        # Another server than Amazon's has no host for each bucket, so there the bucket goes into the path.
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    with _told(place):
        session = Session()
        if session.get_credentials() is None:
            raise BucketOutOfReach(f"{place}: {_NO_CREDENTIALS}")
        return Bucket(session.client("s3", endpoint_url=endpoint, config=config), place)


def is_path(path: str) -> bool:
    """Whether a clip's id can be a key of audio: by its ending, and with no part that leads somewhere else.

    ``.`` and ``..`` are legal in a key, but browsers and proxies take them out of an address, signed or not.
    """
    parts = path.split("/")
    suffix = f".{parts[-1].rpartition('.')[2].lower()}"
    return suffix in AUDIO_SUFFIXES and not any(part in (".", "..") for part in parts)


@contextmanager
def _told(place: str) -> Iterator[None]:
    """Whatever boto3 raises inside, as a sentence."""
    from botocore import exceptions as boto

    try:
        yield
    except (boto.NoCredentialsError, boto.PartialCredentialsError) as problem:
        raise BucketOutOfReach(f"{place}: {_NO_CREDENTIALS}") from problem
    except boto.ClientError as problem:
        advice = "the credentials must allow s3:ListBucket and s3:GetObject there"
        raise BucketOutOfReach(f"{place}: the server refuses it ({problem}); {advice}") from problem
    except (boto.BotoCoreError, boto.HTTPClientError, ValueError) as problem:
        advice = "look at AWS_ENDPOINT_URL and the network"
        raise BucketOutOfReach(f"{place}: the S3 server cannot be asked ({problem}); {advice}") from problem
