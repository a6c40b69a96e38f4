"""``elastic-backend/set-up.sh`` makes certificates with Elasticsearch's own tool, and keys that only their owner reads.

The minimal distribution cannot create the index of the keys, so a small server imitates those answers here, with a
certificate from the script. Real nodes are tested as far as possible; they check a request before they create indexes.
"""

import json
import os
import shutil
import socket
import ssl
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.support.elastic_nodes import Node, free_port, programs_of, run_local
from tests.support.scripted_elasticsearch import ELASTIC_PASSWORD, KIBANA_PASSWORD, Played, playing

SCRIPT = PROJECT / "elastic-backend" / "set-up.sh"
ROLES = PROJECT / "elastic-backend" / "roles"
FOLDERS = ("authority", "es01", "es02", "indexer", "page", "kibana", "snapshots")


def run_set_up(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    values = {"NODES": "es01 es02", "ELASTIC_PASSWORD": ELASTIC_PASSWORD, "KIBANA_PASSWORD": KIBANA_PASSWORD}
    return subprocess.run(
        [SCRIPT, *words],
        env=os.environ | values | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.fixture(scope="session")
def distribution(node: Node) -> dict[str, str]:
    """Where the running node's Elasticsearch and its Java are."""
    home, java = programs_of(int((node.data / "node-1" / "pid").read_text(encoding="utf-8")))
    return {"ES_HOME": home, "ES_JAVA_HOME": java}


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory, distribution: dict[str, str]) -> Path:
    """The folders as Compose mounts them, with all certificates made."""
    access = tmp_path_factory.mktemp("access")
    for name in FOLDERS:
        (access / name).mkdir()
    made = run_set_up("certificates", ACCESS=str(access), **distribution)
    assert made.returncode == 0, made.stderr
    return access


@pytest.fixture
def access(certified: Path, tmp_path: Path) -> Path:
    """The folders of a single test, with certificates and without keys."""
    return shutil.copytree(certified, tmp_path / "access")


@pytest.fixture
def acting(access: Path) -> Iterator[Played]:
    with playing(access / "es01") as played:
        yield played


def request_keys(access: Path, acting: Played, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run_set_up(*words or ("keys",), ACCESS=str(access), ES_URL=acting.url, **environment)


def key_of(access: Path, name: str) -> str:
    return (access / name / "api-key").read_text(encoding="utf-8").strip()


def rights_of(name: str) -> dict[str, Any]:
    return {name: json.loads((ROLES / f"{name}.json").read_text(encoding="utf-8"))}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def everything_in(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.mark.elastic
def test_each_folder_has_what_its_owner_needs_and_nothing_else(certified: Path):
    there = {name: sorted(path.name for path in (certified / name).iterdir()) for name in FOLDERS}
    node, client = ["ca.crt", "node.crt", "node.key"], ["ca.crt"]
    assert there == {
        "authority": ["ca.crt", "ca.key"],
        "es01": node,
        "es02": node,
        "indexer": client,
        "page": client,
        "kibana": client,
        "snapshots": [],
    }
    assert {mode_of(path) for path in certified.rglob("*.key")} == {0o400}
    if os.getuid() == 0:
        assert {(certified / name / "node.key").stat().st_uid for name in ("es01", "es02")} == {1000}


@pytest.mark.elastic
@pytest.mark.parametrize(
    ("name", "trusted"), [("es01", True), ("localhost", True), ("127.0.0.1", True), ("es02", False)]
)
def test_a_node_is_trusted_only_by_its_own_names(access: Path, acting: Played, name: str, trusted: bool):
    context = ssl.create_default_context(cafile=access / "page" / "ca.crt")
    with socket.create_connection(("127.0.0.1", acting.port)) as connection:
        if trusted:
            context.wrap_socket(connection, server_hostname=name).close()
        else:
            with pytest.raises(ssl.SSLCertVerificationError):
                context.wrap_socket(connection, server_hostname=name)


@pytest.mark.elastic
def test_certificates_are_kept_and_those_of_another_authority_are_replaced(access: Path, distribution: dict[str, str]):
    before = everything_in(access)
    again = run_set_up("certificates", ACCESS=str(access), **distribution)
    assert again.stdout == "certificates are available for es01 es02\n", again.stderr
    assert everything_in(access) == before
    (access / "es02" / "ca.crt").chmod(0o644)
    (access / "es02" / "ca.crt").write_text("of another authority", encoding="utf-8")
    repaired = run_set_up("certificates", ACCESS=str(access), **distribution)
    assert "creating a certificate for es02" in repaired.stdout
    changed = {path for path, held in everything_in(access).items() if held != before[path]}
    assert changed == {str(access / "es02" / name) for name in ("ca.crt", "node.crt", "node.key")}


@pytest.mark.parametrize("name", ["indexer", "page"])
def test_a_key_request_has_the_privileges_of_the_role(name: str):
    result = run_set_up("key-request", name)
    assert json.loads(result.stdout) == {"name": f"hearsay-{name}", "role_descriptors": rights_of(name)}


@pytest.mark.elastic
def test_keys_have_their_privileges_and_are_readable_only_by_their_user(access: Path, acting: Played):
    result = request_keys(access, acting)
    assert result.returncode == 0, result.stderr
    for name in ("indexer", "page"):
        assert acting.keys[key_of(access, name)]["rights"] == rights_of(name)
        assert mode_of(access / name / "api-key") == 0o400
        assert [path.name for path in (access / name).iterdir() if path.name != "ca.crt"] == ["api-key"]
        if os.getuid() == 0:
            assert (access / name / "api-key").stat().st_uid == 10001
    assert key_of(access, "indexer") != key_of(access, "page")


@pytest.mark.elastic
def test_a_password_arrives_unchanged_and_is_never_displayed(access: Path, acting: Played):
    result = request_keys(access, acting)
    assert acting.kibana == KIBANA_PASSWORD
    assert acting.shown == []
    secrets = (ELASTIC_PASSWORD, KIBANA_PASSWORD, key_of(access, "indexer"), key_of(access, "page"))
    assert not [secret for secret in secrets if secret in result.stdout + result.stderr]


@pytest.mark.elastic
def test_a_second_run_changes_nothing(access: Path, acting: Played):
    request_keys(access, acting)
    keys, held = dict(acting.keys), everything_in(access)
    acting.asked.clear()
    assert request_keys(access, acting).returncode == 0
    assert (acting.keys, everything_in(access)) == (keys, held)
    assert not [request for request in acting.asked if request.startswith("POST")]


@pytest.mark.elastic
def test_a_kept_key_gets_the_current_privileges(access: Path, acting: Played):
    request_keys(access, acting)
    acting.keys[key_of(access, "page")]["rights"] = {"page": "of an older version"}
    request_keys(access, acting)
    assert acting.keys[key_of(access, "page")]["rights"] == rights_of("page")


@pytest.mark.elastic
def test_a_key_that_no_longer_works_is_replaced_and_the_other_kept(access: Path, acting: Played):
    request_keys(access, acting)
    page, indexer = key_of(access, "page"), key_of(access, "indexer")
    del acting.keys[page]
    assert "the page has a new key" in request_keys(access, acting).stdout
    assert key_of(access, "page") != page
    assert key_of(access, "indexer") == indexer


@pytest.mark.elastic
def test_a_key_is_kept_if_it_cannot_be_checked(access: Path, acting: Played):
    request_keys(access, acting)
    held = everything_in(access)
    acting.refuses = {"GET /_security/_authenticate": 503, "POST /_security/user/kibana_system/_password": 200}
    result = request_keys(access, acting)
    assert (result.returncode, everything_in(access)) == (1, held)
    assert "cannot determine whether the key of the indexer is still valid" in result.stderr


@pytest.mark.elastic
def test_rotating_a_key_invalidates_the_old_one(access: Path, acting: Played):
    request_keys(access, acting)
    page, indexer = key_of(access, "page"), key_of(access, "indexer")
    assert request_keys(access, acting, "rotate", "page").returncode == 0
    assert sorted(acting.keys) == sorted([key_of(access, "page"), indexer])
    assert page not in acting.keys


@pytest.mark.elastic
def test_a_wrong_password_and_an_unreachable_cluster_are_reported(access: Path, acting: Played):
    wrong = request_keys(access, acting, ELASTIC_PASSWORD="another", SECONDS_TO_WAIT="0")
    assert wrong.returncode == 1
    assert "the cluster rejects ELASTIC_PASSWORD; it keeps the password of its first start" in wrong.stderr
    absent = run_set_up("keys", ACCESS=str(access), ES_URL="https://localhost:1", SECONDS_TO_WAIT="0")
    assert absent.returncode == 1
    assert "no cluster of 2 nodes after 0 seconds; see: docker compose logs es01" in absent.stderr


@pytest.fixture(scope="module")
def secure(open_folder: Path) -> Iterator[dict[str, str]]:
    """The settings of the script for a real node with TLS, with the folders of its clients."""
    data, port = open_folder / "set up", free_port()
    started = run_local("start", "--secure", "--data", str(data), port=port)
    assert started.returncode == 0, started.stderr
    for name in ("indexer", "page"):
        (data / "access" / name).mkdir(parents=True)
    shutil.copy(data / "secure" / "ca.crt", data / "access" / "indexer")
    password = (data / "secure" / "passwords" / "elastic").read_text(encoding="utf-8").strip()
    values = {"NODES": "node-1", "ES_URL": f"https://127.0.0.1:{port}", "ACCESS": str(data / "access")}
    yield values | {"ELASTIC_PASSWORD": password}
    run_local("stop", "--data", str(data))


@pytest.mark.elastic
@pytest.mark.long
@pytest.mark.parametrize("name", ["indexer", "page"])
def test_a_real_node_accepts_the_request_for_a_key(secure: dict[str, str], name: str):
    key = Path(secure["ACCESS"], name, "api-key")
    key.write_text("YWJjOmRlZg==", encoding="utf-8")  # one that never worked
    result = run_set_up("rotate", name, **secure)
    if result.returncode == 0:  # the full distribution
        assert result.stdout == f"the {name} has a new key\n"
    else:
        assert f"no key could be created for the {name}" in result.stderr
        assert "Unknown filter type [pattern_capture]" in result.stderr, "not: Validation Failed"
        assert key.read_text(encoding="utf-8") == "YWJjOmRlZg==", "the old one is kept until the new one exists"


@pytest.mark.elastic
@pytest.mark.long
def test_a_real_node_reports_a_wrong_password(secure: dict[str, str]):
    result = run_set_up("keys", **secure | {"ELASTIC_PASSWORD": "wrong", "SECONDS_TO_WAIT": "0"})
    assert "the cluster rejects ELASTIC_PASSWORD" in result.stderr


@pytest.mark.parametrize("words", [[], ["keys", "page"], ["rotate", "kibana"], ["key-request", "../page"]])
def test_invalid_arguments_print_the_usage(words: list[str]):
    result = run_set_up(*words)
    assert result.returncode == 2
    assert "set-up.sh certificates" in result.stderr
