"""Three real nodes with TLS and users: the privileges of each user, and the messages if access is denied.

All tests use the output of ``local.sh start --nodes 3 --secure``, as a person would. The roles are those of
``elastic-backend/roles``, of which the cluster in containers makes its API keys.
"""

import os
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import AuthorizationException, Elasticsearch
from pydantic import SecretStr

from indexer.cli.command_line import main
from indexer.elastic import search as elastic_search
from indexer.elastic.writer import ElasticWriter
from indexer.errors import IndexUnavailable
from indexer.index import Request, SearchWriter
from indexer.passages import Passage
from indexer.query_tree import EVERYTHING
from indexer.settings import IndexSettings
from tests.conftest import PROJECT, leave_out
from tests.support.contract import ids, paged, rows, transcribed
from tests.support.elastic_nodes import Node, free_port, run_local

pytestmark = [pytest.mark.elastic, pytest.mark.timeout(900)]  # three nodes start slowly on a busy machine

NOT_ALLOWED = "does not allow this to this user or key"


@dataclass(frozen=True, slots=True)
class SecureNodes:
    """Secure nodes: the output of their start, and the environment of a shell with the printed lines."""

    output: str
    data: Path
    urls: tuple[str, ...]
    access: dict[str, str]

    def password(self, user: str) -> str:
        return (self.data / "secure" / "passwords" / user).read_text().strip()

    def settings(self, user: str, **values: Any) -> IndexSettings:
        asking = {"index_username": user, "index_password": SecretStr(self.password(user))}
        trusted = {"index_ca_cert": Path(self.access["INDEX_CA_CERT"])}
        return IndexSettings(**asking | trusted | values)

    def index(self, user: str) -> ElasticWriter:
        return ElasticWriter(self.access["INDEX_URL"], self.settings(user))

    def client(self, user: str) -> Elasticsearch:
        ca, asking = self.access["INDEX_CA_CERT"], (user, self.password(user))
        return Elasticsearch(list(self.urls), ca_certs=ca, basic_auth=asking, request_timeout=60)


def copied(output: str) -> dict[str, str]:
    """The environment of a shell into which the printed lines were pasted."""
    lines = "\n".join(line for line in output.splitlines() if line.startswith("export "))
    shell = subprocess.run(
        ["bash", "-s"], input=f"{lines}\nenv -0\n", env={}, capture_output=True, text=True, check=True
    )
    return dict(pair.split("=", 1) for pair in shell.stdout.split("\0") if pair.startswith("INDEX_"))


@pytest.fixture(scope="module")
def secure(open_folder: Path) -> Iterator[SecureNodes]:
    data, port = open_folder / "secure", free_port()
    started = run_local("start", "--nodes", "3", "--secure", "--data", str(data), port=port)
    if started.returncode != 0:
        leave_out("elastic", started.stderr.strip() or "local.sh could not start three nodes with TLS")
    urls = tuple(f"https://127.0.0.1:{port + number}" for number in range(3))
    yield SecureNodes(started.stdout, data, urls, copied(started.stdout))
    run_local("stop", "--data", str(data))


@pytest.fixture
def indexer(secure: SecureNodes) -> Iterator[SearchWriter]:
    with closing(secure.index("hearsay-indexer")) as index:
        yield index


@pytest.fixture(scope="module")
def loaded(secure: SecureNodes) -> Iterator[SearchWriter]:
    """The index of the indexer with two versions, so that each forbidden change has something to change."""
    with closing(secure.index("hearsay-indexer")) as index:
        index.replace(rows("a"))
        index.replace(rows("a", "b"))
        yield index


@pytest.fixture
def page(secure: SecureNodes) -> Iterator[SearchWriter]:
    with closing(secure.index("hearsay-page")) as index:
        yield index


@pytest.fixture
def foreign(secure: SecureNodes) -> Iterator[str]:
    """A foreign index in the same cluster, with the same name prefix."""
    with secure.client("elastic") as client:
        client.index(index="cv-transcriptionsx", document={"secret": "of others"}, refresh=True)
        yield "cv-transcriptionsx"
        client.indices.delete(index="cv-transcriptionsx")


# ── the nodes ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_start_prints_the_connection_settings_and_no_password(secure: SecureNodes):
    assert secure.output.startswith(f"green: {secure.urls[0]}\n")
    assert secure.access["INDEX_URL"] == ",".join(secure.urls)
    assert secure.access["INDEX_USERNAME"] == "hearsay-indexer"
    passwords = [secure.password(user) for user in ("elastic", "hearsay-indexer", "hearsay-page")]
    assert secure.access["INDEX_PASSWORD"] == passwords[1]
    assert len(set(passwords)) == 3
    assert all(len(password) == 24 and password not in secure.output for password in passwords)


def test_secrets_are_readable_only_by_their_owner_and_not_visible_in_processes(secure: SecureNodes):
    secrets = secure.data / "secure"
    hidden = [secrets / "passwords", *(secrets / "passwords").iterdir(), *secrets.rglob("*.key")]
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in hidden)
    assert not list(secrets.rglob("ca.key")), "it is not needed again"
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert not any(secure.password(user) in shown for user in ("elastic", "hearsay-indexer", "hearsay-page"))


def test_status_is_green_over_tls_and_three_nodes_listen_only_on_loopback(secure: SecureNodes):
    output = run_local("status", "--data", str(secure.data))
    assert output.stdout.strip().splitlines()[-1] == "green"
    assert all(f"{url}, process" in output.stdout for url in secure.urls)
    with secure.client("elastic") as client:
        nodes = client.nodes.info().body["nodes"].values()
    bound = [address for node in nodes for layer in ("http", "transport") for address in node[layer]["bound_address"]]
    assert len(bound) == 6
    assert all(address.startswith("127.0.0.1:") for address in bound)


@pytest.mark.parametrize("beside", [0, 100], ids=["to-clients", "to-each-other"])
def test_nodes_use_tls(secure: SecureNodes, beside: int):
    trust = ssl.create_default_context(cafile=secure.access["INDEX_CA_CERT"])
    port = int(secure.urls[0].rpartition(":")[2]) + beside
    plain = socket.create_connection(("127.0.0.1", port))
    with trust.wrap_socket(plain, server_hostname="127.0.0.1") as private:
        assert (private.version() or "").startswith("TLSv1.")


def test_secure_data_is_not_started_without_tls_nor_plain_data_with_it(secure: SecureNodes, node: Node):
    plainly = run_local("start", "--data", str(secure.data))
    assert plainly.returncode == 1
    assert "start with --secure" in plainly.stderr
    securely = run_local("start", "--secure", "--data", str(node.data))
    assert securely.returncode == 1
    assert "start without --secure" in securely.stderr


def test_the_command_line_works_with_the_printed_settings(secure: SecureNodes, tmp_path: Path):
    (tmp_path / "clips.csv").write_text("filename,generated_text\na.mp3,the village blacksmith\nb.mp3,a captain\n")
    kept = {"DELETIONS": str(tmp_path / "deletions.jsonl"), "REJECTED_PASSAGES": str(tmp_path / "refused.jsonl")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INDEX_")}
    for words in (["load", "clips.csv"], ["search", "blacksmith", "--json"]):
        program = [sys.executable, "-P", "-m", "indexer", *words]
        known = environment | {"PYTHONPATH": str(PROJECT)} | kept | secure.access
        done = subprocess.run(program, env=known, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "the village blacksmith" in done.stdout


# ── privileges ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_indexer_user_can_load_change_and_search(indexer: SearchWriter, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(elastic_search, "WINDOW", 2)
    indexer.replace(rows("a"))
    first = indexer.about().version
    indexer.replace(rows("b", "c", "d", "e"))
    assert indexer.put(rows("f")) == 1
    assert indexer.delete(["b"]) == 1
    assert paged(indexer, transcribed("same"), 2, 2) == ["c", "d", "e", "f"]
    assert (indexer.count(), "same" in indexer.vocabulary(), bool(indexer.lexicon())) == (4, True, True)
    assert indexer.rollback().version == first
    assert ids(indexer) == ["a"]


def test_the_page_user_can_search_in_every_way(
    indexer: SearchWriter, page: SearchWriter, monkeypatch: pytest.MonkeyPatch
):
    indexer.replace(rows("a", "b", "c"))
    monkeypatch.setattr(elastic_search, "WINDOW", 1)
    assert paged(page, EVERYTHING, 1, 3) == ["a", "b", "c"]
    assert page.search(Request(transcribed("same"), facets=("age",))).facets == {"age": {"unknown": 3}}
    assert isinstance(page.get("b"), Passage)
    assert (page.count(), "same" in page.vocabulary(), bool(page.lexicon())) == (3, True, True)
    assert page.about().version == indexer.about().version


@pytest.mark.parametrize(
    "change",
    [
        lambda page: page.replace(rows("x")),
        lambda page: page.put(rows("x")),
        lambda page: page.delete(["a"]),
        lambda page: page.rollback(),
    ],
    ids=["load", "put", "delete", "rollback"],
)
def test_the_page_cannot_change_the_index_and_the_message_says_so(
    change: Callable[[SearchWriter], object], loaded: SearchWriter, page: SearchWriter
):
    before = loaded.about(), ids(loaded)
    with pytest.raises(IndexUnavailable, match=NOT_ALLOWED):
        change(page)
    assert (loaded.about(), ids(loaded)) == before


FORBIDDEN: list[Callable[[Elasticsearch], object]] = [
    lambda client: client.search(index="cv-transcriptionsx"),
    lambda client: client.index(index="cv-transcriptionsx", document={}),
    lambda client: client.indices.create(index="another"),
    lambda client: client.indices.delete(index="cv-transcriptionsx"),
    lambda client: client.indices.put_alias(index="cv-transcriptionsx", name="cv-transcriptions"),
    lambda client: client.security.get_user(),
    lambda client: client.security.put_user(username="intruder", password="long enough", roles=["superuser"]),
    lambda client: client.security.put_role(name="hearsay-page", cluster=["all"]),
    lambda client: client.cluster.put_settings(persistent={"cluster.max_shards_per_node": 2000}),
    lambda client: client.indices.put_index_template(name="x", index_patterns=["cv-*"]),
    lambda client: client.snapshot.create_repository(
        name="x", repository={"type": "fs", "settings": {"location": "x"}}
    ),
    lambda client: client.nodes.info(),
]


@pytest.mark.parametrize("user", ["hearsay-indexer", "hearsay-page"])
def test_neither_user_can_access_other_indices_users_or_the_cluster(secure: SecureNodes, foreign: str, user: str):
    with secure.client(user) as client:
        for forbidden in FORBIDDEN:
            with pytest.raises(AuthorizationException):
                forbidden(client)
        seen = client.search(index="*", size=1000)["hits"]["hits"]
    assert not [hit for hit in seen if hit["_index"] == foreign]


# ── denied access ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def count_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[dict[str, str]], str]:
    """The error of ``count`` in this environment: one line on standard error, and the exit status 1."""

    def count_error(environment: dict[str, str]) -> str:
        for name in [name for name in os.environ if name.startswith("INDEX_")]:
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert main(["count"]) == 1
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        password = environment.get("INDEX_PASSWORD")
        assert not password or password not in err
        return err

    return count_error


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"INDEX_USERNAME": ""}, "requires authentication; set INDEX_API_KEY, or INDEX_USERNAME"),
        ({"INDEX_PASSWORD": "guessed wrong"}, "does not accept this user and password"),
        ({"INDEX_USERNAME": "nobody"}, "does not accept this user and password"),
        (
            {"INDEX_API_KEY": "YW4taWQ6YS1rZXk="},
            "does not accept this API key: it is wrong, expired or invalidated",
        ),
        ({"INDEX_API_KEY": "nonsense"}, "does not accept this API key"),
        (
            {"INDEX_CA_CERT": ""},
            "signed by an authority that is not trusted here; set INDEX_CA_CERT to that authority's own",
        ),
    ],
)
def test_a_denied_user_gets_the_reason(
    count_error: Callable[[dict[str, str]], str], secure: SecureNodes, changes: dict[str, str], sentence: str
):
    assert sentence in count_error(secure.access | changes)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("https://", "http://", "closes the connection; if it requires TLS, write https:// in INDEX_URL"),
        ("127.0.0.1", "127.1", "is for another host name; use one of its names in INDEX_URL"),
        ("127.0.0.1", "0.0.0.0", "is for another"),
    ],
)
def test_a_wrong_address_is_reported_with_the_correction(
    count_error: Callable[[dict[str, str]], str], secure: SecureNodes, old: str, new: str, sentence: str
):
    assert sentence in count_error(secure.access | {"INDEX_URL": secure.urls[0].replace(old, new)})


def test_https_to_a_node_without_tls_is_reported(
    count_error: Callable[[dict[str, str]], str], secure: SecureNodes, node: Node
):
    output = count_error(secure.access | {"INDEX_URL": node.url.replace("http://", "https://")})
    assert "does not use TLS; if it is a node without TLS, write http:// in INDEX_URL" in output


def openssl(folder: Path, *words: str) -> None:
    try:
        subprocess.run(["openssl", *words], cwd=folder, capture_output=True, check=True)
    except FileNotFoundError:
        leave_out("elastic", "openssl, which makes the certificates that no node should have")


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A folder with another authority, and a certificate of it for 127.0.0.1 that has expired."""
    key = ("-newkey", "rsa:2048", "-nodes", "-subj", "/CN=another authority")
    openssl(tmp_path, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2")
    openssl(tmp_path, "req", *key, "-keyout", "node.key", "-out", "node.csr", "-addext", "subjectAltName=IP:127.0.0.1")
    signing = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-copy_extensions", "copy", "-days", "0")
    openssl(tmp_path, "x509", "-req", "-in", "node.csr", "-out", "node.crt", *signing)
    return tmp_path


@contextmanager
def served_with(folder: Path) -> Iterator[str]:
    """A TLS server with the certificate of the folder; a client that checks it closes the connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "node.crt", folder / "node.key")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            while True:
                try:
                    greeted, _ = server.accept()
                except OSError:  # closed
                    return
                try:
                    context.wrap_socket(greeted, server_side=True).close()
                except OSError:  # the client rejects the certificate
                    greeted.close()

        thread = threading.Thread(target=greet)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_an_unknown_authority_and_an_expired_certificate_have_different_messages(
    count_error: Callable[[dict[str, str]], str], secure: SecureNodes, authority: Path
):
    other = {"INDEX_CA_CERT": str(authority / "ca.crt")}
    assert "signed by an authority that is not trusted here" in count_error(secure.access | other)
    with served_with(authority) as url:
        assert f"the certificate of {url} has expired" in count_error(secure.access | other | {"INDEX_URL": url})


@pytest.mark.long
def test_passwords_and_settings_are_kept_after_a_stop(open_folder: Path):
    words, port = ("start", "--secure", "--data", str(open_folder / "secure and kept")), free_port()
    first = run_local(*words, port=port)
    assert first.returncode == 0, first.stderr
    before = copied(first.stdout)
    run_local("stop", "--data", words[-1])
    again = run_local(*words, port=port)
    assert copied(again.stdout) == before, again.stderr
    run_local("stop", "--data", words[-1])
