"""Bulk writing into Elasticsearch, in which nothing that was refused goes unsaid."""

from collections.abc import Iterable
from typing import Any, Final

from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from indexer.errors import LoadFailed

_SHOWN: Final = 3
"""Refused documents that an error names."""


def write(client: Elasticsearch, actions: Iterable[dict[str, Any]]) -> int:
    """Carry out bulk actions, trying again what a busy cluster sends back; returns how many documents came to be.

    Raises `LoadFailed` with the first documents that were refused, and why, when all have been tried.
    """
    created = refused = 0
    reasons: list[str] = []
    patient = client.options(max_retries=5, request_timeout=60)
    for is_done, item in streaming_bulk(patient, actions, max_retries=10, raise_on_error=False):
        ((operation, answer),) = item.items()
        created += answer.get("result") == "created"
        if is_done or (operation == "delete" and answer.get("status") == 404):
            continue
        refused += 1
        if len(reasons) < _SHOWN:
            reasons.append(f"{answer.get('_id')}: {_reason(answer.get('error'))}")
    if refused:
        number = "1 passage was" if refused == 1 else f"{refused} passages were"
        raise LoadFailed(f"{number} refused, the index before still stands: {'; '.join(reasons)}")
    return created


def _reason(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    cause = error.get("caused_by", {}).get("reason")
    return f"{error.get('reason')} ({cause})" if cause else str(error.get("reason"))
