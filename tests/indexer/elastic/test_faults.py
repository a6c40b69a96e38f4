"""Faults on real nodes: no acknowledged change is lost, and the alias always names a complete index."""

import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from hearsay.records.clip import ClipRow
from indexer.elastic import bulk as elastic_bulk
from indexer.elastic import lease as elastic_lease
from indexer.elastic import writer as elastic
from indexer.elastic.writer import ElasticWriter
from indexer.errors import IndexUnavailable, LoadFailed
from indexer.index import Request
from indexer.passages import Passage, passages_of
from indexer.query_tree import EVERYTHING, Term
from indexer.settings import IndexSettings
from tests.support.contract import ids, rows, transcribed
from tests.support.elastic_nodes import Cluster, remove, settings

pytestmark = [pytest.mark.elastic, pytest.mark.timeout(1800)]  # three nodes start and stop slowly on a busy machine

MANY = 30_000
WORDS = [
    "boy",
    "dog",
    "house",
    "river",
    "stone",
    "tree",
    "friend",
    "morning",
    "letter",
    "window",
    "garden",
    "road",
    "winter",
    "bread",
    "horse",
]


def many(number: int = MANY, seed: int = 1) -> Iterator[Passage]:
    """Passages of made-up clips, the same for the same seed."""
    chance = Random(seed)
    for position in range(number):
        text = " ".join(chance.choices(WORDS, range(1, len(WORDS) + 1), k=chance.randint(1, 12)))
        row = ClipRow(f"made/{position:06}.mp3", generated_text=text, age=chance.choice(("twenties", "fifties", None)))
        yield from passages_of(row)


def interrupted(passages: Iterable[Passage], at: int, then: Callable[[], object]) -> Iterator[Passage]:
    """The same passages, with a call before one of them."""
    for position, passage in enumerate(passages):
        if position == at:
            then()
        yield passage


def answers(index: ElasticWriter) -> list[Any]:
    """What a few searches find, with scores, totals and counts."""
    queries = (EVERYTHING, transcribed("boy"), transcribed("horse"), Term("age", "fifties"))
    found = [index.search(Request(query, facets=("age", "gender"), size=50)) for query in queries]
    return [(one.total, one.facets, [(hit.passage.id, hit.score) for hit in one.hits]) for one in found]


def assert_complete(client: Elasticsearch, own: IndexSettings, number: int) -> str:
    """Check that the alias names one completely loaded index of this many passages, and return its name."""
    (version,) = client.indices.get_alias(name=own.index_name).body
    assert client.indices.get_mapping(index=version).body[version]["mappings"]["_meta"]["loaded"]
    index = ElasticWriter(",".join(str(node.base_url) for node in client.transport.node_pool.all()), own)
    try:
        assert index.count() == number
        assert index.vocabulary()
        assert index.lexicon().passages >= number
    finally:
        index.close()
    return version


def names(client: Elasticsearch, own: IndexSettings) -> set[str]:
    return set(client.indices.get(index=f"{own.index_name}-*").body)


def wait_until(holds: Callable[[], bool], seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "the state was never reached"
        time.sleep(0.02)


# ── a lost node of three ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def three(cluster: Cluster) -> Iterator[Elasticsearch]:
    """A client of all three nodes, which are up and have all copies when a test begins."""
    client = Elasticsearch(cluster.url.split(","), request_timeout=660, max_retries=5)
    wait_until_green(client)
    yield client
    client.close()


def wait_until_green(client: Elasticsearch) -> None:
    """Return when all three nodes are there, with all copies."""
    assert not client.cluster.health(wait_for_nodes="3", wait_for_status="green", timeout="600s")["timed_out"]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Overwritten documents are dropped, however long the replicas take to report their progress."""
    monkeypatch.setattr(elastic, "_SECONDS_TO_FORGET", 600.0)


@pytest.fixture
def spread(cluster: Cluster, three: Elasticsearch) -> Iterator[tuple[ElasticWriter, IndexSettings]]:
    """An index of three shards on three nodes, with its settings."""
    own = settings(index_shards=3)
    index = ElasticWriter(cluster.url, own)
    yield index, own
    index.close()
    remove(three, own)


@pytest.mark.long
def test_passages_written_twice_count_once_with_replicas(spread: tuple[ElasticWriter, IndexSettings]):
    index, _ = spread
    index.replace(many(3000))
    once = answers(index)
    index.replace(passage for passage in many(3000) for _ in range(2))
    assert answers(index) == once


def master(client: Elasticsearch) -> int:
    """The number of the elected master node."""
    state = client.cluster.state(metric=["master_node", "nodes"])
    return int(state["nodes"][state["master_node"]]["name"].removeprefix("node-"))


@pytest.mark.parametrize(
    ("is_master", "how"),
    [
        (True, signal.SIGKILL),
        pytest.param(False, signal.SIGKILL, marks=pytest.mark.long),
        pytest.param(False, signal.SIGTERM, marks=pytest.mark.long),
    ],
)
def test_a_load_survives_the_loss_of_one_of_three_nodes(
    cluster: Cluster,
    three: Elasticsearch,
    spread: tuple[ElasticWriter, IndexSettings],
    is_master: bool,
    how: signal.Signals,
):
    index, own = spread
    lost = master(three) if is_master else master(three) % 3 + 1
    index.replace(many())
    quiet = answers(index)
    try:
        assert index.replace(interrupted(many(), MANY // 3, lambda: cluster.lose(lost, how))) == MANY
        assert_complete(three, own, MANY)
        assert answers(index) == quiet
    finally:
        cluster.start_again(lost)
    assert_complete(three, own, MANY)


@pytest.mark.long
def test_losing_all_nodes_during_a_load_fails_only_that_load(
    cluster: Cluster, three: Elasticsearch, spread: tuple[ElasticWriter, IndexSettings], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(elastic_bulk._PATIENCE, "max_retries", 4)
    index, own = spread
    index.replace(many(5000))
    index.put(rows("put"))
    served = index.about().version

    def lose_all() -> None:
        for number in (1, 2, 3):
            cluster.lose(number)

    with pytest.raises(IndexUnavailable, match="no response from"):
        index.replace(interrupted(many(5000, seed=2), 2500, lose_all))
    with ThreadPoolExecutor() as pool:
        list(pool.map(cluster.start_again, (1, 2, 3)))
    wait_until_green(three)
    assert assert_complete(three, own, 5001) == served
    assert index.get("put") is not None
    index.replace(many(3000, seed=2))
    new = assert_complete(three, own, 3000)
    assert names(three, own) == {served, f"{served}-lexicon", new, f"{new}-lexicon"}, (
        "the incomplete version was removed"
    )


# ── a cluster that rejects documents ─────────────────────────────────────────────────────────────────────────────────

FLOOD = "cluster.routing.allocation.disk"


@pytest.fixture
def flood(three: Elasticsearch) -> Iterator[Callable[[], None]]:
    """A function that marks every disk as too full until the test ends."""

    def rise() -> None:
        marks = dict.fromkeys(("low", "high", "flood_stage"), "1000tb")
        raised = {f"{FLOOD}.watermark.{name}": free for name, free in marks.items()}
        three.cluster.put_settings(
            persistent={**raised, f"{FLOOD}.threshold_enabled": True, "cluster.info.update.interval": "10s"}
        )

    yield rise
    fall(three)


def fall(client: Elasticsearch) -> None:
    """Mark the disks as free again; Elasticsearch lifts the blocks at its next check."""
    marks = dict.fromkeys(("low", "high", "flood_stage"), "1b")
    client.cluster.put_settings(persistent={f"{FLOOD}.watermark.{name}": free for name, free in marks.items()})
    wait_until(lambda: not blocked(client))
    client.cluster.put_settings(persistent={f"{FLOOD}.*": None, "cluster.info.update.interval": None})


def blocked(client: Elasticsearch) -> set[str]:
    blocks = client.cluster.state(metric="blocks")["blocks"].get("indices", {})
    return {name for name, found in blocks.items() if "12" in found}


@pytest.mark.long
def test_a_full_disk_is_reported_and_the_previous_index_is_served(
    cluster: Cluster,
    three: Elasticsearch,
    spread: tuple[ElasticWriter, IndexSettings],
    flood: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(elastic_bulk._TRIES, "max_retries", 2)
    monkeypatch.setattr(elastic_lease, "SECONDS_WATCHED", 4.0)  # a lease cannot be released on a full disk
    index, own = spread
    index.replace(rows("a", "b"))
    served = index.about().version

    def fill_the_disks() -> None:
        flood()
        wait_until(lambda: len(blocked(three) & names(three, own)) == 3)

    with pytest.raises(LoadFailed, match=r"disk .* nearly full.* free space .*the previous index is still served"):
        index.replace(interrupted(many(2000), 700, fill_the_disks))
    assert assert_complete(three, own, 2) == served
    for change in (lambda: index.put(rows("c")), lambda: index.delete(["a"])):
        with pytest.raises(LoadFailed, match=r"disk .* nearly full"):
            change()
    with pytest.raises(LoadFailed, match=r"disk .* nearly full"):
        index.replace(rows("d"))
    elsewhere = ElasticWriter(cluster.url, settings())
    with pytest.raises(LoadFailed, match=r"no node at .* accepts a new index"):
        elsewhere.replace(rows("d"))
    elsewhere.close()
    assert assert_complete(three, own, 2) == served
    fall(three)
    index.put(rows("c"))
    index.replace(rows("d"))
    assert ids(index) == ["d"]


@pytest.mark.long
def test_documents_rejected_by_a_busy_node_are_sent_again_until_all_are_indexed(
    cluster: Cluster, three: Elasticsearch, spread: tuple[ElasticWriter, IndexSettings], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(elastic_bulk._TRIES, "max_retries", 1)  # a writer that limited its attempts would give up
    cluster.lose(3)
    cluster.start_again(3, "thread_pool.write.queue_size: 1")
    wait_until_green(three)
    _, own = spread
    index = ElasticWriter(cluster.url, own.model_copy(update={"index_shards": 30}))
    assert index.replace(many(1500)) == 1500
    index.close()
    pools = three.nodes.stats(metric="thread_pool", node_id="node-3")["nodes"].values()
    assert sum(pool["thread_pool"]["write"]["rejected"] for pool in pools) > 0, "nothing was returned"
    assert_complete(three, own, 1500)
