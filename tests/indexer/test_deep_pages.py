"""Paging to the end of more than 10,000 hits, where Elasticsearch no longer pages by number."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.embedded.writer import EmbeddedWriter
from indexer.index import Request, SearchWriter, Sort
from indexer.passages import Passage
from indexer.query_tree import EVERYTHING, AnyOf, Constant, Query
from tests.support.both_engines import assert_same, sharded
from tests.support.contract import rows, transcribed
from tests.support.elastic_nodes import Node

pytestmark = [pytest.mark.elastic, pytest.mark.long]

NUMBER = 25_000


def many(number: int, word: str = "same") -> Iterator[Passage]:
    """Passages with equal scores except every seventh; every third has no duration, and durations take few values."""
    common, other = rows("x", text=word)[0], rows("x", text=f"{word} {word} word")[0]
    for at in range(number):
        model = other if at % 7 == 0 else common
        name = f"{at:06}"
        duration = None if at % 3 == 0 else float(at % 5)
        yield replace(model, id=name, row=replace(model.row, id=name, duration=duration))


@pytest.fixture(scope="module")
def indices(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[SearchWriter]]:
    passages = list(many(NUMBER))
    embedded = EmbeddedWriter(tmp_path_factory.mktemp("many"))
    embedded.replace(passages)
    with sharded(passages, node, 1) as one_shard, sharded(passages, node, 3) as three_shards:
        yield [embedded, one_shard, three_shards]
    embedded.close()


@pytest.mark.parametrize(
    "query",
    [EVERYTHING, transcribed("same"), AnyOf((transcribed("word"), Constant(transcribed("same"), 0.5)))],
    ids=["all", "one", "two"],
)
def test_paging_to_the_end_returns_every_hit_once(indices: list[SearchWriter], query: Query):
    size = 4000
    rankings = []
    for index in indices:
        pages = [index.search(Request(query, size=size, page=page)) for page in range(1, NUMBER // size + 3)]
        assert {page.total for page in pages} == {NUMBER}
        assert pages[-1].hits == ()
        rankings.append([hit.passage.id for page in pages for hit in page.hits])
        assert sorted(rankings[-1]) == [f"{at:06}" for at in range(NUMBER)]
    assert rankings == [rankings[0]] * len(indices)


@pytest.mark.parametrize("falling", [False, True], ids=["rising", "falling"])
def test_paging_through_sorted_results_returns_every_hit_once(indices: list[SearchWriter], falling: bool):
    request = Request(transcribed("same"), size=6000, sort=Sort("duration", falling))
    found = [
        [hit.passage for page in range(1, 6) for hit in index.search(replace(request, page=page)).hits]
        for index in indices
    ]
    assert found == [found[0]] * len(indices)
    known = [passage.row.duration for passage in found[0] if passage.row.duration is not None]
    assert known == sorted(known, reverse=falling)
    assert [passage.row.duration for passage in found[0]][: len(known)] == known
    assert {passage.id for passage in found[0]} == {f"{at:06}" for at in range(NUMBER)}
    assert list(indices[-1].walk(request)) == found[0] == list(indices[0].walk(request))


def test_a_walk_returns_every_hit_once_in_the_same_order_in_all_engines(indices: list[SearchWriter]):
    request = Request(AnyOf((transcribed("word"), Constant(transcribed("same"), 0.5))))
    walks = [[passage.id for passage in index.walk(request)] for index in indices]
    assert len(set(walks[0])) == len(walks[0]) == NUMBER
    assert walks == [walks[0]] * len(indices)


@pytest.mark.parametrize("page", [1000, 1001, 2499, 2500, 2501])
def test_a_small_page_far_down_is_the_same_in_all_engines(indices: list[SearchWriter], page: int):
    assert_same(indices, Request(transcribed("same"), size=10, page=page, facets=("age",)))


def test_a_page_requested_after_a_reload_comes_entirely_from_the_new_version(node: Node, tmp_path: Path):
    """Earlier pages are not remembered: the next page shows the current index."""
    before, after = list(many(11_000)), list(many(12_000, "same new"))
    embedded = EmbeddedWriter(tmp_path)
    embedded.replace(before)
    with sharded(before, node, 3) as elastic:
        for index in (embedded, elastic):
            first = index.search(Request(transcribed("same"), size=5500, page=2))
            index.replace(after)
            second = index.search(Request(transcribed("same"), size=5500, page=2))
            assert (first.total, second.total) == (11_000, 12_000)
            assert {hit.passage.row.generated_text.count("new") > 0 for hit in first.hits} == {False}
            assert {hit.passage.row.generated_text.count("new") > 0 for hit in second.hits} == {True}
        assert_same([embedded, elastic], Request(transcribed("same"), size=700, page=17))
