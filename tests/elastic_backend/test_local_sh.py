"""``elastic-backend/local.sh`` starts, reports and stops real nodes, but only its own."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.support.elastic_nodes import LOCAL, Cluster, Node, client_of, free_port, run_local

elastic = pytest.mark.elastic
COPIES = Path(f"/var/tmp/hearsay-elastic-{os.getuid()}")


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


@pytest.fixture
def data(open_folder: Path) -> Iterator[Path]:
    """A folder for the nodes of one test, which are stopped when it ends."""
    data = open_folder / uuid.uuid4().hex
    yield data
    run_local("stop", "--data", str(data))


def process_of(data: Path, number: int) -> int:
    return int((data / f"node-{number}" / "pid").read_text(encoding="utf-8"))


@elastic
def test_a_started_node_is_green_and_listens_on_loopback_only(node: Node):
    result = run_local("status", "--data", str(node.data))
    assert (result.returncode, last_line(result.stdout)) == (0, "green")
    assert node.url in result.stdout
    with client_of(node.url) as client:
        (info,) = client.nodes.info().body["nodes"].values()
    addresses = [*info["http"]["bound_address"], *info["transport"]["bound_address"]]
    assert all(address.startswith("127.0.0.1:") for address in addresses)
    assert info["version"].startswith("9.")


@elastic
def test_a_second_start_reports_that_the_node_is_running(node: Node):
    result = run_local("start", "--data", str(node.data), port=free_port())
    assert (result.returncode, result.stdout) == (0, f"already running: {node.url}\n")


@elastic
def test_stop_ends_only_its_own_nodes(node: Node, open_folder: Path):
    data, port = str(open_folder / "another one"), free_port()
    started = run_local("start", "--data", data, port=port)
    assert started.stdout == f"green: http://127.0.0.1:{port}\n", started.stderr
    assert run_local("stop", "--data", data).stdout == "stopped node-1\n"
    assert last_line(run_local("status", "--data", data).stdout) == "stopped"
    assert last_line(run_local("status", "--data", str(node.data)).stdout) == "green"


@elastic
@pytest.mark.long
def test_data_survives_a_stop_and_start_does_not_wait_for_an_unreachable_green(open_folder: Path):
    data, port = str(open_folder / "kept"), free_port()
    assert run_local("start", "--data", data, port=port).returncode == 0
    with client_of(f"http://127.0.0.1:{port}") as client:
        client.index(index="kept", id="1", document={"a": 1}, refresh=True)
    run_local("stop", "--data", data)
    again = run_local("start", "--data", data, port=port)
    assert again.stdout.startswith(f"yellow: http://127.0.0.1:{port} "), (
        "the index needs a replica, and there is only one node"
    )
    with client_of(f"http://127.0.0.1:{port}") as client:
        assert client.get(index="kept", id="1")["found"]
    run_local("stop", "--data", data)


@elastic
@pytest.mark.long
def test_two_nodes_form_one_cluster_and_their_number_is_remembered(open_folder: Path):
    data, port = str(open_folder / "two"), free_port()
    started = run_local("start", "--nodes", "2", "--data", data, port=port)
    assert started.stdout == f"green: http://127.0.0.1:{port}\n", started.stderr
    with client_of(f"http://127.0.0.1:{port + 1}") as client:
        assert client.cluster.health()["number_of_nodes"] == 2
    run_local("stop", "--data", data)
    again = run_local("start", "--data", data, port=port)
    assert again.returncode == 1
    assert "--nodes 2" in again.stderr


@elastic
@pytest.mark.long
def test_a_lost_node_is_restarted_and_the_others_keep_running(data: Path):
    port = free_port()
    assert run_local("start", "--nodes", "2", "--data", str(data), port=port).returncode == 0
    lost, other = process_of(data, 1), process_of(data, 2)
    Cluster(f"http://127.0.0.1:{port}", data, ("", "")).lose(1)
    again = run_local("start", "--nodes", "2", "--data", f"{data}/", port=free_port())
    assert again.stdout == f"green: http://127.0.0.1:{port}\n", again.stderr
    assert process_of(data, 1) != lost
    assert process_of(data, 2) == other
    with client_of(f"http://127.0.0.1:{port}") as client:
        assert client.cluster.health()["number_of_nodes"] == 2


@elastic
@pytest.mark.long
def test_stop_waits_for_the_process_to_end_even_if_the_node_hangs(data: Path):
    port = free_port()
    assert run_local("start", "--data", str(data), port=port).returncode == 0
    process = process_of(data, 1)
    (data / "node-1" / "pid").unlink()  # as Elasticsearch does when it begins to shut down
    assert last_line(run_local("status", "--data", str(data)).stdout) == "green"
    os.kill(process, signal.SIGSTOP)
    assert run_local("stop", "--data", str(data)).stdout == "stopped node-1\n"
    socket.create_server(("127.0.0.1", port)).close()  # a process keeps its ports until it has ended


def test_a_port_in_use_is_reported(open_folder: Path):
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        result = run_local("start", "--data", str(open_folder / "taken"), port=port)
    assert result.returncode == 1
    assert f"port {port} is in use" in result.stderr
    assert "ES_PORT=" in result.stderr


def test_stop_does_not_end_a_foreign_process_whose_id_is_in_a_pid_file(tmp_path: Path):
    with subprocess.Popen(["sleep", "600"]) as foreign:
        (tmp_path / "node-1").mkdir()
        (tmp_path / "node-1" / "pid").write_text(f"{foreign.pid}\n")
        result = run_local("stop", "--data", str(tmp_path))
        assert (result.returncode, result.stdout) == (0, f"no node of {tmp_path} is running\n")
        assert foreign.poll() is None
        os.kill(foreign.pid, signal.SIGKILL)


def test_the_status_is_stopped_if_nothing_was_started(tmp_path: Path):
    result = run_local("status", "--data", str(tmp_path / "nothing"))
    assert (result.returncode, result.stdout) == (0, "stopped\n")
    assert not (tmp_path / "nothing").exists()


def test_a_missing_elasticsearch_is_reported(open_folder: Path):
    result = run_local("start", "--data", str(open_folder / "none"), port=free_port(), ES_HOME="/nonexistent")
    assert result.returncode == 1
    assert "ES_HOME is /nonexistent" in result.stderr


@pytest.mark.parametrize("name", ["diary.txt", "node-1/config/elasticsearch.yml", "secure.half/key"])
def test_a_folder_with_other_content_is_not_changed(open_folder: Path, name: str):
    folder = open_folder / uuid.uuid4().hex
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text("do not lose me", encoding="utf-8")
    result = run_local("start", "--data", str(folder), port=free_port(), ES_HOME="/nonexistent")
    assert (result.returncode, result.stdout) == (1, "")
    assert f"{folder} contains other files and was not changed; use an empty or a new folder" in result.stderr
    assert [path for path in folder.rglob("*") if path.is_file()] == [folder / name]
    assert {path.stat().st_uid for path in (folder, *folder.rglob("*"))} == {os.geteuid()}


@pytest.fixture
def distributions(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Create a fake Elasticsearch, in a folder that only its owner can enter, which prints a text and exits."""
    printed: list[str] = []

    def make(words: str) -> Path:
        home = tmp_path / "private" / "elasticsearch"
        for folder in ("bin", "config", "lib", "jdk"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        for file in ("jvm.options", "log4j2.properties"):
            (home / "config" / file).touch()
        for jar in (home / "lib").iterdir():
            jar.unlink()
        (home / "lib" / f"elasticsearch-{words}.jar").touch()
        (home / "bin" / "elasticsearch").write_text(f"#!/bin/sh\necho {words}\nexit 1\n", encoding="utf-8")
        (home / "bin" / "elasticsearch").chmod(0o755)
        home.parent.chmod(0o700)
        printed.append(words)
        return home

    yield make
    for jar in [jar for words in printed for jar in COPIES.glob(f"*/lib/elasticsearch-{words}.jar")]:
        shutil.rmtree(jar.parent.parent)


def test_start_runs_the_elasticsearch_of_es_home_and_not_a_copy_of_another(
    open_folder: Path, distributions: Callable[[str], Path]
):
    for words in (f"{order}-{uuid.uuid4().hex}" for order in ("first", "second")):  # not those of other runs
        home = distributions(words)
        result = run_local("start", "--data", str(open_folder / words), port=free_port(), ES_HOME=str(home))
        assert result.returncode == 1
        assert result.stderr.startswith(f"{words}\nlocal.sh: Elasticsearch did not start")


def test_a_second_download_does_not_replace_the_first(tmp_path: Path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "made by").write_text(name, encoding="utf-8")
    part = PROJECT / "elastic-backend" / "distribution.sh"
    subprocess.run(["bash", "-euc", f"source '{part}'; put_whole second first"], cwd=tmp_path, check=True)
    assert [path.name for path in (tmp_path / "first").iterdir()] == ["made by"]
    assert (tmp_path / "first" / "made by").read_text(encoding="utf-8") == "first"


@pytest.mark.parametrize(("digest", "status"), [("its own", 0), ("another", 1)])
def test_an_archive_from_maven_is_used_only_if_its_checksum_is_correct(tmp_path: Path, digest: str, status: int):
    """Registries provide no checksum for some files, so the script contains the digest."""
    archive, tools, target = tmp_path / "archive.zip", tmp_path / "tools", tmp_path / "target"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("elasticsearch-9.5.0/bin/elasticsearch", "#!/bin/sh\n")
    known = hashlib.sha512(archive.read_bytes() if digest == "its own" else b"").hexdigest()
    tools.mkdir()
    target.mkdir()
    maven = tools / "mvn"
    maven.write_text(f"#!/bin/sh\ncp '{archive}' '{target}/elasticsearch-9.5.0.zip'\n", encoding="utf-8")
    maven.chmod(0o755)
    part = PROJECT / "elastic-backend" / "distribution.sh"
    script = (
        'say() { printf \'%s\\n\' "$*"; }; fail() { say "$*" >&2; exit 1; }; '
        f"source '{part}'; MAVEN_SHA512={known}; fetch_minimal '{target}'"
    )
    path = f"{tools}:{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-euc", script], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert result.returncode == status
    assert ("is wrong; the file was not used" in result.stderr) == (status == 1)
    assert (target / "elasticsearch-9.5.0").exists() == (status == 0)


def test_local_sh_works_without_a_home_folder(tmp_path: Path):
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    words = [LOCAL, "status", "--data", tmp_path]
    assert subprocess.run(words, env=environment, capture_output=True, text=True, check=False).stdout == "stopped\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["start", "--nodes", "none"], "--nodes requires a number"),
        (["start", "--nodes"], "--nodes requires a number"),
        (["start", "--data"], "--data requires a folder"),
        (["start", "now"], "unknown argument now"),
        (["dance"], "local.sh start"),
        ([], "local.sh start"),
    ],
)
def test_a_usage_error_has_a_message_and_exit_status_2(words: list[str], sentence: str):
    result = run_local(*words)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert result.stdout == ""


def test_a_port_that_is_not_a_number_is_a_usage_error():
    assert run_local("status", ES_PORT="web").returncode == 2


def test_help_lists_the_three_commands():
    result = run_local("--help")
    assert result.returncode == 0
    assert all(f"local.sh {command}" in result.stdout for command in ("start", "stop", "status"))
    assert "set -e" not in result.stdout
