"""Bulk writing into Elasticsearch: patient with a cluster in trouble, and nothing that was refused goes unsaid."""

import json
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
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
from indexer.elastic.limits import TOO_LARGE, limit_of, size_is_refused
from indexer.elastic.reasons import Reason, WritesRefused, concerns_every_write
from indexer.errors import LoadFailed

_PASSING: Final = (429, 502, 503, 504)
"""Statuses of a cluster that is busy, has lost a node or is out of room: trying again may help."""

# Half a minute for a cluster of which no node answers, longer only where one accepts and keeps silent.
_PATIENCE: Final[dict[str, Any]] = {
    "max_retries": 10,
    "request_timeout": 60,
    "retry_backoff_base": 0.25,
    "retry_backoff_cap": 8,
}

_IN_A_REQUEST: Final = 500
"""Writes that are sent together."""

MOST_BYTES: Final = 5_000_000
"""Bytes of one request, where nothing on the way takes less; Elasticsearch gains nothing from larger ones."""

_AT_ONCE: Final = 2
"""Requests that are under way: while the cluster is busy with one, the next is written down and sent."""

_SECONDS_TO_STOP: Final = 3
"""How long one who stops the program waits for what is under way; then the cluster keeps silent, or is in trouble."""

Action = dict[str, Any]
Item = dict[str, dict[str, Any]]
"""What was said of a write, under the operation that it was."""

Answer = tuple[bool, Item]
"""Whether a write was done, and what was said of it."""

# Half a minute for one that sends documents back, beside what it waits itself for a shard that moves.
_TRIES: Final[dict[str, Any]] = {
    "chunk_size": _IN_A_REQUEST,
    "max_retries": 5,
    "initial_backoff": 1,
    "retry_on_status": _PASSING,
    "timeout": "10s",
}


_SHOWN: Final = 3
"""Refused passages that a sentence names."""


@dataclass(frozen=True, slots=True)
class Written:
    """How many writes were acknowledged, and how many of them made a document where there was none.

    What is sent again because a node was lost with its answer may have made its document the first time. So there are
    at least ``created`` new documents and at most ``acknowledged``, and in quiet times as many as were created.
    """

    created: int
    acknowledged: int


class Refusals:
    """The refused passages of one load, put or deletion: those of the one before leave the file with its beginning.

    Raises `LoadFailed` where the file cannot be written.
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
        """How many they are, where they are listed, and the first of them."""
        number = "1 passage was" if self.number == 1 else f"{self.number} passages were"
        return f"{number} refused, listed in {self._path}: {'; '.join(self._first)}"

    def _unwritable(self, problem: OSError) -> LoadFailed:
        return LoadFailed(
            f"refused passages cannot be listed in {self._path}: {problem.strerror}; name another file in REFUSALS"
        )


def write(client: Elasticsearch, actions: Iterable[Action], refusals: Refusals, holds: str) -> Written:
    """Carry out bulk actions, trying again what a busy cluster sends back and what a lost node did not answer.

    Raises `LoadFailed` with the `Refusals` when all have been tried and some were refused for what they are, and
    `WritesRefused` where the cluster took nothing for half a minute, or refuses every write. ``holds`` ends these
    sentences: what can be relied on then.
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
                raise WritesRefused(reason, holds)
            refusals.add(answer["_id"], str(reason))
    if refusals.number:
        raise LoadFailed(f"{refusals}; {holds}")
    return Written(created, acknowledged)


def _sent(client: Elasticsearch, actions: Iterator[Action]) -> Generator[Answer]:
    """What becomes of each write, in their order.

    Nothing is under way any more when this ends or is closed, unless it was Ctrl-C that ended it. A document that is
    still being written waits with its next version, so that the last one stays.
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
    """A request that is under way, in a thread that ends with the program: an executor's would be waited for."""
    request: Future[list[Answer]] = Future()

    def send() -> None:
        try:
            request.set_result(list(_tried(client, actions, room)))
        except Exception as problem:  # noqa: BLE001  # whoever waits for the answer raises it
            request.set_exception(problem)

    Thread(target=send, daemon=True).start()
    return request


def _tried(client: Elasticsearch, actions: list[Action], room: "_Room") -> Iterator[Answer]:
    """What becomes of writes; those that are sent back go again for as long as others of them get in."""
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
    """One write as it is sent: its operation, its document, which a deletion lacks, and their bytes together."""

    operation: dict[str, Any]
    body: bytes | None
    size: int

    @classmethod
    def of(cls, action: Action, client: Elasticsearch) -> "_Document":
        operation, document = expand_action(action)
        written = client.transport.serializers.get_serializer("application/json").dumps
        body = None if document is None else written(document)
        return cls(operation, body, len(written(operation)) + len(body or b"") + 2)  # and the ends of two lines

    @property
    def id(self) -> str:
        ((_, how),) = self.operation.items()
        return str(how["_id"])

    def refused(self, reason: str) -> Answer:
        ((operation, how),) = self.operation.items()
        return False, {operation: {"_id": how["_id"], "status": TOO_LARGE, "error": reason}}


class _Room:
    """How large a request may be: smaller for the rest of a load as soon as one is refused for its size."""

    def __init__(self) -> None:
        self._bytes = MOST_BYTES

    def part(self, documents: Sequence[_Document]) -> list[_Document]:
        """The first of these documents, as many as may be sent together: one at least."""
        left = self._bytes - documents[0].size
        number = 1
        while number < len(documents) and (left := left - documents[number].size) >= 0:
            number += 1
        return list(documents[:number])

    def halve(self, refused: Sequence[_Document]) -> None:
        self._bytes = min(self._bytes, sum(document.size for document in refused) // 2)


def _of_request(client: Elasticsearch, documents: Any) -> list[Answer]:
    """What is said of writes that are sent together, each as it is written down already."""

    def as_it_is(document: Any) -> Any:
        return document.operation, document.body

    return list(streaming_bulk(client, documents, expand_action_callback=as_it_is, raise_on_error=False, **_TRIES))


def _of_all(client: Elasticsearch, documents: Sequence[_Document], room: _Room) -> Iterator[Answer]:
    """What is said of each write. A request that is refused for its size is halved, until one document is refused."""
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
            answers = [part[0].refused(f"it has {part[0].size:,} bytes, more than one request may have; {how}")]
        yield from answers
        documents = documents[len(part) :]


def _said(item: Item) -> dict[str, Any]:
    (answer,) = item.values()
    return answer


def _answered(request: Future[list[Answer]]) -> list[Answer]:
    wait_in_turns(request)
    return request.result()
