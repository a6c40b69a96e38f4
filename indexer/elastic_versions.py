"""Versions of an index in Elasticsearch: each an index of its own, of which one alias names the one that is served."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from elasticsearch import ApiError, BadRequestError, Elasticsearch

from indexer.documents import SCHEMA
from indexer.errors import HOW_TO_LOAD, IndexIncompatible, IndexMissing, LoadFailed, no_way_back

_LOADED: Final = "loaded"
"""The mark in ``_meta`` of a version that was loaded to its end; one that a killed load left has none."""


def index_of_words(version: str) -> str:
    """The name of the small index beside a version, that holds its words."""
    return f"{version}-lexicon"


def create(client: Elasticsearch, index: str, mapping: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Create an index whose name nobody else uses; whether half a minute later all copies of its shards were there."""
    patient = client.options(request_timeout=60)
    how: dict[str, Any] = {"mappings": mapping, "settings": settings, "wait_for_active_shards": "all"}
    try:
        return bool(patient.indices.create(index=index, **how)["shards_acknowledged"])
    except BadRequestError as problem:  # a node was lost with its answer, and the next one was asked the same
        if problem.error != "resource_already_exists_exception":
            raise
        return False


def exact_count(client: Elasticsearch, index: str, query: Mapping[str, Any] | None = None) -> int:
    """How many documents match, of all shards: where one is not there, nothing is counted."""
    answer = client.search(index=index, query=query, size=0, track_total_hits=True, allow_partial_search_results=False)
    return int(answer["hits"]["total"]["value"])


class ElasticVersions:
    """The versions behind ``alias``; ``address`` is how errors show where."""

    def __init__(self, client: Elasticsearch, alias: str, address: str) -> None:
        self._client = client
        self._alias = alias
        self._address = address

    def served(self) -> str | None:
        aliased = self._client.options(ignore_status=404).indices.get_alias(name=self._alias).body
        return None if "error" in aliased else max(aliased, default=None)

    def current(self) -> str:
        """The name of the version that is served; raises `IndexMissing` before the first load."""
        if (served := self.served()) is None:
            raise IndexMissing(f"there is no index {self._alias} at {self._address} yet; {HOW_TO_LOAD}")
        return served

    def readable(self) -> str:
        """The version that is served; raises `IndexIncompatible` for one that another version of Hearsay made."""
        if self.about(current := self.current()).get("schema") != SCHEMA:
            raise IndexIncompatible(
                f"the index {self._alias} at {self._address} was made by another version of Hearsay; "
                "load your files again"
            )
        return current

    def about(self, version: str) -> dict[str, Any]:
        """What a version tells of itself."""
        return dict(self._client.indices.get_mapping(index=version).body[version]["mappings"].get("_meta", {}))

    def new_name(self) -> str:
        """A name for the next version; raises `LoadFailed` where an index has the alias's name."""
        if self.served() is None and self._client.indices.exists(index=self._alias):
            raise LoadFailed(
                f"at {self._address} an index has the name {self._alias}, which is to be an alias; "
                "remove that index, or name another one in INDEX_NAME"
            )
        now = f"{self._alias}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
        latest = max(self._all(), default="")
        return now if now > latest else f"{self._alias}-{int(latest[-20:]) + 1}"  # clocks are put back at times

    def create(self, version: str, mapping: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        """An empty version, not served; raises `LoadFailed` where no node has room for it."""
        if create(self._client, version, mapping, settings):
            return
        try:
            exact_count(self._client, version)  # a copy may be missing, but not what it is a copy of
        except ApiError as problem:
            raise LoadFailed(
                f"no node at {self._address} takes a new index, since their disks are nearly full or they do not find "
                "each other; mend that, then load again; the index before still stands"
            ) from problem

    def mark_whole(self, version: str) -> None:
        """Say in a version that it was loaded to its end."""
        self._client.indices.put_mapping(index=version, meta=self.about(version) | {_LOADED: True})

    def serve(self, version: str) -> None:
        """Let the alias name this version and no other, in one step, which may be asked for twice."""
        pattern = [f"{self._alias}-*", *([served] if (served := self.served()) else [])]
        away = {"remove": {"indices": pattern, "alias": self._alias, "must_exist": False}}
        self._client.indices.update_aliases(actions=[away, {"add": {"index": version, "alias": self._alias}}])

    def before(self, current: str) -> str:
        """The version to roll back to; raises `IndexMissing` for none, `IndexIncompatible` for an old one."""
        if not (before := [name for name in self.whole() if name < current]):
            raise IndexMissing(f"there is no version before {current} at {self._address}; it is still served")
        if self.about(before[-1]).get("schema") != SCHEMA:
            raise no_way_back(before[-1], current)
        return before[-1]

    def remove(self, version: str) -> None:
        self._client.indices.delete(index=[version, index_of_words(version)], ignore_unavailable=True)

    def remove_old(self, before: str | None, current: str, keep: int) -> None:
        """Keep so many versions; remove what is older, and what killed loads left since ``before`` was served."""
        there = self._all()
        newest = before if before in there else current
        kept = [*(name for name in self.whole() if name <= newest and name != current), current][-keep:]
        for name in there:
            if name < current and name not in kept:
                self.remove(name)

    def whole(self) -> list[str]:
        """The versions that were loaded to their end, oldest first."""
        return [name for name, meta in self._all().items() if meta.get(_LOADED)]

    def _all(self) -> dict[str, dict[str, Any]]:
        """What each version tells of itself, by its name, oldest first."""
        found = self._client.indices.get_mapping(index=f"{self._alias}-*").body
        own = re.compile(rf"{re.escape(self._alias)}-\d{{20}}")
        return {name: found[name]["mappings"].get("_meta", {}) for name in sorted(found) if own.fullmatch(name)}
