"""Items that are processed in parallel, a few at a time, and returned in their order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from hearsay.terminal.process import wait_in_turns

Item = TypeVar("Item")
T = TypeVar("T")


def in_order(work: Callable[[Item], T], items: Iterable[Item], at_once: int) -> Iterator[T]:
    """The results of ``work`` for each item, in their order.

    At most ``at_once`` items are read ahead, so there may be any number of them. Ctrl-C ends the wait immediately.
    """
    workers = ThreadPoolExecutor(at_once, "in order")
    under_way: deque[Future[T]] = deque()
    try:
        for item in items:
            if len(under_way) == at_once:
                yield _first(under_way)
            under_way.append(workers.submit(work, item))
        while under_way:
            yield _first(under_way)
    finally:
        workers.shutdown(wait=False, cancel_futures=True)


def _first(under_way: "deque[Future[T]]") -> T:
    wait_in_turns(under_way[0])
    return under_way.popleft().result()
