"""Versions of an index in Elasticsearch: each is a separate index, and an alias points to the served one."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from elasticsearch import ApiError, BadRequestError, Elasticsearch

from indexer.documents import SCHEMA
from indexer.earlier_schema import is_searchable
from indexer.elastic.errors import found_or_error
from indexer.elastic.foreign import alias_is_taken, data_stream_of, foreign_alias, name_is_taken
from indexer.elastic.templates import check_creation, refused_creation
from indexer.errors import HOW_TO_LOAD, IndexDamaged, IndexForeign, IndexMissing, LoadFailed, rollback_unavailable
from indexer.ownership import MARK, incompatible, is_ours, reject_later_version
from indexer.provenance import Origin, SourceFile

_LOADED: Final = "loaded"
"""The mark in ``_meta`` of a version that was loaded completely; versions left by a killed load lack it."""


def index_of_words(version: str) -> str:
    """The name of the small index with a version's lexicon."""
    return f"{version}-lexicon"


def create(client: Elasticsearch, index: str, mapping: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Create an index with Hearsay's mark; returns whether all copies of its shards were active within half a minute.

    Raises `IndexForeign` if an index with this name exists that Hearsay did not create.
    """
    patient = client.options(request_timeout=60)
    marked = {**mapping, "_meta": {**MARK, **mapping.get("_meta", {})}}
    how: dict[str, Any] = {"mappings": marked, "settings": settings, "wait_for_active_shards": "all"}
    try:
        is_whole = bool(patient.indices.create(index=index, **how)["shards_acknowledged"])
    except BadRequestError as problem:  # perhaps a node was lost before it responded, and the request was repeated
        if problem.error != "resource_already_exists_exception":
            raise refused_creation(client, index, problem) from problem
        for mappings in mappings_of(client, index).values():
            if not is_ours(mappings.get("_meta")):
                raise name_is_taken(client, index, mappings) from problem
        return False
    check_creation(client, index, mapping, settings)
    return is_whole


def mappings_of(client: Elasticsearch, name: str) -> dict[str, dict[str, Any]]:
    """The mappings of all indices with this name, pattern or alias, including closed ones; empty if there are none."""
    found = found_or_error(lambda: client.indices.get_mapping(index=name, expand_wildcards=["open", "closed"]))
    return {} if "error" in found else {index: one["mappings"] for index, one in found.items()}


def exact_count(client: Elasticsearch, index: str, query: Mapping[str, Any] | None = None) -> int:
    """The number of matching documents in all shards; raises an error if a shard is not available."""
    answer = client.search(index=index, query=query, size=0, track_total_hits=True, allow_partial_search_results=False)
    return int(answer["hits"]["total"]["value"])


class ElasticVersions:
    """The versions behind ``alias``; ``address`` is for messages."""

    def __init__(self, client: Elasticsearch, alias: str, address: str) -> None:
        self._client = client
        self._alias = alias
        self._address = address

    def served(self) -> str | None:
        """The version behind the alias; raises `IndexForeign` if the alias points to anything that is not Hearsay's."""
        behind = mappings_of(self._client, self._alias)
        if self._alias in behind or self._alias in map(data_stream_of, behind):
            raise alias_is_taken(self._client, self._alias, self._address, behind)
        if foreign := {name: mappings for name, mappings in behind.items() if not is_ours(mappings.get("_meta"))}:
            raise foreign_alias(self._client, self._alias, self._address, foreign)
        return max(behind, default=None)

    def is_served(self, version: str) -> bool:
        return version in mappings_of(self._client, self._alias)

    def current(self) -> str:
        """The name of the served version; raises `IndexMissing` before the first load."""
        if (served := self.served()) is None:
            raise IndexMissing(f"there is no index {self._alias} at {self._address} yet; {HOW_TO_LOAD}")
        return served

    def readable(self) -> tuple[str, int]:
        """The served version, and the version of its documents.

        Raises `IndexIncompatible` if this program cannot search it.
        """
        about = {"schema": SCHEMA} | self.about(current := self.current())
        if not is_searchable(about):
            raise incompatible(self._where, about)
        if not about.get(_LOADED):
            raise IndexDamaged(
                f"{self._where} is incomplete: {current} was not loaded completely; load your files again"
            )
        return current, about["schema"]

    @property
    def _where(self) -> str:
        return f"the index {self._alias} at {self._address}"

    def reject_later_version(self) -> None:
        reject_later_version(self._where, self.about(self.current()))

    def writable(self) -> str:
        """The served version; raises `IndexIncompatible` if another version of Hearsay made it.

        Raises `IndexForeign` for a version of another alias, which has its own lease.
        """
        current, schema = self.readable()
        if schema != SCHEMA:
            raise incompatible(self._where, self.about(current))
        named = re.fullmatch(r"(.+)-\d{20}", current)
        if named and named[1] != self._alias:
            raise self._of_another_alias(current)
        return current

    def about(self, version: str) -> dict[str, Any]:
        """A version's metadata."""
        return dict(self._client.indices.get_mapping(index=version).body[version]["mappings"].get("_meta", {}))

    def new_name(self) -> str:
        """A name for the next version, after all existing ones, whoever created them."""
        now = f"{self._alias}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
        latest = max(self._named(), default="")
        return now if now > latest else f"{self._alias}-{int(latest[-20:]) + 1}"  # clocks are sometimes set back

    def create(self, version: str, mapping: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        """Create an empty version, not served; raises `LoadFailed` if no node has space for it."""
        if create(self._client, version, mapping, settings):
            return
        try:
            exact_count(self._client, version)  # replicas may be missing, primary shards must not
        except ApiError as problem:
            raise LoadFailed(
                f"no node at {self._address} accepts a new index, because disks are nearly full or nodes cannot reach "
                "each other; correct that, then load again; the previous index is still served"
            ) from problem

    def mark_whole(self, version: str) -> None:
        """Mark a version as loaded completely."""
        self._client.indices.put_mapping(index=version, meta=self.about(version) | {_LOADED: True})

    def note_put(self, version: str, files: Sequence[SourceFile], clips: Collection[str]) -> None:
        """Record in a version that clips were put into it, and from which files, if it records those of its load."""
        about = self.about(version)
        if origin := Origin.from_json(about.get("origin")):
            put = origin.after_put(files, clips)
            if put != origin:
                self._client.indices.put_mapping(index=version, meta=about | {"origin": put.to_json()})

    def serve(self, version: str) -> None:
        """Point the alias to this version alone, in one step, which may be repeated."""
        pattern = [f"{self._alias}-*", *([served] if (served := self.served()) else [])]
        away = {"remove": {"indices": pattern, "alias": self._alias, "must_exist": False}}
        self._client.indices.update_aliases(actions=[away, {"add": {"index": version, "alias": self._alias}}])

    def before(self, current: str) -> str:
        """The version to roll back to; raises `IndexMissing` if there is none, `IndexIncompatible` for an old schema.

        Raises `IndexForeign` if the served version does not belong to this alias, because a rollback removes it.
        """
        if current not in self._all():
            raise self._of_another_alias(current)
        if not (before := [name for name in self.whole() if name < current]):
            raise IndexMissing(f"there is no version before {current} at {self._address}; {current} is still served")
        if self.about(before[-1]).get("schema") != SCHEMA:
            raise rollback_unavailable(before[-1], current)
        return before[-1]

    def remove(self, version: str) -> None:
        """Remove a version and its lexicon; an index that is not a version of this alias stays."""
        if version in self._all():
            self._client.indices.delete(index=[version, index_of_words(version)], ignore_unavailable=True)

    def remove_old(self, before: str | None, current: str, keep: int) -> None:
        """Keep this many versions; remove older ones, and what killed loads left since ``before`` was served."""
        there = self._all()
        newest = before if before in there else current
        kept = [*(name for name in self.whole() if name <= newest and name != current), current][-keep:]
        for name in there:
            if name < current and name not in kept:
                self.remove(name)

    def whole(self) -> list[str]:
        """The completely loaded versions, oldest first."""
        return [name for name, meta in self._all().items() if meta.get(_LOADED)]

    def _all(self) -> dict[str, dict[str, Any]]:
        """The metadata of each version by name, oldest first; indices without Hearsay's mark are not versions."""
        return {name: meta for name, meta in self._named().items() if is_ours(meta)}

    def _named(self) -> dict[str, dict[str, Any]]:
        """The metadata of each index that is named like a version."""
        found = mappings_of(self._client, f"{self._alias}-*")
        own = re.compile(rf"{re.escape(self._alias)}-\d{{20}}")
        return {name: found[name].get("_meta", {}) for name in sorted(found) if own.fullmatch(name)}

    def _of_another_alias(self, current: str) -> IndexForeign:
        return IndexForeign(
            f"the alias {self._alias} at {self._address} points to {current}, which is not one of its own versions; "
            "nothing was changed; point the alias to one of them, or load your files again"
        )
