"""A walk continues over any number of steps, in every order and in both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from indexer.elastic import search as elastic_search
from indexer.elastic.writer import ElasticWriter
from indexer.embedded import search as embedded_search
from indexer.embedded.writer import EmbeddedWriter
from indexer.errors import IndexUnavailable
from indexer.index import Request, SearchWriter, Sort
from indexer.query.filters import ORDERS
from indexer.query_tree import EVERYTHING, AnyOf, Query
from tests.support.contract import transcribed
from tests.support.rows import passages

QUERIES = (EVERYTHING, AnyOf((transcribed("the"), transcribed("a"), transcribed("boy"))))


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_search, "_STEP", 3)
    monkeypatch.setattr(embedded_search, "_STEP", 3)


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[SearchWriter]:
    index = EmbeddedWriter(tmp_path)
    index.replace(passages())
    yield index
    index.close()


def assert_walk_matches_search(index: SearchWriter, query: Query, sort: Sort | None) -> None:
    hits = index.search(Request(query, sort=sort, size=100)).hits
    assert len(hits) > 6
    assert list(index.walk(Request(query, sort=sort))) == [hit.passage for hit in hits]


@pytest.mark.parametrize("query", QUERIES, ids=["all", "some"])
@pytest.mark.parametrize("sort", [None, *ORDERS.values()], ids=str)
def test_a_walk_of_an_embedded_index_has_the_order_of_a_search(
    embedded: SearchWriter, query: Query, sort: Sort | None
) -> None:
    assert_walk_matches_search(embedded, query, sort)


@pytest.mark.parametrize("query", QUERIES, ids=["all", "some"])
def test_a_walk_of_an_embedded_index_after_changes_has_the_order_of_a_search(
    embedded: SearchWriter, query: Query
) -> None:
    embedded.put(passages()[5:9])
    assert_walk_matches_search(embedded, query, None)


@pytest.mark.elastic
def test_a_walk_of_elasticsearch_has_the_order_of_a_search(elastic_index: ElasticWriter) -> None:
    elastic_index.replace(passages())
    for query in QUERIES:
        for sort in (None, *ORDERS.values()):
            assert_walk_matches_search(elastic_index, query, sort)


@pytest.mark.elastic
def test_a_walk_that_is_stopped_early_leaves_no_open_context_in_elasticsearch(
    elastic_index: ElasticWriter, client: Elasticsearch
) -> None:
    def held() -> int:
        """Open contexts of this index only: those that other tests left open expire at any time."""
        stats = client.indices.stats(index=elastic_index.about().version, metric="search")["_all"]["total"]
        return int(stats["search"]["open_contexts"])

    elastic_index.replace(passages())
    before = held()
    walk = elastic_index.walk(Request())
    next(walk)
    assert held() == before + 1
    walk.close()
    assert held() == before


@pytest.mark.elastic
def test_a_walk_reports_that_its_version_was_removed(elastic_index: ElasticWriter, client: Elasticsearch) -> None:
    elastic_index.replace(passages())
    walk = elastic_index.walk(Request())
    next(walk)
    client.indices.delete(index=elastic_index.about().version)
    with pytest.raises(IndexUnavailable, match="the version of the index that was being read no longer exists"):
        list(walk)
