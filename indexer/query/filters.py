"""Choices: the filters that a person types, in the corpus's words or in their own, against what the index holds."""

from collections.abc import Iterable, Mapping
from typing import Final

from indexer.errors import WrongRequest
from indexer.index import Range, Request, SearchReader, Sort
from indexer.schema import SORTS, UNKNOWN, facet_label, facet_name, facet_order

ORDERS: Final[Mapping[str, Sort]] = {f"{dash}{field}": Sort(field, bool(dash)) for field in SORTS for dash in ("", "-")}
"""What hits are sorted by, as it is typed and stands in addresses: ``duration`` rises, ``-duration`` falls."""

_LIKE: Final[Mapping[str, str]] = {
    "duration": "2-8, 2- or -8, in seconds",
    "confidence": ".5-.9, .5- or -.9",
    "wer": ".1-.3, .1- or -.3",
}
"""How each of `indexer.schema.RANGES` is typed."""


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
                notes.append(f"no clip has the {facet_name(facet)} “{name}”; there are: {there}")
    return frozenset(values), notes


def chosen_filters(
    index: SearchReader, typed: Mapping[str, Iterable[str]]
) -> tuple[dict[str, frozenset[str]], list[str]]:
    """The filters that are meant by what was typed of each facet, and the notes on them.

    The index is asked for its values only where something was typed.
    """
    if not typed:
        return {}, []
    counts = index.search(Request(facets=tuple(typed), size=1)).facets
    filters: dict[str, frozenset[str]] = {}
    notes: list[str] = []
    for facet, texts in typed.items():
        filters[facet], missing = chosen(facet, texts, counts[facet])
        notes += missing
    return filters, notes


def _spellings(facet: str, counts: Mapping[str, int]) -> dict[str, str]:
    labels = {_folded(facet_label(facet, value)): value for value in counts}
    return labels | {_folded(value): value for value in counts} | {UNKNOWN: UNKNOWN}


def _folded(text: str) -> str:
    return text.strip().casefold().encode(errors="replace").decode()


def sorted_by(text: str) -> Sort:
    """The order that ``duration`` or ``-duration`` says; raises `WrongRequest` for anything else."""
    if text not in ORDERS:
        raise WrongRequest(f"hits are sorted by {', '.join(SORTS)}, or falling with a minus before it, not by {text}")
    return ORDERS[text]


def bounds_of(name: str, text: str) -> Range:
    """The range that ``2-8``, ``2-`` or ``-8`` says; raises `WrongRequest` for anything else, which is no ``name``."""
    low, dash, high = text.partition("-")
    try:
        bounds = Range(*(float(bound) if bound.strip() else None for bound in (low, high)))
    except ValueError as problem:
        raise WrongRequest(_not_a_range(name, text)) from problem
    if not dash or not is_range(bounds):
        raise WrongRequest(_not_a_range(name, text))
    return bounds


def is_range(bounds: Range) -> bool:
    """Whether it has an end, its ends are in their order, and both are numbers from 0 on."""
    ends = [end for end in (bounds.low, bounds.high) if end is not None]
    return bool(ends) and ends == sorted(ends) and all(0 <= end < float("inf") for end in ends)


def _not_a_range(name: str, text: str) -> str:
    return f"a {name} is written as {_LIKE[name]}, not {text}"
