"""Weighted edit distance from one word to thousands at once."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.phonetics.alphabets import Symbols

Costs = NDArray[np.float32]
"""Shape (symbols, symbols): what it costs to hear the column where the row was said; row 0 inserts, column 0 drops."""

INSIDE_CHARGE: Final = 0.25
"""What it costs to begin, and to end, inside the other word."""


def distances(
    said: Symbols, heard: Symbols, lengths: NDArray[np.intp], costs: Costs
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """From ``said`` (n symbols) to each row of ``heard`` (rows, width), of which ``lengths`` symbols count.

    Two figures a row: the cost of the whole of it, and the cost of the stretch of it that fits best, with
    `INSIDE_CHARGE` for each end that lies inside (never more than the whole). Wagner & Fischer (1974), with the free
    ends of Sellers (1980); a row of the table is filled at once, since an insertion after k symbols costs a difference
    of running sums.
    """
    across = np.ascontiguousarray(
        heard[:, : lengths.max(initial=0)].T
    )  # a column of the table is one stretch of memory
    inserted = np.zeros((len(across) + 1, 1, len(heard)), np.float32)
    np.cumsum(costs[0][across], axis=0, out=inserted[1:, 0])
    table = np.concatenate([inserted, np.minimum(inserted, np.float32(INSIDE_CHARGE))], axis=1)
    for symbol in said:
        row = costs[symbol]
        dropped = table + row[0]
        np.minimum(dropped[1:], table[:-1] + row[across][:, None], out=dropped[1:])
        dropped -= inserted
        for column in range(1, len(dropped)):
            np.minimum(dropped[column], dropped[column - 1], out=dropped[column])
        table = np.add(dropped, inserted, out=dropped)
    whole = table[lengths, 0, np.arange(len(heard))]
    beyond = np.arange(len(table))[:, None] > lengths
    inside = np.where(beyond, np.float32(np.inf), table[:, 1]).min(axis=0) + np.float32(INSIDE_CHARGE)
    return whole, np.minimum(whole, inside)
