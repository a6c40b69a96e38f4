"""Made ahead: what is to be sent next is made while others are busy with what was sent before."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def made_ahead(items: Iterable[Item], together: int) -> Iterator[Item]:
    """The same items; while so many are used, the next so many are made in a thread of their own.

    What the making raises is raised here, in place of the items that were made with it.
    """
    making = iter(items)

    def some() -> list[Item]:
        return list(islice(making, together))

    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(some)
        while made := coming.result():
            coming = beside.submit(some)
            yield from made
