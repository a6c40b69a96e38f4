"""A walk goes on over however many steps it takes, in every order and in both engines."""

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


def assert_walks_as_it_answers(index: SearchWriter, query: Query, sort: Sort | None) -> None:
    hits = index.search(Request(query, sort=sort, size=100)).hits
    assert len(hits) > 6
    assert list(index.walk(Request(query, sort=sort))) == [hit.passage for hit in hits]


@pytest.mark.parametrize("query", QUERIES, ids=["all", "some"])
@pytest.mark.parametrize("sort", [None, *ORDERS.values()], ids=str)
def test_an_embedded_index_is_walked_in_the_order_of_its_answers(
    embedded: SearchWriter, query: Query, sort: Sort | None
) -> None:
    assert_walks_as_it_answers(embedded, query, sort)


@pytest.mark.parametrize("query", QUERIES, ids=["all", "some"])
def test_an_embedded_index_is_walked_in_order_after_changes_too(embedded: SearchWriter, query: Query) -> None:
    embedded.put(passages()[5:9])
    assert_walks_as_it_answers(embedded, query, None)


@pytest.mark.elastic
def test_elasticsearch_is_walked_in_the_order_of_its_answers(elastic_index: ElasticWriter) -> None:
    elastic_index.replace(passages())
    for query in QUERIES:
        for sort in (None, *ORDERS.values()):
            assert_walks_as_it_answers(elastic_index, query, sort)


@pytest.mark.elastic
def test_a_walk_that_is_broken_off_holds_nothing_in_elasticsearch(
    elastic_index: ElasticWriter, client: Elasticsearch
) -> None:
    def held() -> int:
        """Of this index alone: what others left open is closed whenever its time is over."""
        told = client.indices.stats(index=elastic_index.about().version, metric="search")["_all"]["total"]
        return int(told["search"]["open_contexts"])

    elastic_index.replace(passages())
    before = held()
    walk = elastic_index.walk(Request())
    next(walk)
    assert held() == before + 1
    walk.close()
    assert held() == before


@pytest.mark.elastic
def test_a_walk_through_a_version_that_is_removed_meanwhile_says_so(
    elastic_index: ElasticWriter, client: Elasticsearch
) -> None:
    elastic_index.replace(passages())
    walk = elastic_index.walk(Request())
    next(walk)
    client.indices.delete(index=elastic_index.about().version)
    with pytest.raises(IndexUnavailable, match="the version of the index that was being read no longer exists"):
        list(walk)
