"""The samples of a recording while it is decoded; those of a long one lie in a file, not in memory.

Two hours are 461 MB. In a file that is mapped into memory, the system holds only what is being read.
"""

import logging
import mmap
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, Final
from weakref import finalize

import numpy as np

from asr.types import SAMPLE_RATE, Waveform

log = logging.getLogger(__name__)

MOST_IN_MEMORY: Final = 30 * 60 * SAMPLE_RATE
"""The number of samples from which they are moved to a file: 115 MB."""

_WIDTH: Final = np.dtype(np.float32).itemsize
_BLOCK: Final = 10 * 60 * SAMPLE_RATE


class SampleBuffer:
    """Mono float32 samples that grow; above `MOST_IN_MEMORY` they are in an unnamed temporary file.

    Where no such file can be written, as on a full disk, they stay in memory.
    """

    def __init__(self) -> None:
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self._length = 0
        self._may_use_file = True

    def __len__(self) -> int:
        return self._length

    def append(self, samples: Waveform) -> None:
        data = samples.tobytes()
        if self._file is None and self._may_use_file and self._length + len(samples) > MOST_IN_MEMORY:
            self._move_to_file()
        if self._file is not None:
            try:
                _write(self._file, self._length, data)
            except OSError as problem:
                self._move_to_memory(problem)
        if self._file is None:
            self._memory += data
        self._length += len(samples)

    def blocks(self) -> Iterator[Waveform]:
        """All samples in order: those in memory as one array, those in a file ten minutes at a time."""
        size = _BLOCK if self._file is not None else max(1, self._length)
        for first in range(0, self._length, size):
            yield self._read(first, min(size, self._length - first))

    def change(self, change: Callable[[Waveform], None]) -> None:
        """Apply a function that changes samples in place to each of the `blocks`."""
        first = 0
        for block in self.blocks():
            change(block)
            if self._file is not None:
                try:
                    _write(self._file, first, block.tobytes())
                except OSError as problem:  # file systems that copy on write need space for it
                    self._move_to_memory(problem)
                    self._read(first, len(block))[:] = block
            first += len(block)

    def waveform(self) -> Waveform:
        """The samples as one array, to be called when they are complete; those in a file can only be read."""
        if self._file is None:
            return np.frombuffer(self._memory, np.float32)
        return np.frombuffer(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ), np.float32)

    def _read(self, first: int, samples: int) -> Waveform:
        if self._file is None:
            return np.frombuffer(self._memory, np.float32, samples, first * _WIDTH)
        self._file.seek(first * _WIDTH)
        return np.frombuffer(bytearray(self._file.read(samples * _WIDTH)), np.float32)

    def _move_to_file(self) -> None:
        try:
            self._file = tempfile.TemporaryFile(prefix="hearsay-", buffering=0)  # noqa: SIM115
            finalize(self, self._file.close)  # a map of the file does not need it open
            _write(self._file, 0, self._memory)
        except OSError as problem:
            self._stay_in_memory(problem)
        else:
            self._memory = bytearray()

    def _move_to_memory(self, problem: OSError) -> None:
        self._memory = bytearray().join(block.tobytes() for block in self.blocks())
        self._stay_in_memory(problem)

    def _stay_in_memory(self, problem: OSError) -> None:
        log.info("a long recording stays in memory: %s", problem.strerror or problem)
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._file, self._may_use_file = None, False


def _write(file: IO[bytes], first: int, data: bytes | bytearray) -> None:
    """Write all of it from sample ``first`` on: an unbuffered file may take a part."""
    file.seek(first * _WIDTH)
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def release_pages(waveform: Waveform) -> None:
    """Have the system forget which parts of a waveform's file were read; they are read again when they are needed.

    Nothing happens to a waveform in memory.
    """
    owner: object = waveform
    while isinstance(owner, np.ndarray | memoryview):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    if isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        owner.madvise(mmap.MADV_DONTNEED)
