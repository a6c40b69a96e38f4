"""Both engines give the same answers after a fresh load: the same ids in the same order, totals, counts and pages."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from elasticsearch import Elasticsearch

from clips.row import ClipRow
from indexer.elastic import ElasticIndex
from indexer.embedded import EmbeddedIndex
from indexer.fields import FACETS, UNKNOWN
from indexer.index import Range, Request, SearchIndex
from indexer.modes import READY_MODES, build_query
from indexer.passages import passages_of
from indexer.query import AllOf, AnyOf, BestOf, Term
from tests.indexer.conftest import Node
from tests.indexer.made_rows import ALL
from tests.indexer.test_elastic import remove, settings

pytestmark = pytest.mark.elastic

SEARCHES = 400


class Both(NamedTuple):
    embedded: SearchIndex
    elastic: SearchIndex


def loaded(rows: list[ClipRow], folder: Path, node: Node, shards: int) -> Iterator[Both]:
    """The rows in both engines, handed to one of them back to front."""
    own = settings(index_shards=shards)
    both = Both(EmbeddedIndex(folder), ElasticIndex(node.url, own))
    passages = [passage for row in rows for passage in passages_of(row)]
    assert both.embedded.replace(passages) == both.elastic.replace(reversed(passages))
    yield both
    for index in both:
        index.close()
    with Elasticsearch(node.url) as client:
        remove(client, own)


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def real(
    request: pytest.FixtureRequest, real_rows: list[ClipRow], node: Node, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    yield from loaded(real_rows, tmp_path_factory.mktemp("real"), node, request.param)


@pytest.fixture(scope="module")
def made(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Made rows, and many more with the same few words, among which nothing but ids tells many apart."""
    chance = random.Random(7)
    many = [
        ClipRow(
            f"many/{number:04}.mp3",
            generated_text=" ".join(chance.choices(["the", "a", "boy", "ran", "far"], k=chance.randint(0, 6))),
            age=chance.choice(["", "twenties", "fourties", UNKNOWN]),
            duration=chance.choice([None, 0.0, 1.5, 4.0]),
        )
        for number in range(300)
    ]
    yield from loaded([*ALL, *many], tmp_path_factory.mktemp("made"), node, 1)


def assert_same(both: Both, request: Request) -> None:
    one, other = (index.search(request) for index in both)
    assert one.total == other.total
    assert [hit.passage for hit in one.hits] == [hit.passage for hit in other.hits]
    assert [hit.score for hit in one.hits] == pytest.approx([hit.score for hit in other.hits], rel=1e-4)
    assert one.facets == other.facets


def drawn(chance: random.Random, vocabulary: dict[str, int], facets: dict[str, list[str]]) -> Request:
    """A search as people make them: frequent words and rare ones, some filters, any page."""
    weights = list(vocabulary.values()) if chance.random() < 0.5 else None
    words = " ".join(chance.choices(list(vocabulary), weights, k=chance.randint(0, 5)))
    filters = {
        facet: frozenset(chance.choices(values, k=chance.randint(1, 3)))
        for facet, values in facets.items()
        if chance.random() < 0.25
    }
    ranges = {"duration": Range(chance.choice([None, 1.5, 3.0]), chance.choice([None, 4.0, 6.5]))}
    return Request(
        build_query(words, chance.choice(READY_MODES)),
        filters,
        ranges if chance.random() < 0.3 else {},
        FACETS,
        chance.choice([1, 10, 50]),
        chance.randint(1, 4),
    )


def assert_same_for_many(both: Both, searches: int) -> None:
    chance = random.Random(1)
    vocabulary = dict(sorted(both.embedded.vocabulary().items()))
    counts = both.embedded.search(Request(facets=FACETS, size=1)).facets
    facets = {facet: sorted({*values, UNKNOWN, "nobody"}) for facet, values in counts.items()}
    for _ in range(searches):
        assert_same(both, drawn(chance, vocabulary, facets))


def test_a_few_hundred_searches_of_the_real_clips_have_the_same_answers(real: Both):
    assert real.embedded.count() == 1860
    assert_same_for_many(real, SEARCHES)


def test_the_whole_ranking_of_a_frequent_word_is_the_same(real: Both):
    for words, mode in (("the", "baseline"), ("the boy", "baseline"), ("he said", "exact"), ("", "exact")):
        assert_same(real, Request(build_query(words, mode), size=2000))


def test_the_vocabulary_is_the_same(real: Both, made: Both):
    for both in (real, made):
        assert both.embedded.vocabulary() == both.elastic.vocabulary()


def test_made_rows_of_every_kind_have_the_same_answers(made: Both):
    assert_same_for_many(made, SEARCHES)
    assert_same(made, Request(size=400, facets=FACETS))


def test_any_tree_of_queries_has_the_same_answers(made: Both):
    chance = random.Random(3)
    words = ["the", "a", "boy", "ran", "far", "nowhere", "大学", "straße"]

    def term() -> Term:
        return Term(chance.choice(["tokens", "stems", "text_tokens"]), chance.choice(words), chance.choice([1, 0.5, 3]))

    for _ in range(100):
        nodes = [AllOf((term(), term())), BestOf((term(), term(), term())), AnyOf((term(), BestOf((term(), term()))))]
        assert_same(made, Request(AnyOf(tuple(chance.sample(nodes, 2))), size=400))
        assert_same(made, Request(AllOf((chance.choice(nodes), term())), size=400))
