"""A result as values that JSON has, for other programs and for Python."""

from dataclasses import asdict
from typing import Any

from indexer.index import PassageHit, Result
from indexer.query.planner import Plan
from indexer.schema import facet_order


def json_of(result: Result, plan: Plan) -> dict[str, Any]:
    """A result as other programs read it; facets' values in the order in which people see them."""
    facets = {
        facet: {value: counts[value] for value in facet_order(facet, counts)} for facet, counts in result.facets.items()
    }
    return {
        "meaning": plan.sentence,
        "notes": list(plan.notes),
        "total": result.total,
        "seconds": result.seconds,
        "hits": [members_of(hit, plan) for hit in result.hits],
        "facets": facets,
    }


def members_of(hit: PassageHit, plan: Plan) -> dict[str, Any]:
    """A hit likewise: the passage as the index has it, its score, and what explains it."""
    source = hit.passage.source()
    return {
        "id": source.pop("id"),
        "score": round(hit.score, 4),
        "certain": plan.is_certain(hit),
        "evidence": list(map(asdict, plan.evidence(hit.passage))),
        "generated_text": hit.passage.row.generated_text,
        **source,
    }
