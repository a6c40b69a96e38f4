"""Ranks: numbers that order passages by id, with gaps for passages that are put later."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

GAP: Final = 1 << 32
"""Difference between neighbouring ranks after a load."""


def fresh_rank(position: int) -> int:
    """The rank of the passage at this position, from 0, in the order of the ids."""
    return (position + 1) * GAP


def ranks_between(
    new_ids: Sequence[str], ids: Sequence[str], rank_of: Callable[[str], int]
) -> Iterator[tuple[str, int] | None]:
    """A rank for each new id, so that ranks and ids have the same order; None if there is no gap left.

    Both sequences are sorted and have no id in common; ``rank_of`` returns the rank of one of ``ids``. New ids between
    the same neighbours are spread evenly.
    """
    for position, group in groupby(new_ids, key=lambda new: bisect_left(ids, new)):
        together = list(group)
        low = rank_of(ids[position - 1]) if position else 0
        high = rank_of(ids[position]) if position < len(ids) else low + GAP * (len(together) + 1)
        step = (high - low) // (len(together) + 1)
        for number, new in enumerate(together, 1):
            yield (new, low + step * number) if step else None
