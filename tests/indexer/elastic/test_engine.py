import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import pytest
from elasticsearch import Elasticsearch
from pydantic import SecretStr

from indexer.elastic import client as elastic_client
from indexer.elastic import reader as elastic_reader
from indexer.elastic import search as elastic_search
from indexer.elastic.client import shown
from indexer.elastic.query import mapping
from indexer.elastic.reader import ElasticReader
from indexer.elastic.writer import ElasticWriter
from indexer.errors import IndexIncompatible, IndexMissing, IndexUnavailable, LoadFailed, WrongRequest
from indexer.index import Request, SearchReader
from indexer.passages import Passage
from indexer.query.planner import MOST_WORDS, Planner
from indexer.query_tree import EVERYTHING
from indexer.settings import IndexSettings
from tests.support.contract import OpenIndex, ids, paged, rows, transcribed
from tests.support.contract_queries import QueriesContract
from tests.support.contract_reader import MANY, ReaderContract
from tests.support.contract_writer import WriterContract
from tests.support.elastic_nodes import Node, client_of, remove, settings
from tests.support.rows import passages
from tests.support.word_errors import rows as misrecognised_rows

PASSWORD = "not for anyone's eyes"


@pytest.fixture
def index(elastic_index: ElasticWriter) -> ElasticWriter:
    return elastic_index


def filled(node: Node, there: list[Passage], **values: Any) -> Iterator[SearchReader]:
    """A reader of a temporary index into which a writer has loaded these passages."""
    own = settings(**values)
    writer = ElasticWriter(node.url, own)
    writer.replace(there)
    writer.close()
    yield (reader := ElasticReader(node.url, own))
    reader.close()
    with client_of(node.url) as client:
        remove(client, own)


@pytest.mark.elastic
class TestElastic(QueriesContract, ReaderContract, WriterContract):
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, node: Node) -> Iterator[SearchReader]:
        yield from filled(node, passages())

    @pytest.fixture
    def many(self, node: Node) -> Iterator[SearchReader]:
        yield from filled(node, MANY)

    @pytest.fixture
    def open_index(self, node: Node, own: IndexSettings) -> OpenIndex:
        return lambda: ElasticWriter(node.url, own)


@pytest.mark.elastic
class TestElasticInShards(QueriesContract, ReaderContract):
    """The same contract with passages spread over three shards."""

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, node: Node) -> Iterator[SearchReader]:
        yield from filled(node, passages(), index_shards=3)

    @pytest.fixture
    def many(self, node: Node) -> Iterator[SearchReader]:
        yield from filled(node, MANY, index_shards=3)


@pytest.mark.elastic
@pytest.mark.parametrize("query", [EVERYTHING, transcribed("same")], ids=str)
def test_paging_continues_beyond_the_window_of_page_numbers(
    index: ElasticWriter, query: Any, monkeypatch: pytest.MonkeyPatch
):
    index.replace(rows(*(f"{number:03}" for number in range(40))))
    whole = ids(index, query)
    monkeypatch.setattr(elastic_search, "WINDOW", 7)
    assert paged(index, query, 5, 8) == whole
    assert ids(index, query, 30, 2) == whole[30:]
    assert ids(index, query, 100) == whole
    beyond = index.search(Request(query, size=5, page=30, facets=("age",)))
    assert (beyond.total, beyond.hits, beyond.facets) == (40, (), {"age": {"unknown": 40}})


@pytest.mark.elastic
def test_a_rejected_passage_is_reported_and_the_incomplete_index_is_removed(
    index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    index.replace(rows("a"))
    (good,) = rows("b")
    bad = Passage("c", "soon", None, good.row)  # type: ignore[arg-type]
    with pytest.raises(LoadFailed, match=r"1 passage was rejected.*c: .*start.*soon"):
        index.replace([good, bad])
    assert ids(index) == ["a"]
    (version,) = client.indices.get_alias(name=own.index_name).body
    assert set(client.indices.get(index=f"{own.index_name}-*").body) == {version, f"{version}-lexicon"}


@pytest.mark.elastic
def test_a_missing_lexicon_is_reported_with_the_advice_to_load_again(index: ElasticWriter, client: Elasticsearch):
    index.replace(rows("a"))
    client.indices.delete(index=f"{index.about().version}-lexicon")
    with pytest.raises(IndexMissing, match="load your files again"):
        index.lexicon()
    assert index.count() == 1, "searches without expansions are answered"


@pytest.mark.elastic
def test_the_lexicon_is_removed_with_its_version(index: ElasticWriter, own: IndexSettings, client: Elasticsearch):
    for name in "abcde":
        index.replace(rows(name))
    names = sorted(client.indices.get(index=f"{own.index_name}-*").body)
    versions = [name for name in names if not name.endswith("-lexicon")]
    assert len(versions) == own.index_versions
    assert names == sorted([*versions, *(f"{name}-lexicon" for name in versions)])


@pytest.mark.elastic
def test_a_search_with_the_maximum_number_of_words_is_answered(index: ElasticWriter):
    """Each word has all its expansions, which gives the largest possible query."""
    index.replace(passages(tuple(misrecognised_rows(300))))
    words = " ".join(dict.fromkeys(word for row in misrecognised_rows(300) for word in row.text.split()))
    typed = f"{words} {' '.join(f'word{number}' for number in range(MOST_WORDS))}"
    plan = Planner(index).plan(typed)
    assert len(plan.terms) == MOST_WORDS
    assert plan.candidates is not None
    assert index.search(Request(plan.query)).total == index.search(Request(plan.candidates)).total == 0
    assert index.search(Request(Planner(index).plan(typed, "any").query)).total == 300


@pytest.mark.elastic
def test_many_rejections_are_counted_and_the_first_are_named(index: ElasticWriter):
    (good,) = rows("b")
    bad = [Passage(f"c{number}", "soon", None, good.row) for number in range(9)]  # type: ignore[arg-type]
    with pytest.raises(LoadFailed, match="9 passages were rejected") as caught:
        index.replace(bad)
    assert "c2" in str(caught.value)
    assert "c3" not in str(caught.value)


@pytest.mark.elastic
def test_an_index_left_by_a_killed_load_is_not_a_version_and_is_removed_by_the_next_load(
    index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    index.replace(rows("a"))
    half = f"{own.index_name}-20000101000000000000"
    client.indices.create(index=half, mappings=mapping(None))
    with pytest.raises(IndexMissing, match="no version before"):
        index.rollback()
    index.replace(rows("b"))
    assert half not in client.indices.get(index=f"{own.index_name}-*").body


@pytest.mark.elastic
def test_a_load_restores_the_index_settings(index: ElasticWriter, client: Elasticsearch):
    index.replace(rows("a"))
    version = index.about().version
    restored = client.indices.get_settings(index=version).body[version]["settings"]["index"]
    assert restored["auto_expand_replicas"] == "0-1"
    assert "refresh_interval" not in restored
    assert client.cluster.health(index=version)["status"] == "green"


@pytest.mark.elastic
def test_another_index_with_the_same_prefix_is_not_removed(
    index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    other = f"{own.index_name}-of-somebody-else"
    client.indices.create(index=other)
    for name in "abcdef":
        index.replace(rows(name))
    assert client.indices.exists(index=other)


@pytest.mark.elastic
def test_the_mapping_rejects_unknown_fields(index: ElasticWriter, client: Elasticsearch):
    index.replace(passages())
    meta = client.indices.get_mapping(index=index.about().version).body[index.about().version]["mappings"]
    assert meta["dynamic"] == "strict"
    analyzers = {member.get("analyzer") for member in meta["properties"].values()}
    assert analyzers <= {None, "standard", "whitespace"}, "the minimal distribution has no other modules"


@pytest.mark.elastic
def test_transcripts_and_unknown_columns_can_be_searched_with_plain_requests(
    index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    index.replace(passages())
    by_hand = client.search(index=own.index_name, query={"match_phrase": {"generated_text": "boy runs home"}})
    assert by_hand["hits"]["total"]["value"] == 3
    dotted = client.search(index=own.index_name, query={"term": {"extra.a.b.c": "dots"}})
    assert [hit["_id"] for hit in dotted["hits"]["hits"]] == ["set/c1.mp3"]
    assert "tokens" not in dotted["hits"]["hits"][0]["_source"]


@pytest.mark.elastic
def test_an_index_of_another_version_must_be_loaded_again(
    node: Node, index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    index.replace(rows("a"))
    client.indices.put_mapping(index=own.index_name, meta={"schema": 0})
    other = ElasticWriter(node.url, own)
    with pytest.raises(IndexIncompatible, match="load your files again"):
        other.search(Request())
    other.close()


@pytest.mark.elastic
def test_a_reader_notices_a_load_by_another_version_of_hearsay(
    index: ElasticWriter, client: Elasticsearch, own: IndexSettings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(elastic_reader, "_SECONDS_CHECKED", 600.0)
    index.replace(rows("a"))
    assert index.count() == 1
    client.indices.put_mapping(index=own.index_name, meta={"schema": 99})
    assert index.count() == 1, "the result of the check is cached"
    monkeypatch.setattr(elastic_reader, "_SECONDS_CHECKED", 0.0)
    with pytest.raises(IndexIncompatible, match="load your files again"):
        index.count()


# ── the connection ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_creating_an_index_object_does_not_connect(tmp_path: Path):
    index = ElasticWriter("https://nowhere.invalid:9200", settings(index_ca_cert=tmp_path / "missing.pem"))
    with pytest.raises(IndexUnavailable):  # only the first request needs the certificate
        index.count()
    index.close()


def test_an_unreachable_address_is_reported_without_its_password():
    address = f"http://loader:{PASSWORD.replace(' ', '%20')}@127.0.0.1:1"
    index = ElasticWriter(address, settings())
    with pytest.raises(IndexUnavailable, match=r"no response from http://127\.0\.0\.1:1; start") as caught:
        index.count()
    chain = [str(caught.value), *(repr(error) for error in pairwise([caught.value, caught.value.__cause__]))]
    assert not any("eyes" in part for part in chain)
    index.close()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://host", "names no port"),
        ("https://me:secret@host:port", "no port number"),
        ("http://:9200", "cannot be used"),
    ],
)
def test_an_invalid_address_is_reported_with_the_reason(address: str, sentence: str):
    with pytest.raises(WrongRequest, match=sentence) as caught:
        ElasticWriter(address, settings()).count()
    assert "secret" not in str(caught.value)


def test_a_missing_certificate_is_reported_with_its_file(tmp_path: Path):
    index = ElasticWriter("https://localhost:9200", settings(index_ca_cert=tmp_path / "ca.pem"))
    with pytest.raises(IndexUnavailable, match=r"INDEX_CA_CERT is .*ca\.pem"):
        index.count()


def test_an_address_is_displayed_without_user_and_password():
    assert shown("https://me:secret@host:9200/path") == "https://host:9200/path"
    assert shown("http://host:9200") == "http://host:9200"


class Answers:
    """A real HTTP server with one answer for every request; it records the credentials."""

    def __init__(self, status: int, product: bool = True) -> None:
        self.authorizations: list[str | None] = []
        answers = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answers.authorizations.append(self.headers["Authorization"])
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                self.send_response(status)
                if product:
                    self.send_header("X-Elastic-Product", "Elasticsearch")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_POST = do_GET  # noqa: N815 - the library's spelling

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (401, IndexUnavailable, "set INDEX_API_KEY, or INDEX_USERNAME"),
        (403, IndexUnavailable, "does not allow this"),
        (429, IndexUnavailable, "too busy"),
        (503, IndexUnavailable, "too busy or not ready"),
        (418, IndexUnavailable, "status 418"),
        (400, IndexUnavailable, "rejects this request"),
    ],
)
def test_error_statuses_are_reported_with_advice(status: int, error: type[Exception], sentence: str):
    with Answers(status) as server:
        index = ElasticWriter(server.url, settings())
        with pytest.raises(error, match=sentence):
            index.count()
        index.close()


def test_a_server_other_than_elasticsearch_is_reported():
    with Answers(200, product=False) as server:
        index = ElasticWriter(server.url, settings())
        with pytest.raises(IndexUnavailable, match="not an Elasticsearch"):
            index.count()
        index.close()


@pytest.mark.parametrize(
    ("values", "header"),
    [
        ({"index_api_key": SecretStr("a-key"), "index_username": "me"}, "ApiKey a-key"),
        ({"index_username": "me", "index_password": SecretStr("pw")}, "Basic bWU6cHc="),
        ({}, "Basic dXM6ciBl"),
    ],
)
def test_an_api_key_takes_precedence_over_a_user_and_settings_over_the_address(values: dict[str, Any], header: str):
    with Answers(401) as server:
        index = ElasticWriter(server.url.replace("//", "//us:r%20e@"), settings(**values))
        with pytest.raises(IndexUnavailable):
            index.count()
        index.close()
    assert set(server.authorizations) == {header}


def test_a_server_that_accepts_and_never_responds_is_reported_after_a_time_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(elastic_client, "_SECONDS", 0.2)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:
        index = ElasticWriter(f"http://127.0.0.1:{silent.server_port}", settings())
        with pytest.raises(IndexUnavailable, match="did not respond in time"):
            index.count()
        index.close()
