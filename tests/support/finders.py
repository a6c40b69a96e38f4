"""A finder over an index of a few clips."""

from collections.abc import Iterable
from pathlib import Path

from hearsay.records.clip import ClipRow
from indexer.embedded.writer import EmbeddedWriter
from indexer.index import Request
from indexer.matching.search import Finder, Found
from indexer.passages import passages_of
from indexer.phonetics.tables import Tables
from indexer.query.planner import Planner


def finder_over(rows: Iterable[ClipRow], folder: Path, tables: Tables | None = None) -> Finder:
    index = EmbeddedWriter(folder)
    index.replace(passage for row in rows for passage in passages_of(row))
    return Finder(Planner(index, tables))


def find(finder: Finder, typed: str, mode: str = "forgiving", least: float | None = 0.0, size: int = 10) -> Found:
    """What a search finds, with all possible matches."""
    plan = finder.planner.plan(typed, mode)
    return finder.find(plan, Request(plan.query, size=size), least)


def possible(finder: Finder, typed: str, mode: str = "forgiving") -> dict[str, float]:
    """The probability of each possible match, by its id, in the order in which they are listed."""
    return {one.passage.id: one.probability for one in find(finder, typed, mode, size=1000).possible}


def matches(finder: Finder, typed: str, mode: str = "forgiving") -> list[str]:
    return [hit.passage.id for hit in find(finder, typed, mode, size=1000).matches.hits]
