"""Checks of a model's output: numbers must be finite, and text must be valid Unicode."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from numbers import Real
from typing import Any

from asr.errors import ModelFailed


def check_model_output(result: Any) -> None:
    """Raise `ModelFailed` if a transcript or emotion contains a value that records and JSON cannot store."""
    for value in _leaves(result):
        if isinstance(value, Real) and not math.isfinite(value):
            raise ModelFailed("the model failed: its output contains NaN or infinity")
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError as problem:
                raise ModelFailed("the model failed: its output is not valid Unicode text") from problem


def _leaves(value: Any) -> Iterator[Any]:
    """The texts and numbers in an output, at any depth."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for member in fields(value):
            yield from _leaves(getattr(value, member.name))
    elif isinstance(value, Mapping):
        for pair in value.items():
            yield from _leaves(pair)
    elif isinstance(value, Iterable):
        for item in value:
            yield from _leaves(item)
    else:
        yield value
