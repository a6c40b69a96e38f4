"""Requests that Elasticsearch, or a proxy before it, refuses for their size: who does so, and asking for less."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from elastic_transport import ApiError

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

TOO_LARGE: Final = 413


def size_is_refused(problem: ApiError) -> bool:
    """Whether a request was refused for its size alone."""
    return bool(problem.meta.status == TOO_LARGE)


def limit_of(problem: ApiError) -> str:
    """What to do about the limit that refused a request, as the end of a sentence: where it is, and its name."""
    node, server = problem.meta.node, problem.meta.headers.get("server", "")
    place = f"{node.scheme}://{node.host}:{node.port}" + (f" ({server})" if server else "")
    return f"raise the limit of {place}: client_max_body_size in nginx, http.max_content_length in Elasticsearch"


def in_parts(items: Sequence[Asked], ask: Callable[[Sequence[Asked]], Sequence[Answer]]) -> Iterator[Answer]:
    """The answers to a question about many items, which is asked about half of them where it is too large."""
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
