"""Findings of a check: one line per finding, with advice on problems."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A ``problem`` prevents something from working; a ``warning`` may be intended. ``advice`` is what to do."""

    status: Status
    what: str
    advice: str = ""


Check = Callable[[], Iterable[Finding]]
"""Checks one part of the installation, changes nothing, and may raise `HearsayError`."""


def ok(what: str) -> Finding:
    """A finding that something works."""
    return Finding("ok", what)


def warning(what: str, advice: str) -> Finding:
    """A finding that may be intended, with advice if it is not."""
    return Finding("warning", what, advice)


def problem(what: str, advice: str) -> Finding:
    """A finding that prevents something from working, with the fix."""
    return Finding("problem", what, advice)
