"""Search results as JSON values, for the command line and for the Python API."""

from dataclasses import asdict
from typing import Any

from indexer.index import PassageHit, SearchHits
from indexer.query.planner import Plan
from indexer.schema import facet_order


def json_of(result: SearchHits, plan: Plan) -> dict[str, Any]:
    """A result as JSON values, as `docs/search.md` documents it; facet values in the order in which people see them."""
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
    """A hit as JSON values: the passage as the index stores it, its score, and the evidence for each query word."""
    source = hit.passage.source()
    return {
        "id": source.pop("id"),
        "score": round(hit.score, 4),
        "certain": plan.is_certain(hit),
        # how and heard_as are the former names of match and matched, which programs rely on
        "evidence": [
            {**asdict(evidence), "how": evidence.how, "heard_as": evidence.heard_as}
            for evidence in plan.evidence(hit.passage)
        ],
        "generated_text": hit.passage.row.generated_text,
        **source,
    }
