"""Ownership and version of an index: Hearsay never removes, changes or counts anything without its mark."""

from collections.abc import Mapping
from typing import Any, Final

from indexer.documents import SCHEMA
from indexer.errors import HOW_TO_LOAD, HOW_TO_RELOAD, IndexForeign, IndexIncompatible

MARK: Final[Mapping[str, Any]] = {"made_by": "hearsay"}
"""Stored in the metadata of every index: ``_meta`` in Elasticsearch, a JSON file in a folder."""


def is_ours(meta: object) -> bool:
    """Whether Hearsay wrote this metadata; in older versions of Hearsay, the number of the schema is the mark."""
    if not isinstance(meta, Mapping):
        return False
    return meta.get("made_by") == MARK["made_by"] or type(meta.get("schema")) is int


def foreign_alias(alias: str, address: str, indices: list[str]) -> IndexForeign:
    """The error for an alias that points to indices which Hearsay did not create."""
    what = f"the index {indices[0]}" if len(indices) == 1 else f"the indices {', '.join(indices)}"
    return IndexForeign(
        f"the alias {alias} at {address} points to {what}, which Hearsay did not create and leaves alone; remove the "
        "alias, or name another one in INDEX_NAME"
    )


def reject_later_version(index: str, meta: Mapping[str, Any]) -> None:
    """Raise `IndexIncompatible` for an index of a later version of Hearsay, whose format this one does not know."""
    if type(schema := meta.get("schema")) is int and schema > SCHEMA:
        raise incompatible(index, meta)


def incompatible(index: str, meta: Mapping[str, Any]) -> IndexIncompatible:
    """The error for an index with a schema of another version of Hearsay."""
    if meta["schema"] > SCHEMA:
        return IndexIncompatible(
            f"{index} was made by a later version of Hearsay than this one; use that version, or load your files again"
        )
    if "origin" in meta:
        return IndexIncompatible(
            f"{index} was made by an earlier version of Hearsay; load its files again as a new version: {HOW_TO_RELOAD}"
        )
    return IndexIncompatible(
        f"{index} was made by an earlier version of Hearsay, which did not record its files; load your files again: "
        f"{HOW_TO_LOAD}"
    )
