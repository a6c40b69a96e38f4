"""The reasons of Elasticsearch's rejections, by type and text; each kind has its own message.

The status is not sufficient: 403 is a missing privilege or a block, 400 a closed index, a full cluster or another
version.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hearsay.text.format import counted
from indexer.errors import IndexerError, IndexInUse, IndexUnavailable, LoadFailed, WrongRequest

DISK_IS_FULL: Final = (
    "the disk of an Elasticsearch node is nearly full, so it accepts no writes; free space there or add a node, "
    "then try again"
)

_BLOCK: Final = re.compile(r"\[[A-Z_]+/([^/\]]+)/([^;\]]+)")
_BLOCKED_INDEX: Final = re.compile(r"\bindex \[([^\]/]+)")
_SHARDS: Final = re.compile(r"\[(\d+)\]/\[(\d+)\] maximum")
_ITS_VERSION: Final = re.compile(r"(?:must be either|must be) version (\d+)")
_CLAUSES: Final = re.compile(r"max_?clause_?count is set to (\d+)", re.IGNORECASE)
_URL: Final = re.compile(r"[;,]? for more information,? see \S+", re.IGNORECASE)

_CLOSED: Final = (
    "the index {} at {} is closed, so Elasticsearch rejects this; open it with POST /{}/_open, then try again"
)

_BLOCKS: Final[Mapping[str, tuple[str, str]]] = {
    "5": ("the index {index} is set read-only", "index.blocks.read_only"),
    "6": ("the cluster is set read-only", "cluster.blocks.read_only"),
    "7": ("reading the index {index} is blocked", "index.blocks.read"),
    "8": ("writing to the index {index} is blocked", "index.blocks.write"),
    "9": ("the settings and the mapping of the index {index} are blocked", "index.blocks.metadata"),
    "10": ("the cluster is set not to create indices", "cluster.blocks.create_index"),
    "13": ("the cluster is set to allow only reads and deletions", "cluster.blocks.read_only_allow_delete"),
}
"""Elasticsearch's own blocks by their numbers, with the setting that lifts each."""

_NOT_READY: Final[Mapping[str, str]] = {
    "1": "is still starting, and has not read its list of indices",
    "2": "has no elected master: its nodes cannot reach each other",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """A rejection in Elasticsearch's words: the ``types`` and ``texts`` of an error and of all its causes.

    ``index`` is the index that it names, or empty. Without ``types`` the response is not Elasticsearch's.
    """

    types: frozenset[str]
    texts: tuple[str, ...]
    index: str = ""

    @classmethod
    def of(cls, error: Any) -> "Reason":
        """The reason in the member ``error`` of a response, or of one write in a bulk response."""
        if not isinstance(error, Mapping):
            return cls(frozenset(), (str(error),) if error else ())
        links = list(_links(error))
        reasons = [reason for one in links if isinstance(reason := one.get("reason"), str) and reason]
        texts = tuple(dict.fromkeys(_URL.sub("", reason) for reason in reasons))
        named = [str(one["index"]) for one in links if one.get("index")]
        named += [found for text in texts for found in _BLOCKED_INDEX.findall(text)]
        return cls(frozenset(str(one["type"]) for one in links if one.get("type")), texts, next(iter(named), ""))

    def __str__(self) -> str:
        """Elasticsearch's own words, the most specific first."""
        telling = [text for text in self.texts if text not in _SAYS_NOTHING] or list(self.texts)
        return " (".join(telling[:2]) + ")" * (len(telling[:2]) - 1)

    def says(self, words: str) -> bool:
        return any(words in text for text in self.texts)

    def found(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return next(filter(None, map(pattern.search, self.texts)), None)


_SAYS_NOTHING: Final = ("all shards failed", "closed")


def _links(error: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """An error and its causes, and those of the shards that failed."""
    for cause in (*_errors(error.get("root_cause")), *_errors(error.get("failed_shards"))):
        yield from _links(cause)
    if error.get("type"):
        yield error
    for name in ("reason", "caused_by"):
        if isinstance(inner := error.get(name), Mapping):
            yield from _links(inner)


def _errors(several: Any) -> list[Mapping[str, Any]]:
    return [one for one in several if isinstance(one, Mapping)] if isinstance(several, list) else []


def clauses_taken(reason: Reason) -> int | None:
    """The limit of clauses named in a rejection; the lowest one, if nodes differ; None if it has another reason."""
    return min((int(most) for text in reason.texts for most in _CLAUSES.findall(text)), default=None)


class TooManyClauses(WrongRequest):
    """A query has more clauses than ``most``, the limit of a node."""

    def __init__(self, sentence: str, most: int) -> None:
        super().__init__(sentence)
        self.most = most


def concerns_every_write(reason: Reason) -> bool:
    """Whether a write was rejected for the state of its index or cluster, and not for its content."""
    return bool(reason.types & _OF_ALL) or _is_of_disk(reason) or reason.says("pipeline with id")


_OF_ALL: Final = {
    "cluster_block_exception",
    "index_closed_exception",
    "security_exception",
    "index_not_found_exception",
}


def known(reason: Reason, address: str, alias: str) -> IndexerError | None:
    """The error for a kind of rejection that has its own message."""
    return next((error for kind in _KINDS if (error := kind(reason, address, alias))), None)


def _of_disk(reason: Reason, _address: str, _alias: str) -> IndexerError | None:
    return LoadFailed(DISK_IS_FULL) if _is_of_disk(reason) else None


def _is_of_disk(reason: Reason) -> bool:
    """The block that Elasticsearch sets at its flood stage, and lifts when there is space; or no space at all."""
    return reason.says("flood-stage") or reason.says("No space left on device")


def _of_closed(reason: Reason, address: str, _alias: str) -> IndexerError | None:
    if "index_closed_exception" in reason.types or reason.says("/4/index closed"):
        return IndexUnavailable(_CLOSED.format(reason.index, address, reason.index))
    return None


def _of_block(reason: Reason, address: str, _alias: str) -> IndexerError | None:
    if "cluster_block_exception" not in reason.types:
        return None
    found = reason.found(_BLOCK)
    number = found[1] if found else ""
    if number in _NOT_READY:
        return IndexUnavailable(f"Elasticsearch at {address} {_NOT_READY[number]}; try again in a moment")
    if number not in _BLOCKS:
        return IndexUnavailable(f"Elasticsearch at {address} blocks this: {reason}")
    what, setting = _BLOCKS[number]
    where, how = f"/{reason.index}/_settings", f'{{"{setting}": null}}'
    if setting.startswith("cluster."):
        where, how = "/_cluster/settings", f'{{"persistent": {how}}}'
    return IndexUnavailable(
        f"{what.format(index=reason.index)} ({setting}) at {address}, so Elasticsearch rejects this; "
        f"lift the block with PUT {where} {how}, then try again"
    )


def _of_shards(reason: Reason, address: str, _alias: str) -> IndexerError | None:
    if not (found := reason.found(_SHARDS)):
        return None
    return LoadFailed(
        f"the cluster at {address} accepts no new index: it has {counted(int(found[1]), 'open shard')} and a limit of "
        f"{found[2]}; delete unused indices, add a node, or raise cluster.max_shards_per_node, then load "
        "again"
    )


def _of_version(reason: Reason, address: str, _alias: str) -> IndexerError | None:
    is_of_header = reason.says("Content-Type") and reason.says("compatible-with=")
    if "media_type_header_exception" not in reason.types and not is_of_header:
        return None
    found = reason.found(_ITS_VERSION)
    which = f", and this is version {found[1]}" if found else f" ({reason})"
    return IndexUnavailable(
        f"the server at {address} is not an Elasticsearch that this client supports; version 9 is required{which}; "
        "upgrade that server, or name another one in INDEX_URL"
    )


def _of_rights(reason: Reason, address: str, alias: str) -> IndexerError | None:
    if "security_exception" not in reason.types:
        return None
    if reason.says("license"):
        return IndexUnavailable(f"the licence of the cluster at {address} does not allow this: {reason}")
    if reason.says("unauthorized"):
        return IndexUnavailable(not_allowed(address, alias, str(reason)))
    return None


def not_allowed(address: str, alias: str, why: str = "") -> str:
    """The message on missing privileges, with those that Hearsay needs."""
    return (
        f"{address} does not allow this to this user or key; searching requires the privileges read and "
        f"view_index_metadata on {alias} and {alias}-*, loading also write and manage{why and f' ({why})'}"
    )


def _of_clauses(reason: Reason, address: str, _alias: str) -> IndexerError | None:
    if (most := clauses_taken(reason)) is None:
        return None
    return TooManyClauses(
        f"this search has more words and expansions than the limit of Elasticsearch at {address}, {most:,} clauses; "
        "search again, and fewer expansions are used, or search for fewer words",
        most,
    )


def _of_pipeline(reason: Reason, address: str, _alias: str) -> IndexerError | None:
    if not reason.says("pipeline with id"):
        return None
    return LoadFailed(
        f"an index template of the cluster at {address} sends what is loaded through an ingest pipeline: {reason}; "
        f"leave Hearsay's indices out of that template, then load again"
    )


_BY_TYPE: Final[Mapping[str, tuple[type[IndexerError], str]]] = {
    "circuit_breaking_exception": (
        IndexUnavailable,
        "a node at {address} is too busy: it lacks memory for this; try again, or give it more memory ({reason})",
    ),
    "es_rejected_execution_exception": (
        IndexUnavailable,
        "Elasticsearch at {address} is too busy and accepts no more requests; try again in a moment ({reason})",
    ),
    "invalid_index_name_exception": (
        WrongRequest,
        "INDEX_NAME is {alias}, which Elasticsearch does not allow as a name: {reason}",
    ),
    "master_not_discovered_exception": (
        IndexUnavailable,
        f"Elasticsearch at {{address}} {_NOT_READY['2']}; try again in a moment",
    ),
    "snapshot_in_progress_exception": (
        IndexInUse,
        "a snapshot of the index at {address} is being taken; try again when it has finished ({reason})",
    ),
}


def _of_type(reason: Reason, address: str, alias: str) -> IndexerError | None:
    for name, (error, sentence) in _BY_TYPE.items():
        if name in reason.types:
            return error(sentence.format(address=address, alias=alias, reason=reason))
    return None


_KINDS: Final[tuple[Callable[[Reason, str, str], IndexerError | None], ...]] = (
    _of_disk,
    _of_closed,
    _of_block,
    _of_shards,
    _of_version,
    _of_rights,
    _of_clauses,
    _of_pipeline,
    _of_type,
)


class WritesRefused(IndexUnavailable):
    """Elasticsearch rejects all writes; ``holds`` is the state of the index in that case."""

    def __init__(self, reason: Reason, holds: str) -> None:
        super().__init__(f"Elasticsearch accepts no documents at the moment ({reason}); try again later; {holds}")
        self.reason = reason
        self.holds = holds
