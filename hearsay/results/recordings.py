"""Recordings as arguments: a path, bytes, an open file or an array of samples."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeGuard

from hearsay.errors import BadArgument, NoAudio


class BinaryFile(Protocol):
    """A file that was opened for reading bytes."""

    def read(self) -> bytes: ...


class Array(Protocol):
    """Samples, such as numpy arrays and tensors of other libraries."""

    def __array__(self, *args: Any, **options: Any) -> Any: ...


Recording: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryFile | Array
"""One recording: the path of an audio file, the bytes of one, one that is open, or samples in a numpy array."""


def name_of(recording: Recording) -> str:
    """The name of a recording in results and errors."""
    if isinstance(recording, str | os.PathLike):
        return os.fspath(recording)
    if isinstance(recording, bytes | bytearray | memoryview):
        return "bytes"
    if is_array(recording):
        return "array"
    name = getattr(recording, "name", "")
    return name if isinstance(name, str) and name else "file"


def is_array(recording: object) -> TypeGuard[Array]:
    """Whether it holds samples, as arrays and tensors do."""
    return hasattr(recording, "__array__")


def bytes_of(recording: Recording) -> bytes:
    """The audio file's bytes; raises `NoAudio` if it cannot be read, `BadArgument` if it is not an audio file."""
    if isinstance(recording, str | os.PathLike):
        path = Path(recording)
        try:
            return path.read_bytes()
        except (OSError, ValueError) as problem:  # a name with a null byte is a ValueError
            why = getattr(problem, "strerror", None) or problem
            raise NoAudio(f"{path}: the file cannot be read: {why}") from problem
    if isinstance(recording, bytes | bytearray | memoryview):
        return bytes(recording)
    read = getattr(recording, "read", None)
    data = read() if callable(read) else None
    if not isinstance(data, bytes):
        advice = (
            'it was opened as text; open it with mode "rb"' if isinstance(data, str) else "this object is none of these"
        )
        kinds = "a path, bytes, a file that is open for reading bytes, or an array with its sampling_rate"
        raise BadArgument(f"{name_of(recording)}: a recording is {kinds}; {advice}")
    return data


def check_rate(recordings_are_arrays: bool, sampling_rate: float | None) -> None:
    """Raise `BadArgument` for an array without a sampling rate, or a file with one, since it contains its own."""
    if recordings_are_arrays and sampling_rate is None:
        raise BadArgument("array: an array needs its sampling rate; add sampling_rate=16000, or its own rate")
    if sampling_rate is not None and not recordings_are_arrays:
        raise BadArgument("sampling_rate= is for arrays only; an audio file contains its own, so leave it out")


def each(recordings: "Iterable[Recording]") -> "Iterable[Recording]":
    """The recordings one after the other; raises `BadArgument` for a single path instead of a list."""
    if isinstance(recordings, str | bytes | bytearray | os.PathLike):
        raise BadArgument(f"{name_of(recordings)}: several recordings are expected; write [{recordings!r:.60}]")
    return recordings
