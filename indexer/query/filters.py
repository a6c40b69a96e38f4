"""Filters as people type them, in the corpus's spelling or their own, matched with the values of the index."""

from collections.abc import Iterable, Mapping
from typing import Final

from hearsay.corpora.values import COMMA, fold
from indexer.errors import WrongRequest
from indexer.index import Range, Request, SearchReader, Sort
from indexer.schema import SORTS, UNKNOWN, facet_label, facet_name, facet_order, facet_value

ORDERS: Final[Mapping[str, Sort]] = {f"{dash}{field}": Sort(field, bool(dash)) for field in SORTS for dash in ("", "-")}
"""Sort orders by the text that is typed and used in URLs: ``duration`` ascending, ``-duration`` descending."""

_FORMS: Final[Mapping[str, str]] = {
    "duration": "2-8, 2- or -8, in seconds",
    "confidence": "0.5-0.9, 0.5- or -0.9",
    "wer": "0.1-0.3, 0.1- or -0.3",
    "agreement": "0.5-0.9, 0.5- or -0.9",
}
"""The form in which each of `indexer.schema.RANGES` is typed."""


FIRST_VALUES: Final = 6
"""Values of a facet that notes and the terminal list; the others are counted."""


def selected_values(facet: str, typed: Iterable[str], counts: Mapping[str, int]) -> tuple[frozenset[str], list[str]]:
    """The values that were typed, and a note for each one that the index does not have.

    Each element of ``typed`` may contain several values separated by commas outside brackets. A value may be spelled as
    in a corpus or as people spell it, in upper or lower case: ``forties`` is ``fourties``, ``Female`` is ``female``.
    A speaker may be named by the beginning of an id that no other one has.
    """
    known = _spellings(facet, counts)
    values: set[str] = set()
    notes = []
    for text in typed:
        for part in [text] if fold(text) in known else list(filter(str.strip, COMMA.split(text))):
            name = part.strip().encode(errors="replace").decode()
            value = facet_value(facet, name)
            found = known.get(fold(name)) or known.get(fold(value)) or _begun(facet, name, counts)
            values |= found or {value}
            if not found and not _may_be_uncounted(facet, name):
                notes.append(missing_value_note(facet, name, counts))
    return frozenset(values), notes


def missing_value_note(facet: str, name: str, counts: Mapping[str, int]) -> str:
    """The note on a value that no clip has, with the first values that there are."""
    labels = [facet_label(facet, value) for value in facet_order(facet, counts)]
    there = ", ".join(labels[:FIRST_VALUES]) or "none"
    if more := len(labels) - FIRST_VALUES:
        there += f", … and {more:,} more" if more > 0 else ""
    label = facet_label(facet, facet_value(facet, name))
    return f"no clip has the {facet_name(facet)} “{label}”; choose from: {there}"


def selected_filters(
    index: SearchReader, typed: Mapping[str, Iterable[str]]
) -> tuple[dict[str, frozenset[str]], list[str]]:
    """The filters that were typed for each facet, and the notes on them.

    The values are read from the index only if something was typed.
    """
    if not typed:
        return {}, []
    counts = index.search(Request(facets=tuple(typed), size=1)).facets
    filters: dict[str, frozenset[str]] = {}
    notes: list[str] = []
    for facet, texts in typed.items():
        filters[facet], missing = selected_values(facet, texts, counts[facet])
        notes += missing
    return filters, notes


def _spellings(facet: str, counts: Mapping[str, int]) -> dict[str, set[str]]:
    """The values by their folded spellings and labels; several that differ only in case have the same."""
    found: dict[str, set[str]] = {UNKNOWN: {UNKNOWN}}
    for value in counts:
        for text in {fold(value), fold(facet_label(facet, value)), fold(facet_value(facet, value))}:
            found.setdefault(text, set()).add(value)
    return found


def _begun(facet: str, name: str, counts: Mapping[str, int]) -> set[str]:
    """The only speaker whose id begins so; empty for other facets."""
    found = {value for value in counts if value.startswith(name)} if facet == "speaker" else set()
    return found if len(found) == 1 else set()


def _may_be_uncounted(facet: str, name: str) -> bool:
    """Whether passages may have the value although it is not counted: an age in years counts as a decade."""
    return facet == "age" and name.isdecimal()


def sorted_by(text: str) -> Sort:
    """The order that ``duration`` or ``-duration`` means; raises `WrongRequest` for anything else."""
    if text not in ORDERS:
        raise WrongRequest(f"sort by {', '.join(SORTS)}, or descending with a minus before it, not by {text}")
    return ORDERS[text]


def bounds_of(name: str, text: str) -> Range:
    """The range that ``2-8``, ``2-`` or ``-8`` means for the field ``name``; otherwise raises `WrongRequest`."""
    low, dash, high = text.partition("-")
    try:
        bounds = Range(*(float(bound) if bound.strip() else None for bound in (low, high)))
    except ValueError as problem:
        raise WrongRequest(_not_a_range(name, text)) from problem
    if not dash or not is_range(bounds):
        raise WrongRequest(_not_a_range(name, text))
    return bounds


def is_range(bounds: Range) -> bool:
    """Whether the range has a bound, its bounds are in order, and none is negative or infinite."""
    ends = [end for end in (bounds.low, bounds.high) if end is not None]
    return bool(ends) and ends == sorted(ends) and all(0 <= end < float("inf") for end in ends)


def _not_a_range(name: str, text: str) -> str:
    return f"{name} must be written as {_FORMS[name]}, not {text}"
