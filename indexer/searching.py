"""``indexer search``: one search as a table or JSON, or a file of them as lines of JSON."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hearsay.console import console_of
from indexer.choices import bounds_of, chosen, sorted_by
from indexer.commands import note, plan_of
from indexer.errors import WrongRequest
from indexer.fields import FACETS, RANGES, facet_name, facet_order
from indexer.finding import Finder, Plan, finder_of
from indexer.index import Hit, Request, Result, SearchIndex
from indexer.likeness import plan_like, plan_same
from indexer.settings import IndexSettings
from indexer.terminal import print_result


def search(index: SearchIndex, asked: Namespace, settings: IndexSettings) -> int:
    """Search once, or once for each line of ``--queries``."""
    if sum(map(bool, (asked.queries, asked.words, asked.like, asked.same))) > 1:
        raise WrongRequest("search takes one of words, --like ID, --same ID and --queries FILE")
    filters = _filters(index, asked)
    ranges = {name: bounds_of(name, text) for name in RANGES if (text := getattr(asked, name)) is not None}
    sort = sorted_by(asked.sort) if asked.sort is not None else None
    finder = finder_of(index, settings)

    def request_for(plan: Plan, facets: tuple[str, ...] = ()) -> Request:
        return Request(plan.query, filters, ranges, facets, asked.size, asked.page, sort, seconds=bool(facets))

    if asked.queries:
        for query_id, words in list(_queries(asked.queries)):  # a line that is wrong is told before any answer
            result = index.search(request_for(finder.plan(words, asked.mode)))
            print(json.dumps({"id": query_id, "total": result.total, "hits": [hit.passage.id for hit in result.hits]}))
        return 0
    plan = _plan(index, finder, asked)
    request = request_for(plan, FACETS)
    result = index.search(request)
    if asked.json:
        print(json.dumps(json_of(result, plan), ensure_ascii=False))
    else:
        print_result(console_of(sys.stdout), result, request, plan)
    return 0


def _plan(index: SearchIndex, finder: Finder, asked: Namespace) -> Plan:
    """How to search for what was asked for: a clip, or words."""
    if asked.like:
        return plan_like(index, asked.like)
    if asked.same:
        return plan_same(index, asked.same)
    return plan_of(finder, " ".join(asked.words), asked.mode)


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
        "hits": [_members(hit, plan) for hit in result.hits],
        "facets": facets,
    }


def _members(hit: Hit, plan: Plan) -> dict[str, Any]:
    source = hit.passage.source()
    return {
        "id": source.pop("id"),
        "score": round(hit.score, 4),
        "certain": plan.is_certain(hit),
        "evidence": list(map(asdict, plan.evidence(hit.passage))),
        "generated_text": hit.passage.row.generated_text,
        **source,
    }


def _filters(index: SearchIndex, asked: Namespace) -> dict[str, frozenset[str]]:
    """The filters that were typed; the index is asked for its values only where there are some."""
    typed = {facet: texts for facet in FACETS if (texts := getattr(asked, facet_name(facet)))}
    if not typed:
        return {}
    counts = index.search(Request(facets=tuple(typed), size=1)).facets
    filters = {}
    for facet, texts in typed.items():
        filters[facet], notes = chosen(facet, texts, counts[facet])
        for text in notes:
            note(text)
    return filters


def _queries(file: Path) -> Iterator[tuple[Any, str]]:
    try:
        lines = file.read_bytes().splitlines()
    except OSError as problem:
        raise WrongRequest(f"{file} cannot be read: {problem.strerror}") from problem
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            members = json.loads(line)
            query_id, words = members["id"], members["query"]
        except (ValueError, TypeError, KeyError) as problem:
            raise WrongRequest(f'{file}, line {number}: wants {{"id": …, "query": "words"}}') from problem
        if not isinstance(words, str):
            raise WrongRequest(f"{file}, line {number}: the query is text, not {words!r}")
        yield query_id, words
