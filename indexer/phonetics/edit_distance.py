"""Weighted edit distance from one word to thousands at once."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.phonetics.alphabets import Symbols

Costs = NDArray[np.float32]
"""Shape (symbols, symbols): the cost of recognising the column in place of the row; row 0 inserts, column 0 deletes."""

LOCAL_END_COST: Final = 0.25
"""The cost of starting, and of ending, inside the other word."""


def distances(
    reference: Symbols, candidates: Symbols, lengths: NDArray[np.intp], costs: Costs
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weighted edit distances from ``reference`` (n symbols) to each row of ``candidates``, shape (rows, width).

    ``lengths`` has the number of symbols of each row. Returns two arrays of costs, shape (rows,): that of the whole
    row, and that of its best-matching substring, with `LOCAL_END_COST` for each end inside the row, which is never more
    than the former. The algorithm is that of Wagner & Fischer (1974), for substrings with the free ends of Sellers
    (1980). A row of the table is computed at once, because the costs of insertions are differences of cumulative sums.
    """
    across = np.ascontiguousarray(
        candidates[:, : lengths.max(initial=0)].T
    )  # a column of the table is contiguous in memory
    inserted = np.zeros((len(across) + 1, 1, len(candidates)), np.float32)
    np.cumsum(costs[0][across], axis=0, out=inserted[1:, 0])
    table = np.concatenate([inserted, np.minimum(inserted, np.float32(LOCAL_END_COST))], axis=1)
    for symbol in reference:
        row = costs[symbol]
        dropped = table + row[0]
        np.minimum(dropped[1:], table[:-1] + row[across][:, None], out=dropped[1:])
        dropped -= inserted
        for column in range(1, len(dropped)):
            np.minimum(dropped[column], dropped[column - 1], out=dropped[column])
        table = np.add(dropped, inserted, out=dropped)
    whole = table[lengths, 0, np.arange(len(candidates))]
    beyond = np.arange(len(table))[:, None] > lengths
    inside = np.where(beyond, np.float32(np.inf), table[:, 1]).min(axis=0) + np.float32(LOCAL_END_COST)
    return whole, np.minimum(whole, inside)
