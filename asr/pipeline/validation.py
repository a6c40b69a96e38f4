"""What a model's result must be before anything is made of it: finite numbers, and text that UTF-8 can hold."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from numbers import Real
from typing import Any

from asr.errors import ModelFailed


def check_model_output(result: Any) -> None:
    """Raise `ModelFailed` where a transcript or an emotion holds what no record and no reply can hold."""
    for value in _leaves(result):
        if isinstance(value, Real) and not math.isfinite(value):
            raise ModelFailed("the model failed: its output is no number")
        if isinstance(value, str) and not _is_utf8(value):
            raise ModelFailed("the model failed: its output is no UTF-8 text")


def _leaves(value: Any) -> Iterator[Any]:
    """The texts and numbers in a result, however deep."""
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


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
