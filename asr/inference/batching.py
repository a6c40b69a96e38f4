"""Which pieces of sound go through a model together."""

from collections.abc import Sequence
from threading import Lock
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


class Padding:
    """How much padding a model has heard; threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._real = self._padded = 0

    def count(self, lengths: Sequence[int], padded_to: int) -> None:
        """Sounds of these lengths went through the model, each as if it were ``padded_to`` long."""
        with self._lock:
            self._real += sum(lengths)
            self._padded += padded_to * len(lengths)

    @property
    def ratio(self) -> float:
        """Padded over real length of all that was heard so far; 1 where nothing was."""
        with self._lock:
            return self._padded / self._real if self._real else 1.0
