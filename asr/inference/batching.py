"""Batching: which pieces of audio go through a model together."""

from collections.abc import Sequence
from threading import Lock
from typing import Final

MOST_PADDING: Final = 1.05
"""Maximum padded length divided by actual length of a batch, so that padding does not cost what batching saves."""


def batches(lengths: Sequence[int], most: int) -> list[list[int]]:
    """The indices of the pieces in batches, longest first, each piece in one batch.

    The padded length of a batch is its longest piece times the number of pieces. It is at most ``most``, unless a
    single piece is longer, and at most `MOST_PADDING` times the sum of its pieces. All lengths are in the same unit.
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


def equal_batches(lengths: Sequence[int], most: int) -> list[list[int]]:
    """The numbers of pieces in batches of equal lengths, longest first, each piece in one of them.

    A batch is at most ``most`` long in all, unless a single piece is longer.
    """
    found: list[list[int]] = []
    for number in sorted(range(len(lengths)), key=lambda number: -lengths[number]):
        length = lengths[number]
        if not found or lengths[found[-1][0]] != length or length * (len(found[-1]) + 1) > most:
            found.append([])
        found[-1].append(number)
    return found


def padding_ratio(lengths: Sequence[int], batched: Sequence[Sequence[int]]) -> float:
    """Padded length divided by actual length of all batches together; 1 without padding."""
    padded = sum(max(lengths[number] for number in batch) * len(batch) for batch in batched)
    return padded / max(1, sum(lengths)) if padded else 1.0


class Padding:
    """Counts the padding that a model has processed; threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._real = self._padded = 0

    def count(self, lengths: Sequence[int], padded_to: int) -> None:
        """Count pieces of these lengths that were each padded to ``padded_to`` samples."""
        with self._lock:
            self._real += sum(lengths)
            self._padded += padded_to * len(lengths)

    @property
    def ratio(self) -> float:
        """Padded length divided by actual length of all audio so far; 1 if there was none."""
        with self._lock:
            return self._padded / self._real if self._real else 1.0
