"""Whose an index is, and of which version: Hearsay never removes, changes or counts what does not have its mark."""

from collections.abc import Mapping
from typing import Any, Final

from indexer.documents import SCHEMA
from indexer.errors import HOW_TO_LOAD, HOW_TO_RELOAD, IndexForeign, IndexIncompatible

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


def see_that_it_is_not_later(index: str, told: Mapping[str, Any]) -> None:
    """Raises `IndexIncompatible` for an index of a later version, which this one does not know how to carry on."""
    if type(schema := told.get("schema")) is int and schema > SCHEMA:
        raise incompatible(index, told)


def incompatible(index: str, told: Mapping[str, Any]) -> IndexIncompatible:
    """What is said of an index whose schema is not this Hearsay's."""
    if told["schema"] > SCHEMA:
        return IndexIncompatible(
            f"{index} was made by a later version of Hearsay than this one; use that version, or load your files again"
        )
    if "origin" in told:
        return IndexIncompatible(
            f"{index} was made by an earlier version of Hearsay; load its files again beside it with: {HOW_TO_RELOAD}"
        )
    return IndexIncompatible(
        f"{index} was made by an earlier version of Hearsay, which did not note its files; load your files again: "
        f"{HOW_TO_LOAD}"
    )
