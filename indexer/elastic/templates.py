"""Index templates of a cluster, which affect every index whose name they match, including Hearsay's."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any, Final

from elasticsearch import ApiError, BadRequestError, Elasticsearch

from indexer.elastic.reasons import Reason, known
from indexer.errors import LoadFailed

_HARMFUL: Final = (
    "index.blocks.",
    "index.default_pipeline",
    "index.final_pipeline",
    "index.hidden",
    "index.lifecycle.name",
    "index.max_result_window",
    "index.mode",
    "index.routing.allocation.exclude.",
    "index.routing.allocation.include.",
    "index.routing.allocation.require.",
    "index.similarity.",
)
"""Prefixes of settings that affect what is stored, found or served; others, such as a codec, may come from
templates."""

_BY_ITSELF: Final = "index.routing.allocation.include._tier_preference"
"""A setting that Elasticsearch adds to every index."""

_HARMLESS_MAPPING: Final = {"_meta", "date_detection", "dynamic_templates", "numeric_detection", "properties"}


def check_creation(client: Elasticsearch, index: str, mapping: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Raise `LoadFailed` if a template gave a new index something harmful: an alias, a pipeline, a block."""
    there = client.indices.get(index=index, flat_settings=True).body[index]
    if not (added := list(_added(there, mapping, settings))):
        return
    client.indices.delete(index=index)  # at once: an alias in the template may already serve it
    raise LoadFailed(
        f"{_template_of(client, index)} gives the new index {index} properties that Hearsay's indices must not have: "
        f"{', '.join(added)}; {_leave_out(index)}"
    )


def refused_creation(client: Elasticsearch, index: str, problem: BadRequestError) -> Exception:
    """The error for an index that was not created: the request is valid, so a template is the cause.

    If the response has another, known reason, it is returned itself.
    """
    reason = Reason.of(problem.body.get("error") if isinstance(problem.body, dict) else None)
    if not reason.types or known(reason, "", ""):
        return problem
    return LoadFailed(f"{_template_of(client, index)} prevents the creation of {index}: {reason}; {_leave_out(index)}")


def _added(there: Mapping[str, Any], mapping: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"the alias {alias}" for alias in there["aliases"])
    for name, value in there["settings"].items():
        if name.startswith(_HARMFUL) and name != _BY_ITSELF and name.removeprefix("index.") not in settings:
            yield f"the setting {name} ({value})"
    for name, value in there["mappings"].items():
        if name not in _HARMLESS_MAPPING and value != mapping.get(name):
            yield f"{name} in its mapping ({json.dumps(value)})"


def _template_of(client: Elasticsearch, index: str) -> str:
    """The template that is the cause; without its name if this user may not read templates."""
    found: list[tuple[int, str]] = []
    with suppress(ApiError):
        templates = client.indices.get_index_template()["index_templates"]
        matching = [one for one in templates if _matches(one["index_template"], index)]
        found = sorted((one["index_template"].get("priority", 0), one["name"]) for one in matching)
    return f"the index template {found[-1][1]} of the cluster" if found else "an index template of the cluster"


def _matches(template: Mapping[str, Any], index: str) -> bool:
    patterns = template["index_patterns"]
    return any(fnmatchcase(index, pattern) for pattern in ([patterns] if isinstance(patterns, str) else patterns))


def _leave_out(index: str) -> str:
    return (
        f"change its pattern so that it leaves {index.rpartition('-')[0]}-* out (GET /_index_template), then try again"
    )
