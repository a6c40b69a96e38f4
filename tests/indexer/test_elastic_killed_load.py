"""A load that is killed: at no moment does the alias name half an index, and the next load removes what is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from indexer import elastic_lease
from indexer.elastic import ElasticIndex
from indexer.settings import IndexSettings
from tests.conftest import PROJECT
from tests.indexer.conftest import Node
from tests.indexer.contract import rows

pytestmark = pytest.mark.elastic

CLIPS = 6000

Moment = Callable[[Elasticsearch, IndexSettings, str], bool]
"""Whether it has come, by the cluster's state and the name of the version before."""


def newest(client: Elasticsearch, own: IndexSettings) -> str:
    return max(name for name in client.indices.get(index=f"{own.index_name}-*").body if not name.endswith("-lexicon"))


def begun(client: Elasticsearch, own: IndexSettings, before: str) -> bool:
    return newest(client, own) > before


def writing(client: Elasticsearch, own: IndexSettings, before: str) -> bool:
    if not begun(client, own, before):
        return False
    found = client.indices.stats(index=newest(client, own), metric="indexing")["_all"]["primaries"]
    return bool(found) and int(found["indexing"]["index_total"]) > CLIPS // 3  # empty while no shard has started


def written(client: Elasticsearch, own: IndexSettings, before: str) -> bool:
    return begun(client, own, before) and bool(client.indices.exists(index=f"{newest(client, own)}-lexicon"))


def marked(client: Elasticsearch, own: IndexSettings, before: str) -> bool:
    return begun(client, own, before) and is_whole(client, newest(client, own))


def swapped(client: Elasticsearch, own: IndexSettings, before: str) -> bool:
    return served(client, own) > before


def is_whole(client: Elasticsearch, version: str) -> bool:
    return "loaded" in client.indices.get_mapping(index=version).body[version]["mappings"]["_meta"]


def served(client: Elasticsearch, own: IndexSettings) -> str:
    (version,) = client.indices.get_alias(name=own.index_name).body
    return str(version)


def started(node: Node, own: IndexSettings, folder: Path) -> subprocess.Popen[bytes]:
    """The real program, loading."""
    file = folder / "clips.csv"
    lines = (f"made/{number:05}.mp3,the boy ran home {number}" for number in range(CLIPS))
    file.write_text("\n".join(["filename,generated_text", *lines]), encoding="utf-8")
    kept = {"INDEX_NAME": own.index_name, "DELETIONS": str(own.deletions), "REFUSALS": str(own.refusals)}
    command = [sys.executable, "-m", "indexer", "load", str(file), "--index", node.url]
    return subprocess.Popen(command, cwd=PROJECT, env=os.environ | kept, stdout=subprocess.DEVNULL)


def kill_at(moment: Moment, loader: subprocess.Popen[bytes], client: Elasticsearch, own: IndexSettings) -> None:
    before = served(client, own)
    while not moment(client, own, before):
        assert loader.poll() is None, "the load ended before its moment came"
        time.sleep(0.002)
    loader.send_signal(signal.SIGKILL)
    loader.wait()


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(begun, marks=pytest.mark.long),
        writing,
        pytest.param(written, marks=pytest.mark.long),
        pytest.param(marked, marks=pytest.mark.long),
        swapped,
    ],
)
def test_a_killed_load_is_there_whole_or_not_at_all(
    moment: Moment,
    node: Node,
    elastic_index: ElasticIndex,
    own: IndexSettings,
    client: Elasticsearch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(elastic_lease, "SECONDS_WATCHED", 3.0)  # it was killed for certain
    elastic_index.replace(rows("first"))
    elastic_index.replace(rows("a", "b"))
    before = served(client, own)
    kill_at(moment, started(node, own, tmp_path), client, own)
    stands = served(client, own)
    assert is_whole(client, stands)
    assert elastic_index.count() == (2 if stands == before else CLIPS)
    assert (stands == before) or moment in {marked, swapped}, "the moment was missed"
    see_that_the_next_load_tidies_up(elastic_index, own, client, stands)


def see_that_the_next_load_tidies_up(
    index: ElasticIndex, own: IndexSettings, client: Elasticsearch, stands: str
) -> None:
    there = index.count()
    index.replace(rows("next"))
    names = sorted(client.indices.get(index=f"{own.index_name}-*").body)
    versions = [name for name in names if not name.endswith("-lexicon")]
    assert len(versions) == 3
    assert names == sorted([*versions, *(f"{name}-lexicon" for name in versions)])
    assert all(is_whole(client, name) for name in versions)
    assert index.rollback().version == stands
    assert index.count() == there
