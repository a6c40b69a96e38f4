"""Real Elasticsearch nodes for all tests of a run, and the real clips with their transcripts."""

import os
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from hearsay.records.clip import ClipRow
from indexer.elastic.writer import ElasticWriter
from indexer.ingest.load import read_rows
from indexer.settings import IndexSettings
from tests.conftest import PROJECT, leave_out
from tests.support import ports

LOCAL = PROJECT / "elastic-backend" / "local.sh"
SECONDS_TO_ANSWER = 120
"""The timeout of one request to a node on a busy machine."""


@dataclass(frozen=True, slots=True)
class Node:
    """A running node: its address, and the folder of its data and logs."""

    url: str
    data: Path


@dataclass(frozen=True, slots=True)
class Cluster:
    """Running nodes, numbered from 1, that can be stopped one by one; ``url`` has all addresses."""

    url: str
    data: Path
    programs: tuple[str, str]
    """The installation folders of Elasticsearch and of its JDK."""

    def lose(self, number: int, how: signal.Signals = signal.SIGKILL) -> None:
        """Kill a node without notice to the others, or send it the signal ``how``; returns when it has ended."""
        pid = int((self.data / f"node-{number}" / "pid").read_text())
        os.kill(pid, how)
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.1)

    def start_again(self, number: int, *settings: str) -> None:
        """Restart a stopped node, with additional lines in its settings; returns when it responds."""
        node = self.data / f"node-{number}"
        with (node / "config" / "elasticsearch.yml").open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in settings)
        elasticsearch, jdk = self.programs
        owner = node.stat()
        subprocess.run(
            [f"{elasticsearch}/bin/elasticsearch", "--daemonize", "--pidfile", node / "pid"],
            env=os.environ | {"ES_PATH_CONF": str(node / "config"), "ES_JAVA_HOME": jdk},
            cwd=node,
            check=True,
            capture_output=True,
            timeout=600,
            **({"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}),
        )


def run_local(*words: str, port: int | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``local.sh`` with these arguments, with its output as text."""
    port_set = {"ES_PORT": str(port)} if port else {}
    return subprocess.run(
        [LOCAL, *words],
        env=os.environ | port_set | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )


def free_port() -> int:
    """A port with free ports for up to three nodes, and for their communication a hundred ports higher."""
    return ports.free_port(1, 2, 100, 101, 102)


def client_of(url: str) -> Elasticsearch:
    """A client with a long timeout for a node on a busy machine."""
    return Elasticsearch(url, request_timeout=SECONDS_TO_ANSWER)


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter: Elasticsearch does not run as root, whose temporary folders are private."""
    with tempfile.TemporaryDirectory(prefix="hearsay-elastic-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def node(open_folder: Path) -> Iterator[Node]:
    """A real node, started and stopped through ``local.sh``."""
    data, port = open_folder / "shared", free_port()
    started = run_local("start", "--data", str(data), port=port)
    if started.returncode != 0:
        leave_out("elastic", started.stderr.strip() or "local.sh could not start a node")
    yield Node(f"http://127.0.0.1:{port}", data)
    run_local("stop", "--data", str(data))


def settings(**values: Any) -> IndexSettings:
    """Settings with a unique index name, so that one node serves all tests."""
    return IndexSettings(**{"index_name": f"cv-test-{uuid.uuid4().hex}", "index_versions": 3} | values)


def remove(client: Elasticsearch, own: IndexSettings) -> None:
    if names := list(client.indices.get(index=f"{own.index_name}*", expand_wildcards="all").body):
        client.indices.delete(index=names)


@pytest.fixture
def client(node: Node) -> Iterator[Elasticsearch]:
    client = client_of(node.url)
    yield client
    client.close()


@pytest.fixture
def own(client: Elasticsearch, tmp_path: Path) -> Iterator[IndexSettings]:
    """Settings for one test, whose indices are removed when it ends."""
    own = settings(rejected_passages=tmp_path / "refused.jsonl", deletions=tmp_path / "deletions.jsonl")
    yield own
    remove(client, own)


@pytest.fixture
def elastic_index(node: Node, own: IndexSettings) -> Iterator[ElasticWriter]:
    index = ElasticWriter(node.url, own)
    yield index
    index.close()


@pytest.fixture(scope="session")
def cluster(open_folder: Path) -> Iterator[Cluster]:
    """Three real nodes."""
    data, port = open_folder / "three", free_port()
    started = run_local("start", "--nodes", "3", "--data", str(data), port=port)
    if started.returncode != 0:
        leave_out("elastic", started.stderr.strip() or "local.sh could not start three nodes")
    url = ",".join(f"http://127.0.0.1:{port + number}" for number in range(3))
    yield Cluster(url, data, programs_of(int((data / "node-1" / "pid").read_text())))
    run_local("stop", "--data", str(data))


def programs_of(pid: int) -> tuple[str, str]:
    """The installation folders of Elasticsearch and its JDK, from the command line of a node's process."""
    told = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=True)
    java, *words = told.stdout.split()
    (home,) = (word.removeprefix("-Des.path.home=") for word in words if word.startswith("-Des.path.home="))
    return home, str(Path(java).parent.parent)


@pytest.fixture(scope="session")
def real_rows(real_data: Path) -> list[ClipRow]:
    """The real clips, joined with their transcripts by wav2vec2-large-960h."""
    folder = real_data / "common-voice"
    return list(read_rows([folder / "cv-valid-dev.csv", folder / "wav2vec2-large-960h.csv"]).values())
