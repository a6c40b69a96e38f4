"""Findings of a check: one line each, with what to do if something is wrong."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A ``problem`` keeps something from working; a ``warning`` may be intended. ``advice`` says what to do or type."""

    status: Status
    what: str
    advice: str = ""


Check = Callable[[], Iterable[Finding]]
"""Checks one part of the installation, changes nothing, and may raise `HearsayError`."""


def ok(what: str) -> Finding:
    """What works."""
    return Finding("ok", what)


def warning(what: str, advice: str) -> Finding:
    """What may be intended, and what to do if it is not."""
    return Finding("warning", what, advice)


def problem(what: str, advice: str) -> Finding:
    """What keeps something from working, and how to fix it."""
    return Finding("problem", what, advice)
