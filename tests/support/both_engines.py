"""Both engines with the same passages, and the comparison of their answers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from hearsay.records.clip import ClipRow
from indexer.elastic.writer import ElasticWriter
from indexer.embedded.writer import EmbeddedWriter
from indexer.index import Request, SearchWriter
from indexer.matching.search import Finder
from indexer.passages import Passage, passages_of
from tests.support.elastic_nodes import Node, client_of, remove, settings

TOLERANCE: Final = 1e-4
"""The relative difference allowed between scores: both engines compute with 32-bit numbers, in different orders."""

LEAST: Final = 1e-6
"""The absolute difference that is always allowed. The inverse document frequency of a word in nearly all passages is
about this small, and one engine computes it from a 32-bit number."""


class Both(NamedTuple):
    embedded: SearchWriter
    elastic: SearchWriter


@contextmanager
def sharded(passages: Sequence[Passage], node: Node, shards: int) -> Iterator[ElasticWriter]:
    """The passages in Elasticsearch, loaded in reverse order."""
    own = settings(index_shards=shards)
    index = ElasticWriter(node.url, own)
    try:
        assert index.replace(reversed(passages)) == len({passage.id for passage in passages})
        yield index
    finally:
        index.close()
        with client_of(node.url) as client:
            remove(client, own)


@contextmanager
def loaded(rows: Sequence[ClipRow], folder: Path, node: Node, shards: int) -> Iterator[Both]:
    """The rows in both engines, loaded into one of them in reverse order."""
    passages = [passage for row in rows for passage in passages_of(row)]
    embedded = EmbeddedWriter(folder)
    embedded.replace(passages)
    with sharded(passages, node, shards) as elastic:
        yield Both(embedded, elastic)
    embedded.close()


def assert_same_possible(finders: Sequence[Finder], typed: str, mode: str, request: Request) -> int:
    """All finders have the same possible matches, with the same probabilities, in the same order; their number.

    ``request`` has the filters.
    """
    one, *others = (
        finder.possible_matches(finder.planner.plan(typed, mode), request, finder.planner.index.count())
        for finder in finders
    )
    for other in others:
        assert [found.passage for found in one] == [found.passage for found in other], typed
        assert [found.probability for found in one] == [found.probability for found in other], typed
        assert [found.evidence for found in one] == [found.evidence for found in other], typed
    return len(one)


def assert_same(indices: Sequence[SearchWriter], request: Request) -> None:
    """All indices give the same total, hits in the same order, similar scores, and the same counts and seconds."""
    one, *others = (index.search(request) for index in indices)
    for other in others:
        assert one.total == other.total
        assert [hit.passage for hit in one.hits] == [hit.passage for hit in other.hits]
        scores = [hit.score for hit in other.hits]
        assert [hit.score for hit in one.hits] == pytest.approx(scores, rel=TOLERANCE, abs=LEAST)
        assert one.facets == other.facets
        assert (one.seconds or 0.0) == pytest.approx(other.seconds or 0.0)
