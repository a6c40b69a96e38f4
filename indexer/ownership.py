"""Whose an index is: Hearsay marks what it makes, and never removes, changes or counts what has no such mark."""

from collections.abc import Mapping
from typing import Any, Final

from indexer.errors import IndexForeign

MARK: Final[Mapping[str, Any]] = {"made_by": "hearsay"}
"""Stands in what an index says of itself: ``_meta`` in Elasticsearch, a file of JSON in a folder."""


def is_ours(told: object) -> bool:
    """Whether Hearsay made what says this of itself; the number of a schema is the mark of older ones."""
    if not isinstance(told, Mapping):
        return False
    return told.get("made_by") == MARK["made_by"] or type(told.get("schema")) is int


def foreign_alias(alias: str, address: str, indices: list[str]) -> IndexForeign:
    """What is said where an alias points at indices of somebody else."""
    what = f"the index {indices[0]}" if len(indices) == 1 else f"the indices {', '.join(indices)}"
    return IndexForeign(
        f"the alias {alias} at {address} points to {what}, which Hearsay did not create and leaves alone; remove the "
        "alias from there, or name another one in INDEX_NAME"
    )
