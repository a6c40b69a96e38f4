"""The lease of an index in Elasticsearch, which lets one program at a time change it."""

import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from time import monotonic, sleep
from typing import Any, Final, TypeVar
from uuid import uuid4

from elasticsearch import ApiError, ConflictError, Elasticsearch, TransportError

from indexer.elastic.errors import found_or_error
from indexer.elastic.foreign import name_is_taken
from indexer.elastic.versions import ElasticVersions, mappings_of
from indexer.errors import IndexerError, IndexInUse
from indexer.ownership import is_ours

Item = TypeVar("Item")

_ID: Final = "writer"

_KEYWORDS: Final = ("owner", "host", "change", "since")
_MAPPING: Final[dict[str, Any]] = {
    "dynamic": "strict",
    "properties": {name: {"type": "keyword"} for name in _KEYWORDS} | {"process": {"type": "long"}},
}
# Hidden, so that a search over all indices with this prefix does not take it for a version.
_SETTINGS: Final = {"number_of_shards": 1, "auto_expand_replicas": "0-1", "hidden": True}

SECONDS_BETWEEN_RENEWALS: Final = 2.0

SECONDS_TO_ANSWER: Final = 2.0
"""Timeout of a renewal, and of returning the lease, for a cluster that does not respond."""

SECONDS_WATCHED: Final = 10.0
"""A lease that is not renewed for this long was left by a program that was killed, and is taken over."""

_SECONDS_IN_LINE: Final = 60.0
"""How long others may take the lease first, one after the other, before this one gives up."""

_SECONDS_BETWEEN_LOOKS: Final = 0.1


def index_of_lease(alias: str) -> str:
    """The name of the small index with the lease for all versions behind an alias."""
    return f"{alias}-lock"


@dataclass(frozen=True, slots=True)
class LeaseState:
    """The current lease: its owner, and the number of its latest change, as Elasticsearch counts changes."""

    writer: dict[str, Any]
    change: int
    term: int

    def __str__(self) -> str:
        return "a {change} by process {process} on {host}, since {since}".format(**self.writer)


class Lease:
    """The lease of the index ``alias``, for one change; ``address`` is for messages.

    It is a document that the program which changes the index creates, renews as long as it runs, and deletes at the
    end. Others watch whether it changes, so that no clocks of different machines are compared.
    """

    def __init__(self, client: Elasticsearch, alias: str, address: str, change: str) -> None:
        self._client = client
        self._versions = ElasticVersions(client, alias, address)
        self._index = index_of_lease(alias)
        self._where = f"the index {alias} at {address}"
        since = datetime.now(UTC).isoformat(timespec="seconds")
        who = {"host": socket.gethostname(), "process": os.getpid()}
        self._writer = {"owner": uuid4().hex, "change": change, "since": since} | who
        self._own: LeaseState | None = None
        self._lost = Event()
        self._renewing = Lock()

    def take(self) -> None:
        """Take the lease; raises `IndexInUse` as soon as its owner turns out to be alive.

        Raises `IndexForeign` if an index with its name was not created by Hearsay.
        """
        for index, mappings in mappings_of(self._client, self._index).items():
            # older leases have no mark, but a lease's properties
            is_lease = mappings.get("properties", {}).keys() == _MAPPING["properties"].keys()
            if index != self._index or not (is_ours(mappings.get("_meta")) or is_lease):
                raise name_is_taken(self._client, self._index, mappings)
        first: LeaseState | None = None
        began = seen = monotonic()
        while True:
            found = self._found()
            if found is None:
                if self._is_written(self._client, None):
                    return
            elif first is None or found.writer != first.writer:
                first, seen = found, monotonic()
            elif found.change != first.change or monotonic() - began > _SECONDS_IN_LINE:
                raise IndexInUse(f"another process is writing {self._where}: {found}; try again when it has finished")
            elif monotonic() - seen > SECONDS_WATCHED and self._is_written(self._client, found):
                return
            sleep(_SECONDS_BETWEEN_LOOKS)

    def renew_until(self, ended: Event) -> None:
        """Renew it regularly; if the cluster does not respond, the next attempt follows at the next interval."""
        hurried = self._hurried()
        while not ended.wait(SECONDS_BETWEEN_RENEWALS) and not self._lost.is_set():
            with suppress(ApiError, TransportError, IndexerError):
                self._renew(hurried)

    def check(self) -> None:
        """Check and renew the lease; raises `IndexInUse` if another program took it over."""
        if not self._lost.is_set():
            self._renew(self._client)
        self._see_that_it_is_not_lost()

    def while_held(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items; raises `IndexInUse` before the next one when the lease was taken over."""
        for item in items:
            self._see_that_it_is_not_lost()
            yield item

    def give_back(self) -> None:
        """Release the lease at once; if the cluster does not respond, the next program waits until it expires."""
        if not self._own or self._lost.is_set():
            return
        with suppress(ApiError, TransportError, IndexerError):
            try:
                self._delete(self._own)
            except ConflictError:  # it was renewed, and the response to that was lost
                found = self._found()
                if found and found.writer == self._writer:
                    self._delete(found)

    def _delete(self, own: LeaseState) -> None:
        self._hurried().delete(index=self._index, id=_ID, if_seq_no=own.change, if_primary_term=own.term)

    def _hurried(self) -> Elasticsearch:
        return self._client.options(request_timeout=SECONDS_TO_ANSWER, max_retries=1)

    def _renew(self, client: Elasticsearch) -> None:
        with self._renewing:
            if not self._is_written(client, self._own):
                self._lost.set()

    def _see_that_it_is_not_lost(self) -> None:
        if self._lost.is_set():
            raise IndexInUse(
                f"this {self._writer['change']} was cut off for a while, and another process has continued to write "
                f"{self._where}; try again when it has finished"
            )

    def _found(self) -> LeaseState | None:
        """The current lease, None if there is none; creates its index if necessary."""
        answer = found_or_error(lambda: self._client.get(index=self._index, id=_ID))
        if "error" in answer:
            self._versions.create(self._index, _MAPPING, _SETTINGS)
        if not answer.get("found"):
            return None
        return LeaseState(answer["_source"], answer["_seq_no"], answer["_primary_term"])

    def _is_written(self, client: Elasticsearch, over: LeaseState | None) -> bool:
        """Create the lease, or overwrite ``over``; returns whether no other process was first."""
        how: dict[str, Any] = (
            {"if_seq_no": over.change, "if_primary_term": over.term} if over else {"op_type": "create"}
        )
        try:
            done = client.index(index=self._index, id=_ID, document=self._writer, timeout="10s", **how)
        except ConflictError:  # perhaps it was written, but a node was lost before it responded
            found = self._found()
            if found is None or found.writer != self._writer:
                return False
            self._own = found
        else:
            self._own = LeaseState(self._writer, done["_seq_no"], done["_primary_term"])
        return True


@contextmanager
def held(client: Elasticsearch, alias: str, address: str, change: str) -> Iterator[Lease]:
    """Hold the lease for one change, which is named in messages; raises `IndexInUse` while another program holds it."""
    lease = Lease(client, alias, address, change)
    lease.take()
    ended = Event()
    renewing = Thread(target=lease.renew_until, args=(ended,), daemon=True)
    renewing.start()
    try:
        yield lease
    except (ApiError, IndexerError):  # if another program took over, that explains the error
        with suppress(ApiError, TransportError):
            lease.check()
        raise
    finally:
        ended.set()
        renewing.join()
        lease.give_back()
