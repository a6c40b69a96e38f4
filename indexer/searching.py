"""``indexer search``: one search as a table or JSON, or a file of them as lines of JSON."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from indexer.choices import chosen, seconds_between
from indexer.commands import note, query_of
from indexer.errors import WrongRequest
from indexer.fields import FACETS, facet_order
from indexer.index import Hit, Request, Result, SearchIndex
from indexer.settings import IndexSettings
from indexer.terminal import console_of, print_result


def search(index: SearchIndex, asked: Namespace, _settings: IndexSettings) -> int:
    """Search once, or once for each line of ``--queries``."""
    if asked.queries and asked.words:
        raise WrongRequest("search takes words, or --queries FILE, not both")
    filters = _filters(index, asked)
    ranges = {"duration": seconds_between(asked.duration)} if asked.duration is not None else {}

    def request_for(words: str, facets: tuple[str, ...] = ()) -> Request:
        return Request(query_of(words, asked.mode), filters, ranges, facets, asked.size, asked.page)

    if asked.queries:
        for query_id, words in list(_queries(asked.queries)):  # a line that is wrong is told before any answer
            result = index.search(request_for(words))
            print(json.dumps({"id": query_id, "total": result.total, "hits": [hit.passage.id for hit in result.hits]}))
        return 0
    words = " ".join(asked.words)
    request = request_for(words, FACETS)
    result = index.search(request)
    if asked.json:
        print(json.dumps(json_of(result), ensure_ascii=False))
    else:
        print_result(console_of(sys.stdout), result, request, words, asked.mode)
    return 0


def json_of(result: Result) -> dict[str, Any]:
    """A result as other programs read it; facets' values in the order in which people see them."""
    facets = {
        facet: {value: counts[value] for value in facet_order(facet, counts)} for facet, counts in result.facets.items()
    }
    return {"total": result.total, "hits": [_members(hit) for hit in result.hits], "facets": facets}


def _members(hit: Hit) -> dict[str, Any]:
    source = hit.passage.source()
    return {
        "id": source.pop("id"),
        "score": round(hit.score, 4),
        "generated_text": hit.passage.row.generated_text,
        **source,
    }


def _filters(index: SearchIndex, asked: Namespace) -> dict[str, frozenset[str]]:
    """The filters that were typed; the index is asked for its values only where there are some."""
    typed = {facet: texts for facet in FACETS if (texts := getattr(asked, facet))}
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
