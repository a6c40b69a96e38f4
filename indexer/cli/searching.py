"""``indexer search``: one search as a table or JSON, or many from a file as lines of JSON."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hearsay.terminal.console import console_of
from indexer.cli.commands import note
from indexer.cli.terminal import print_result
from indexer.cli.verifying import refuse_other_options, verify
from indexer.errors import WrongRequest
from indexer.index import Range, Request, SearchReader
from indexer.matching.result_json import json_of
from indexer.matching.search import Found, finder_of
from indexer.query.filters import bounds_of, selected_filters, sorted_by
from indexer.query.planner import Plan
from indexer.query.similar import planned
from indexer.schema import FACETS, RANGES, facet_name
from indexer.settings import IndexSettings


def search(index: SearchReader, arguments: Namespace, settings: IndexSettings) -> int:
    """Run one search, or one for each line of ``--queries``."""
    if sum(map(bool, (arguments.queries, arguments.words, arguments.like, arguments.same))) > 1:
        raise WrongRequest("use only one of WORDS, --like ID, --same ID and --queries FILE")
    if arguments.verify:
        refuse_other_options(arguments)
    filters, ranges = filters_of(index, arguments), ranges_of(arguments)
    sort = sorted_by(arguments.sort) if arguments.sort is not None else None
    finder = finder_of(index, settings)

    def request_for(plan: Plan, facets: tuple[str, ...] = ()) -> Request:
        return Request(plan.query, filters, ranges, facets, arguments.size, arguments.page, sort, seconds=bool(facets))

    if arguments.queries:
        for query_id, words in list(_queries(arguments.queries)):  # reports a malformed line before any result
            plan = finder.planner.plan(words, arguments.mode)
            print(json.dumps({"id": query_id, **_ids(finder.find(plan, request_for(plan), arguments.possible))}))
        return 0
    words = " ".join(arguments.words)
    plan = planned(index, finder.planner, words, arguments.mode, like=arguments.like, same=arguments.same)
    request = request_for(plan, FACETS)
    found = finder.find(plan, request, arguments.possible)
    for text in (*plan.notes, *found.notes):
        note(text)
    if arguments.json:
        print(json.dumps(json_of(found, plan), ensure_ascii=False))
    else:
        print_result(console_of(sys.stdout), found, request, plan)
    if arguments.verify:
        possible = finder.possible_matches(plan, request, found.matches.total)
        verify(console_of(sys.stdout), index, plan, possible, arguments)
    return 0


def _ids(found: Found) -> dict[str, Any]:
    return {
        "total": found.matches.total,
        "hits": [hit.passage.id for hit in found.matches.hits],
        "possible_total": found.possible_total,
        "possible": [one.passage.id for one in found.possible],
    }


def ranges_of(arguments: Namespace) -> dict[str, Range]:
    """The ranges that were typed."""
    return {name: bounds_of(name, text) for name in RANGES if (text := getattr(arguments, name)) is not None}


def filters_of(index: SearchReader, arguments: Namespace) -> dict[str, frozenset[str]]:
    """The filters that were typed, with a note on each value that the index does not have."""
    typed = {facet: texts for facet in FACETS if (texts := getattr(arguments, facet_name(facet)))}
    filters, notes = selected_filters(index, typed)
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
            raise WrongRequest(f'{file}, line {number}: must be {{"id": …, "query": "words"}}') from problem
        if not isinstance(words, str):
            raise WrongRequest(f"{file}, line {number}: the query must be a string, not {words!r}")
        yield query_id, words
