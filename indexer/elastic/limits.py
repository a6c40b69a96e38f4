"""Limits of Elasticsearch: bytes in one request, and clauses in one query.

A proxy may also limit the size of a request. The maximum number of clauses depends on the cores and the memory of the
nodes, and only an operator may ask a node for it. So a query that may be too large is tried, and the rejection names
the limit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from elastic_transport import ApiError
from elasticsearch import BadRequestError, Elasticsearch

from indexer.elastic.query import compiled
from indexer.elastic.reasons import Reason, clauses_taken
from indexer.elastic.search import HOW
from indexer.query_tree import Query

Item = TypeVar("Item")
Answer = TypeVar("Answer")

TOO_LARGE: Final = 413

ALWAYS_TAKEN: Final = 1000
"""Clauses that every node accepts: no node has a limit below 1,024, and the engine may add a few."""

_SPARE: Final = 24
"""Clauses below a limit that are reserved for what the engine adds to a query."""


def size_is_refused(problem: ApiError) -> bool:
    """Whether a request was rejected only for its size."""
    return bool(problem.meta.status == TOO_LARGE)


def limit_of(problem: ApiError) -> str:
    """How to raise the limit that rejected a request, as the end of a sentence: where it is, and its name."""
    node, server = problem.meta.node, problem.meta.headers.get("server", "")
    place = f"{node.scheme}://{node.host}:{node.port}" + (f" ({server})" if server else "")
    return f"raise the limit of {place}: client_max_body_size in nginx, http.max_content_length in Elasticsearch"


def in_parts(items: Sequence[Item], ask: Callable[[Sequence[Item]], Sequence[Answer]]) -> Iterator[Answer]:
    """The results of a request for many items, which is split in two if it is too large."""
    try:
        answers = ask(items)
    except ApiError as problem:
        if not size_is_refused(problem) or len(items) == 1:
            raise
        middle = len(items) // 2
        yield from in_parts(items[:middle], ask)
        yield from in_parts(items[middle:], ask)
    else:
        yield from answers


def clauses_of(query: Mapping[str, Any]) -> int:
    """The number of clauses as Elasticsearch counts them: leaves, and each token of a phrase."""
    ((kind, body),) = query.items()
    match kind:
        case "bool":
            children = {name: body[name] for name in _CHILDREN if name in body}
            counted = {
                name: sum(map(clauses_of, child if isinstance(child, list) else [child]))
                for name, child in children.items()
            }
            return sum(counted.values()) + (counted.keys() == {"must_not"})  # Elasticsearch adds a match_all
        case "dis_max":
            return sum(map(clauses_of, body["queries"]))
        case "constant_score":
            return clauses_of(body["filter"])
        case "match_phrase":
            return sum(len(phrase.split()) for phrase in body.values())
        case _:
            return 1


_CHILDREN: Final = ("must", "should", "must_not", "filter")


class Clauses:
    """What is known of the limit: a number of clauses that fits, and whether a rejection has named it as the limit."""

    def __init__(self) -> None:
        self._fit = ALWAYS_TAKEN
        self._is_limit = False

    def excess(self, client: Elasticsearch, index: str, tree: Query) -> int:
        """By how many clauses a query exceeds the limit; tried on Elasticsearch only if the limit is unknown."""
        query = compiled(tree)
        number = clauses_of(query)
        if number > self._fit and not self._is_limit:
            try:
                client.search(index=index, query=query, size=0, terminate_after=1, track_total_hits=False, **HOW)
            except BadRequestError as problem:
                if (most := clauses_taken(Reason.of(problem.body.get("error")))) is None:
                    raise
                self.learn(most)
            else:
                self._fit = number
        return max(0, number - self._fit)

    def learn(self, most: int) -> None:
        """Remember the limit by which a query was rejected; it is that of one node, and others may have lower ones."""
        room = most - _SPARE
        self._fit = min(self._fit, room) if self._is_limit else room
        self._is_limit = True
