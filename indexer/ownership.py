"""Ownership and version of an index: Hearsay never removes, changes or counts anything without its mark."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from indexer.documents import SCHEMA
from indexer.errors import HOW_TO_LOAD, HOW_TO_RELOAD, IndexIncompatible

MARK: Final[Mapping[str, Any]] = {"made_by": "hearsay"}
"""Stored in the metadata of every index: ``_meta`` in Elasticsearch, a JSON file in a folder."""


_OWNER: Final = re.compile(r"(made|created|managed|owned|written|maintained)_?by|owner|author", re.IGNORECASE)
"""Names under which programs store who an index belongs to."""

_SHOWN: Final = 100
"""Characters of another program's metadata that are shown."""


def is_ours(meta: object) -> bool:
    """Whether Hearsay wrote this metadata.

    In older versions of Hearsay, the number of the schema is the mark; nothing else in it names an owner.
    """
    if not isinstance(meta, Mapping):
        return False
    if "made_by" in meta:
        return bool(meta["made_by"] == MARK["made_by"])
    return type(meta.get("schema")) is int and not any(map(_OWNER.fullmatch, meta))


def owner_in(meta: object) -> str:
    """What the metadata of another program says about it, such as ``created_by: shop``; empty if there is none.

    Without a member that names an owner, all of it, shortened.
    """
    if not isinstance(meta, Mapping) or not meta:
        return ""
    named = ", ".join(f"{name}: {value}" for name, value in meta.items() if _OWNER.fullmatch(name))
    text = " ".join((named or json.dumps(meta, ensure_ascii=False)).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def shown_time(seconds: float) -> str:
    """A time in seconds since 1970, as messages state it: ``2026-11-30 09:05 UTC``."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


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
