"""Search results as JSON values, for the command line and for the Python API."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from indexer.index import PassageHit
from indexer.matching.probability import PossibleMatch
from indexer.matching.search import Found
from indexer.passages import Passage
from indexer.query.explanation import Evidence, explanation_of
from indexer.query.planner import Plan
from indexer.schema import facet_order


def json_of(found: Found, plan: Plan) -> dict[str, Any]:
    """A result as JSON values, as `docs/search.md` documents it; facet values in the order in which people see them."""
    matches = found.matches
    facets = {
        facet: {value: counts[value] for value in facet_order(facet, counts)}
        for facet, counts in matches.facets.items()
    }
    return {
        "meaning": plan.sentence,
        "notes": [*plan.notes, *found.notes],
        "total": matches.total,
        "seconds": matches.seconds,
        "hits": [members_of(hit, plan) for hit in matches.hits],
        "possible_total": found.possible_total,
        "possible": [members_of_possible(one) for one in found.possible],
        "facets": facets,
    }


def members_of(hit: PassageHit, plan: Plan) -> dict[str, Any]:
    """A hit as JSON values: the passage as the index stores it, its score, and the evidence for each query word.

    ``certain`` says whether it contains each word as typed, and ``missing`` has the words that its transcript lacks, as
    word and as stem, with or without evidence for them.
    """
    evidence = plan.evidence(hit.passage)
    return _members(hit.passage, {"score": round(hit.score, 4)}, evidence)


def members_of_possible(one: PossibleMatch) -> dict[str, Any]:
    """A possible match as JSON values: as a hit, with its probability instead of a score, and an explanation."""
    first = {"probability": round(one.probability, 4), "explanation": explanation_of(one.evidence)}
    return _members(one.passage, first, one.evidence)


def _members(passage: Passage, first: dict[str, Any], evidence: Sequence[Evidence]) -> dict[str, Any]:
    source = passage.source()
    return {
        "id": source.pop("id"),
        **first,
        "certain": all(one.match == "word" for one in evidence),
        "missing": [one.word for one in evidence if one.match not in ("word", "other form")],
        # how and heard_as are the former names of match and matched, which programs rely on
        "evidence": [{**asdict(one), "how": one.how, "heard_as": one.heard_as} for one in evidence],
        "generated_text": passage.row.generated_text,
        **source,
    }
