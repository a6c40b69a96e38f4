"""Which pieces of sound go through a model together."""

from collections.abc import Sequence
from typing import Final

MOST_PADDING: Final = 1.05
"""Padded over real length, in each batch: what batching wins is not spent again on hearing silence."""


def batches(lengths: Sequence[int], most: int) -> list[list[int]]:
    """The numbers of pieces in batches, longest first, each piece in one of them.

    A batch is as long as its longest piece times its pieces: at most ``most``, unless a single piece is longer, and at
    most `MOST_PADDING` times what its pieces are. Lengths and ``most`` in samples, or in any other unit.
    """
    found: list[list[int]] = []
    longest = real = 0
    for number in sorted(range(len(lengths)), key=lambda number: -lengths[number]):
        length = lengths[number]
        padded = longest * (len(found[-1]) + 1) if found else 0
        if not found or padded > min(most, MOST_PADDING * (real + length)):
            found.append([])
            longest, real = length, 0
        found[-1].append(number)
        real += length
    return found


def padding_ratio(lengths: Sequence[int], batched: Sequence[Sequence[int]]) -> float:
    """Padded over real length of all batches together; 1 where there is nothing to pad."""
    padded = sum(max(lengths[number] for number in batch) * len(batch) for batch in batched)
    return padded / max(1, sum(lengths)) if padded else 1.0
