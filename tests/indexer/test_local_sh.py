"""``elastic-backend/local.sh`` starts, reports and stops real nodes, and nothing that is not its own."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from tests.indexer.conftest import Node, free_port, run_local

elastic = pytest.mark.elastic


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


@elastic
def test_a_started_node_is_green_and_listens_to_this_machine_alone(node: Node):
    said = run_local("status", "--data", str(node.data))
    assert (said.returncode, last_line(said.stdout)) == (0, "green")
    assert node.url in said.stdout
    with Elasticsearch(node.url) as client:
        (info,) = client.nodes.info().body["nodes"].values()
    addresses = [*info["http"]["bound_address"], *info["transport"]["bound_address"]]
    assert all(address.startswith("127.0.0.1:") for address in addresses)
    assert info["version"].startswith("9.")


@elastic
def test_starting_twice_says_that_it_is_running_already(node: Node):
    said = run_local("start", "--data", str(node.data), port=free_port())
    assert (said.returncode, said.stdout) == (0, f"running already: {node.url}\n")


@elastic
def test_a_stop_ends_its_own_nodes_and_no_others(node: Node, open_folder: Path):
    data, port = str(open_folder / "another one"), free_port()
    started = run_local("start", "--data", data, port=port)
    assert started.stdout == f"green: http://127.0.0.1:{port}\n", started.stderr
    assert run_local("stop", "--data", data).stdout == "stopped node-1\n"
    assert last_line(run_local("status", "--data", data).stdout) == "stopped"
    assert last_line(run_local("status", "--data", str(node.data)).stdout) == "green"


@elastic
@pytest.mark.long
def test_data_outlive_a_stop_and_what_cannot_become_green_is_not_waited_for(open_folder: Path):
    data, port = str(open_folder / "kept"), free_port()
    assert run_local("start", "--data", data, port=port).returncode == 0
    with Elasticsearch(f"http://127.0.0.1:{port}") as client:
        client.index(index="kept", id="1", document={"a": 1}, refresh=True)
    run_local("stop", "--data", data)
    again = run_local("start", "--data", data, port=port)
    assert again.stdout.startswith(f"yellow: http://127.0.0.1:{port} "), "the index wants a copy, and there is one node"
    with Elasticsearch(f"http://127.0.0.1:{port}") as client:
        assert client.get(index="kept", id="1")["found"]
    run_local("stop", "--data", data)


@elastic
@pytest.mark.long
def test_two_nodes_make_one_cluster_and_their_number_is_remembered(open_folder: Path):
    data, port = str(open_folder / "two"), free_port()
    started = run_local("start", "--nodes", "2", "--data", data, port=port)
    assert started.stdout == f"green: http://127.0.0.1:{port}\n", started.stderr
    with Elasticsearch(f"http://127.0.0.1:{port + 1}") as client:
        assert client.cluster.health()["number_of_nodes"] == 2
    run_local("stop", "--data", data)
    again = run_local("start", "--data", data, port=port)
    assert again.returncode == 1
    assert "--nodes 2" in again.stderr


def test_a_port_that_is_taken_is_named(open_folder: Path):
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        said = run_local("start", "--data", str(open_folder / "taken"), port=port)
    assert said.returncode == 1
    assert f"port {port} is taken" in said.stderr
    assert "ES_PORT=" in said.stderr


def test_stop_leaves_a_foreign_process_alone_whose_number_stands_in_a_pid_file(tmp_path: Path):
    with subprocess.Popen(["sleep", "60"]) as foreign:
        (tmp_path / "node-1").mkdir()
        (tmp_path / "node-1" / "pid").write_text(f"{foreign.pid}\n")
        said = run_local("stop", "--data", str(tmp_path))
        assert (said.returncode, said.stdout) == (0, f"no node of {tmp_path} is running\n")
        assert foreign.poll() is None
        os.kill(foreign.pid, signal.SIGKILL)


def test_where_nothing_was_started_the_status_is_stopped(tmp_path: Path):
    said = run_local("status", "--data", str(tmp_path / "nothing"))
    assert (said.returncode, said.stdout) == (0, "stopped\n")
    assert not (tmp_path / "nothing").exists()


def test_an_elasticsearch_that_is_not_there_is_named(open_folder: Path):
    said = run_local("start", "--data", str(open_folder / "none"), port=free_port(), ES_HOME="/nonexistent")
    assert said.returncode == 1
    assert "ES_HOME is /nonexistent" in said.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["start", "--nodes", "none"], "--nodes wants a number"),
        (["start", "--nodes"], "--nodes wants a number"),
        (["start", "--data"], "--data wants a folder"),
        (["start", "now"], "what is now?"),
        (["dance"], "local.sh start"),
        ([], "local.sh start"),
    ],
)
def test_wrong_use_is_a_sentence_and_status_two(words: list[str], sentence: str):
    said = run_local(*words)
    assert said.returncode == 2
    assert sentence in said.stderr
    assert said.stdout == ""


def test_a_port_that_is_no_number_is_wrong_use():
    assert run_local("status", ES_PORT="web").returncode == 2


def test_help_tells_the_three_commands():
    said = run_local("--help")
    assert said.returncode == 0
    assert all(f"local.sh {command}" in said.stdout for command in ("start", "stop", "status"))
    assert "set -e" not in said.stdout
