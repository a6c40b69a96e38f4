"""Indices that Hearsay did not create: errors that say whose they are, as far as the cluster knows."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from elasticsearch import ApiError, Elasticsearch

from hearsay.text.format import counted
from indexer.errors import IndexForeign
from indexer.ownership import owner_in, shown_time

_OF_DATA_STREAM: Final = re.compile(r"\.ds-(.+)-\d{4}\.\d{2}\.\d{2}-\d{6}")
"""The name of an index that stores a part of a data stream."""


def foreign_alias(
    client: Elasticsearch, alias: str, address: str, indices: Mapping[str, Mapping[str, Any]]
) -> IndexForeign:
    """The error for an alias that points to indices, given with their mappings, which Hearsay did not create."""
    names = sorted(indices)
    what = f"the index {names[0]}" if len(names) == 1 else f"the indices {', '.join(names)}"
    return IndexForeign(
        f"the alias {alias} at {address} points to {what}, which Hearsay did not create and does not change"
        f"{_descriptions(client, indices)}; remove the alias, or name another one in INDEX_NAME"
    )


def alias_is_taken(
    client: Elasticsearch, alias: str, address: str, indices: Mapping[str, Mapping[str, Any]]
) -> IndexForeign:
    """The error for an index, or the indices of a data stream, with the name of the alias."""
    what = "an index" if alias in indices else "a data stream"
    return IndexForeign(
        f"{what} at {address} has the name {alias}, which must be an alias{_descriptions(client, indices)}; "
        "set INDEX_NAME to another name, or rename it"
    )


def name_is_taken(client: Elasticsearch, index: str, mappings: Mapping[str, Any]) -> IndexForeign:
    """The error for an index, given with its mappings, that has a name which Hearsay needs."""
    return IndexForeign(
        f"the index {index} was not created by Hearsay, which needs that name"
        f"{_descriptions(client, {index: mappings})}; nothing was changed; set INDEX_NAME to another name"
    )


def data_stream_of(index: str) -> str:
    """The data stream that an index stores a part of, by its name; empty if there is none."""
    found = _OF_DATA_STREAM.fullmatch(index)
    return found[1] if found else ""


def _descriptions(client: Elasticsearch, indices: Mapping[str, Mapping[str, Any]]) -> str:
    """In brackets, what is known of each index: its owner by ``_meta``, its creation date and number of documents."""
    listed: Sequence[Mapping[str, Any]] = []
    with suppress(ApiError):  # perhaps this user may not ask; the message is true without it
        columns = "index,status,docs.count,creation.date"
        listed = client.cat.indices(  # type: ignore[assignment]  # the client does not know the format's type
            index=",".join(indices), h=columns, format="json", expand_wildcards="all"
        ).body
    known = {one["index"]: one for one in listed}
    texts = {name: _description(indices[name], known.get(name, {})) for name in sorted(indices)}
    if len(texts) == 1:
        return "".join(f" ({text})" for text in texts.values() if text)
    together = "; ".join(f"{name}: {text}" for name, text in texts.items() if text)
    return f" ({together})" if together else ""


def _description(mappings: Mapping[str, Any], listed: Mapping[str, Any]) -> str:
    parts = [f"its _meta says {owner}" if (owner := owner_in(mappings.get("_meta"))) else "it has no _meta"]
    if created := listed.get("creation.date"):
        parts.append(f"created {shown_time(int(created) / 1000)}")
    if count := listed.get("docs.count"):
        parts.append(counted(int(count), "document"))
    elif listed.get("status") == "close":
        parts.append("closed")
    return ", ".join(parts)
