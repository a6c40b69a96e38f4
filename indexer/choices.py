"""Choices: the filters that a person types, in the corpus's words or in their own, against what the index holds."""

from collections.abc import Iterable, Mapping

from indexer.errors import WrongRequest
from indexer.fields import UNKNOWN, facet_label, facet_order
from indexer.index import Range


def chosen(facet: str, typed: Iterable[str], counts: Mapping[str, int]) -> tuple[frozenset[str], list[str]]:
    """The values meant, and a note for each that the index does not have.

    ``typed`` may hold several values with commas between them. A value is taken as the corpus spells it or as people
    read it, in small letters or large: ``forties`` is ``fourties``, ``England`` is ``england``.
    """
    known = _spellings(facet, counts)
    values: set[str] = set()
    notes = []
    for text in typed:
        parts = [text] if _folded(text) in known else list(filter(str.strip, text.split(",")))
        for part in parts:
            name = _folded(part)
            values.add(known.get(name, name))
            if name not in known:
                there = ", ".join(facet_label(facet, value) for value in facet_order(facet, counts)) or "none"
                notes.append(f"no clip has the {facet} “{name}”; there are: {there}")
    return frozenset(values), notes


def _spellings(facet: str, counts: Mapping[str, int]) -> dict[str, str]:
    labels = {_folded(facet_label(facet, value)): value for value in counts}
    return labels | {_folded(value): value for value in counts} | {UNKNOWN: UNKNOWN}


def _folded(text: str) -> str:
    return text.strip().casefold().encode(errors="replace").decode()


def seconds_between(text: str) -> Range:
    """The range that ``2-8``, ``2-`` or ``-8`` says; raises `WrongRequest` for anything else."""
    low, dash, high = text.partition("-")
    try:
        bounds = Range(*(float(bound) if bound.strip() else None for bound in (low, high)))
    except ValueError as problem:
        raise WrongRequest(_not_a_range(text)) from problem
    ends = [end for end in (bounds.low, bounds.high) if end is not None]
    if not dash or not ends or ends != sorted(ends) or any(not 0 <= end < float("inf") for end in ends):
        raise WrongRequest(_not_a_range(text))
    return bounds


def _not_a_range(text: str) -> str:
    return f"a duration is written as 2-8, 2- or -8, in seconds, not {text}"
