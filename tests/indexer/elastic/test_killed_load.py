"""A killed load: the alias never names an incomplete index, and the next load removes what is left."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from indexer.elastic import lease as elastic_lease
from indexer.elastic.writer import ElasticWriter
from indexer.settings import IndexSettings
from tests.conftest import PROJECT
from tests.support.contract import rows
from tests.support.elastic_nodes import Node

pytestmark = pytest.mark.elastic

CLIPS = 6000

KILLED = textwrap.dedent("""
    import os, re, signal, sys
    from elastic_transport import Transport
    from indexer.cli.command_line import main

    perform, moment, left = Transport.perform_request, re.compile(sys.argv[1]), int(sys.argv[2])

    def perform_and_end(self, method, target, **more):
        global left
        answer = perform(self, method, target, **more)
        if moment.fullmatch(f"{method} {target.partition('?')[0]}") and not (left := left - 1):
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    Transport.perform_request = perform_and_end
    sys.exit(main(sys.argv[3:]))
""")
"""The program, which kills itself once a request has been answered this many times."""

VERSION = r"/cv-test-[0-9a-f]+-\d{20}"

MOMENTS = {
    "begun": (f"PUT {VERSION}", 1),
    "writing": ("PUT /_bulk", CLIPS // 1000),
    "written": (f"PUT {VERSION}-lexicon", 1),
    "marked": (f"PUT {VERSION}/_mapping", 1),
    "swapped": ("POST /_aliases", 2),  # the first one checks, before anything is written, that the alias can be moved
}
"""When a load is killed: after which request, and after how many of them."""


def is_whole(client: Elasticsearch, version: str) -> bool:
    return "loaded" in client.indices.get_mapping(index=version).body[version]["mappings"]["_meta"]


def served(client: Elasticsearch, own: IndexSettings) -> str:
    (version,) = client.indices.get_alias(name=own.index_name).body
    return str(version)


def load_and_kill(moment: str, node: Node, own: IndexSettings, folder: Path) -> None:
    """Load many clips with the real program, and kill it at this moment."""
    file = folder / "clips.csv"
    lines = (f"made/{number:05}.mp3,the boy ran home {number}" for number in range(CLIPS))
    file.write_text("\n".join(["filename,generated_text", *lines]), encoding="utf-8")
    kept = {
        "INDEX_NAME": own.index_name,
        "DELETIONS": str(own.deletions),
        "REJECTED_PASSAGES": str(own.rejected_passages),
    }
    request, times = MOMENTS[moment]
    command = [sys.executable, "-c", KILLED, request, str(times), "load", str(file), "--index", node.url]
    ended = subprocess.run(command, cwd=PROJECT, env=os.environ | kept, stdout=subprocess.DEVNULL, check=False)
    assert ended.returncode == -signal.SIGKILL, "the load ended before it could be killed"


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("begun", marks=pytest.mark.long),
        "writing",
        pytest.param("written", marks=pytest.mark.long),
        pytest.param("marked", marks=pytest.mark.long),
        "swapped",
    ],
)
def test_a_killed_load_is_applied_completely_or_not_at_all(
    moment: str,
    node: Node,
    elastic_index: ElasticWriter,
    own: IndexSettings,
    client: Elasticsearch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(elastic_lease, "SECONDS_WATCHED", 3.0)  # it was killed for certain
    elastic_index.replace(rows("first"))
    elastic_index.replace(rows("a", "b"))
    before = served(client, own)
    load_and_kill(moment, node, own, tmp_path)
    current = served(client, own)
    assert is_whole(client, current)
    assert (current != before) == (moment == "swapped")
    assert elastic_index.count() == (CLIPS if moment == "swapped" else 2)
    assert_the_next_load_cleans_up(elastic_index, own, client, current)


def assert_the_next_load_cleans_up(
    index: ElasticWriter, own: IndexSettings, client: Elasticsearch, current: str
) -> None:
    there = index.count()
    index.replace(rows("next"))
    names = sorted(client.indices.get(index=f"{own.index_name}-*").body)
    versions = [name for name in names if not name.endswith("-lexicon")]
    assert len(versions) == 3
    assert names == sorted([*versions, *(f"{name}-lexicon" for name in versions)])
    assert all(is_whole(client, name) for name in versions)
    assert index.rollback().version == current
    assert index.count() == there
