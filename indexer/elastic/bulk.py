"""Bulk writes to Elasticsearch: retried while a cluster is in trouble; every rejected passage is reported."""

import json
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any, Final

from elasticsearch import ApiError, Elasticsearch
from elasticsearch.helpers import expand_action, streaming_bulk

from hearsay.terminal.process import wait_in_turns
from hearsay.text.format import counted
from indexer.elastic.limits import TOO_LARGE, limit_of, size_is_refused
from indexer.elastic.reasons import Reason, WritesRefused, concerns_every_write
from indexer.errors import LoadFailed

_PASSING: Final = (429, 502, 503, 504)
"""Status codes of a cluster that is busy, has lost a node or lacks space; a retry may succeed."""

# Half a minute for a cluster without a responding node; longer only if a node accepts requests and does not respond.
_PATIENCE: Final[dict[str, Any]] = {
    "max_retries": 10,
    "request_timeout": 60,
    "retry_backoff_base": 0.25,
    "retry_backoff_cap": 8,
}

_IN_A_REQUEST: Final = 500
"""Writes per request."""

MOST_BYTES: Final = 5_000_000
"""Maximum size of a request, unless something on the way has a lower limit; larger ones are not faster."""

_AT_ONCE: Final = 2
"""Concurrent requests: while the cluster processes one, the next is serialised and sent."""

_SECONDS_TO_STOP: Final = 3
"""After Ctrl-C, requests in progress are waited for this long; beyond that, the cluster does not respond."""

Action = dict[str, Any]
Item = dict[str, dict[str, Any]]
"""The result of a write, by its operation."""

Answer = tuple[bool, Item]
"""Whether a write was acknowledged, and its result."""

Holds = Callable[[int], str]
"""The state of the index, in words, if after this number of acknowledged writes the others were rejected."""

# Half a minute for a cluster that rejects documents, in addition to its own wait for a shard that is being moved.
_TRIES: Final[dict[str, Any]] = {
    "chunk_size": _IN_A_REQUEST,
    "max_retries": 5,
    "initial_backoff": 1,
    "retry_on_status": _PASSING,
    "timeout": "10s",
}


_SHOWN: Final = 3
"""Rejected passages that a message names."""


@dataclass(frozen=True, slots=True)
class Written:
    """The number of acknowledged writes, and how many of them created a document.

    A write that is repeated because a node was lost before it responded may have created its document the first time.
    So the number of new documents is at least ``created`` and at most ``acknowledged``; normally both are equal.
    """

    created: int
    acknowledged: int


class Refusals:
    """The rejected passages of one load, put or deletion; the file is emptied at the beginning of each.

    Raises `LoadFailed` if the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.number = 0
        self._path = path
        self._first: list[str] = []
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            raise self._unwritable(problem) from problem

    def add(self, passage_id: str, reason: str) -> None:
        """Append a line of JSON with ``id`` and ``reason``."""
        self.number += 1
        if len(self._first) < _SHOWN:
            self._first.append(f"{passage_id}: {reason}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"id": passage_id, "reason": reason}, ensure_ascii=False) + "\n")
        except OSError as problem:
            raise self._unwritable(problem) from problem

    def __str__(self) -> str:
        """Their number, the file that lists them, and the first ones."""
        rejected = f"{counted(self.number, 'passage')} {'was' if self.number == 1 else 'were'} rejected"
        return f"{rejected}, listed in {self._path}: {'; '.join(self._first)}"

    def _unwritable(self, problem: OSError) -> LoadFailed:
        return LoadFailed(
            f"rejected passages cannot be listed in {self._path}: {problem.strerror}; "
            "name another file in REJECTED_PASSAGES"
        )


def write(client: Elasticsearch, actions: Iterable[Action], refusals: Refusals, holds: Holds) -> Written:
    """Carry out bulk actions; those that a busy cluster rejects or a lost node does not acknowledge are retried.

    Raises `LoadFailed` with the `Refusals` after all actions, if some were rejected for their content, and
    `WritesRefused` if the cluster accepted nothing for half a minute, or rejects every write. ``holds`` ends these
    messages: the state of the index after that number of acknowledged writes.
    """
    created = acknowledged = 0
    with closing(_sent(client.options(**_PATIENCE), iter(actions))) as answers:
        for is_done, item in answers:
            ((operation, answer),) = item.items()
            if is_done or (operation == "delete" and answer["status"] == 404):
                created += answer["result"] == "created"
                acknowledged += 1
                continue
            reason = Reason.of(answer["error"])
            if answer["status"] in _PASSING or concerns_every_write(reason):
                raise WritesRefused(reason, holds(acknowledged))
            refusals.add(answer["_id"], str(reason))
    if refusals.number:
        raise LoadFailed(f"{refusals}; {holds(acknowledged)}")
    return Written(created, acknowledged)


def _sent(client: Elasticsearch, actions: Iterator[Action]) -> Generator[Answer]:
    """The results of all writes, in order.

    No request is in progress any more when this ends or is closed, except after Ctrl-C. While a document is being
    written, its next version waits, so that the last one persists.
    """
    under_way: deque[tuple[frozenset[str], Future[list[Answer]]]] = deque()
    room = _Room()
    try:
        while some := list(islice(actions, _IN_A_REQUEST)):
            ids = frozenset(action["_id"] for action in some)
            while len(under_way) == _AT_ONCE or any(not ids.isdisjoint(others) for others, _ in under_way):
                yield from _answered(under_way[0][1])
                under_way.popleft()
            under_way.append((ids, _begun(client, some, room)))
        while under_way:
            yield from _answered(under_way[0][1])
            under_way.popleft()
    except KeyboardInterrupt:
        wait([request for _, request in under_way], _SECONDS_TO_STOP)
        under_way.clear()
        raise
    finally:
        wait([request for _, request in under_way])


def _begun(client: Elasticsearch, actions: list[Action], room: "_Room") -> Future[list[Answer]]:
    """A request in progress, in a daemon thread; the program would wait for the threads of an executor."""
    request: Future[list[Answer]] = Future()

    def send() -> None:
        try:
            request.set_result(list(_tried(client, actions, room)))
        except Exception as problem:  # noqa: BLE001  # raised again by whoever waits for the result
            request.set_exception(problem)

    Thread(target=send, daemon=True).start()
    return request


def _tried(client: Elasticsearch, actions: list[Action], room: "_Room") -> Iterator[Answer]:
    """The results of writes; rejected ones are sent again as long as others of them are accepted."""
    documents = [_Document.of(action, client) for action in actions]
    while documents:
        answers = list(_of_all(client, documents, room))
        sent_back = {_said(item)["_id"] for _, item in answers if _said(item)["status"] in _PASSING}
        go_again = [document for document in documents if document.id in sent_back]
        if len(go_again) == len(documents):
            yield from answers
            return
        yield from ((is_done, item) for is_done, item in answers if _said(item)["_id"] not in sent_back)
        documents = go_again


@dataclass(frozen=True, slots=True)
class _Document:
    """One serialised write: its operation, its document (None for a deletion), and their size in bytes."""

    operation: dict[str, Any]
    body: bytes | None
    size: int

    @classmethod
    def of(cls, action: Action, client: Elasticsearch) -> "_Document":
        operation, document = expand_action(action)
        written = client.transport.serializers.get_serializer("application/json").dumps
        body = None if document is None else written(document)
        return cls(operation, body, len(written(operation)) + len(body or b"") + 2)  # plus two line ends

    @property
    def id(self) -> str:
        ((_, how),) = self.operation.items()
        return str(how["_id"])

    def refused(self, reason: str) -> Answer:
        ((operation, how),) = self.operation.items()
        return False, {operation: {"_id": how["_id"], "status": TOO_LARGE, "error": reason}}


class _Room:
    """The maximum size of a request; reduced for the rest of a load when a request is rejected for its size."""

    def __init__(self) -> None:
        self._bytes = MOST_BYTES

    def part(self, documents: Sequence[_Document]) -> list[_Document]:
        """The first documents that may be sent together; at least one."""
        left = self._bytes - documents[0].size
        number = 1
        while number < len(documents) and (left := left - documents[number].size) >= 0:
            number += 1
        return list(documents[:number])

    def halve(self, refused: Sequence[_Document]) -> None:
        self._bytes = min(self._bytes, sum(document.size for document in refused) // 2)


def _of_request(client: Elasticsearch, documents: Any) -> list[Answer]:
    """The results of writes that are sent in one request, each serialised already."""

    def as_it_is(document: Any) -> Any:
        return document.operation, document.body

    return list(streaming_bulk(client, documents, expand_action_callback=as_it_is, raise_on_error=False, **_TRIES))


def _of_all(client: Elasticsearch, documents: Sequence[_Document], room: _Room) -> Iterator[Answer]:
    """The results of all writes. A request that is too large is halved, down to a single document."""
    while documents:
        part = room.part(documents)
        try:
            answers = _of_request(client, part)
        except ApiError as problem:
            if not size_is_refused(problem):
                raise
            if len(part) > 1:
                room.halve(part)
                continue
            how = f"leave its clip out, or {limit_of(problem)}"
            answers = [part[0].refused(f"its {part[0].size:,} bytes exceed the maximum of one request; {how}")]
        yield from answers
        documents = documents[len(part) :]


def _said(item: Item) -> dict[str, Any]:
    (answer,) = item.values()
    return answer


def _answered(request: Future[list[Answer]]) -> list[Answer]:
    wait_in_turns(request)
    return request.result()
