"""Generated queries, a thousand of them, have the same answers in both engines, in one shard and in three.

A failing example prints itself; the examples are the same in every run.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearsay.records.clip import ClipRow
from indexer.embedded.writer import EmbeddedWriter
from indexer.index import SearchWriter
from indexer.passages import passages_of
from indexer.query.builder import MODES
from indexer.query.planner import Planner
from tests.support.both_engines import assert_same, sharded
from tests.support.elastic_nodes import Node
from tests.support.generated_queries import Known, known_of, requests, rows_in_every_script, trees, typed
from tests.support.rows import ALL

pytestmark = pytest.mark.elastic


class LoadedEngines(NamedTuple):
    """The same rows in three indices, the embedded engine first, and their known words and values."""

    indices: Sequence[SearchWriter]
    finders: Sequence[Planner]
    known: Known


@contextmanager
def all_engines(rows: Sequence[ClipRow], folder: Path, node: Node) -> Iterator[LoadedEngines]:
    passages = [passage for row in rows for passage in passages_of(row)]
    embedded = EmbeddedWriter(folder)
    embedded.replace(passages)
    with ExitStack() as opened:
        opened.callback(embedded.close)
        indices = [embedded, *(opened.enter_context(sharded(passages, node, shards)) for shards in (1, 3))]
        yield LoadedEngines(indices, list(map(Planner, indices)), known_of(embedded))


@pytest.fixture(scope="module")
def made(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedEngines]:
    with all_engines([*ALL, *rows_in_every_script(400)], tmp_path_factory.mktemp("made"), node) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def real(real_rows: list[ClipRow], node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedEngines]:
    with all_engines(real_rows, tmp_path_factory.mktemp("real"), node) as loaded:
        yield loaded


def repeatable(examples: int) -> settings:
    return settings(
        max_examples=examples,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def assert_trees_find_the_same(loaded: LoadedEngines, examples: int) -> None:
    @repeatable(examples)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        query = data.draw(trees(loaded.known), "tree")
        assert_same(loaded.indices, data.draw(requests(loaded.known, query), "request"))

    check()


def assert_typed_words_find_the_same(loaded: LoadedEngines, examples: int) -> None:
    @repeatable(examples)
    @given(st.data(), st.sampled_from(MODES))
    def check(data: st.DataObject, mode: str) -> None:
        text = data.draw(typed(loaded.known), "typed")
        first, *others = (planner.plan(text, mode) for planner in loaded.finders)
        assert others == [first] * len(others)
        assert_same(loaded.indices, data.draw(requests(loaded.known, first.query), "request"))

    check()


MANY = pytest.param(500, marks=[pytest.mark.long, pytest.mark.timeout(1800)])


@pytest.mark.parametrize("number", [40, MANY])
def test_query_trees_over_rows_in_every_script_have_the_same_answers(made: LoadedEngines, number: int):
    assert_trees_find_the_same(made, number)


@pytest.mark.parametrize("number", [40, MANY])
def test_typed_queries_over_rows_in_every_script_have_the_same_answers(made: LoadedEngines, number: int):
    assert_typed_words_find_the_same(made, number)


@pytest.mark.parametrize("number", [40, MANY])
def test_query_trees_over_real_clips_have_the_same_answers(real: LoadedEngines, number: int):
    assert_trees_find_the_same(real, number)


@pytest.mark.parametrize("number", [40, MANY])
def test_typed_queries_over_real_clips_have_the_same_answers(real: LoadedEngines, number: int):
    assert_typed_words_find_the_same(real, number)
