"""One real Elasticsearch node for all tests of a run, and the real clips with what a recogniser wrote for them."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clips.row import ClipRow
from indexer.load import read_rows
from tests.conftest import PROJECT, leave_out

LOCAL = PROJECT / "elastic-backend" / "local.sh"


@dataclass(frozen=True, slots=True)
class Node:
    """A running node: its address, and the folder of its data and logs."""

    url: str
    data: Path


def run_local(*words: str, port: int | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """``local.sh`` with these words, what it said as text."""
    port_set = {"ES_PORT": str(port)} if port else {}
    return subprocess.run(
        [LOCAL, *words],
        env=os.environ | port_set | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def free_port() -> int:
    """A port that is free, as is the one a hundred above, on which the node speaks to others of its kind."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                other.bind(("127.0.0.1", port + 100))
            except (OSError, OverflowError):
                continue
            if port < 32768 or port + 100 < 65400:
                return port


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


@pytest.fixture(scope="session", autouse=True)
def refusals_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Refused passages are listed in a file of the tests: each change begins with removing the one before."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("REFUSALS", str(tmp_path_factory.mktemp("refusals") / "refused.jsonl"))
        yield


@pytest.fixture(scope="session")
def real_rows(real_data: Path) -> list[ClipRow]:
    """The real clips, joined with what wav2vec2-large-960h wrote for them."""
    folder = real_data / "common-voice"
    return list(read_rows([folder / "cv-valid-dev.csv", folder / "wav2vec2-large-960h.csv"]).values())
