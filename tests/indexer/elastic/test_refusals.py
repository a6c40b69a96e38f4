"""A rejection by Elasticsearch is reported with its reason, and the previous version is still served."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from indexer.elastic.writer import ElasticWriter
from indexer.errors import IndexerError, IndexMissing, IndexUnavailable, LoadFailed, WrongRequest
from indexer.index import Request
from indexer.passages import Passage
from indexer.settings import IndexSettings
from tests.support.contract import ids, rows
from tests.support.elastic_nodes import Node, settings
from tests.support.proxy import OF_ELASTICSEARCH, Answer, proxied

pytestmark = pytest.mark.elastic

RIGHTS = "user or key"
MANY = 1200


def interrupted(then: Callable[[], object]) -> Iterator[Passage]:
    """Passages for three bulk requests, with a call before the last of them."""
    for at, passage in enumerate(rows(*(f"c{number:04}" for number in range(MANY)))):
        if at == MANY - 100:
            then()
        yield passage


@contextmanager
def cluster_setting(client: Elasticsearch, name: str, value: object) -> Iterator[None]:
    client.cluster.put_settings(persistent={name: value})
    try:
        yield
    finally:
        client.cluster.put_settings(persistent={name: None})


@contextmanager
def block(client: Elasticsearch, index: str, name: str) -> Iterator[None]:
    client.indices.put_settings(index=index, settings={name: True})
    try:
        yield
    finally:
        client.indices.put_settings(index=index, settings={name: None})


def refusal(change: Callable[[], object], error: type[IndexerError] = IndexUnavailable) -> str:
    with pytest.raises(error) as caught:
        change()
    message = str(caught.value)
    assert RIGHTS not in message
    return message


# ── blocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("cluster.blocks.read_only", "the cluster is set read-only (cluster.blocks.read_only) at http://"),
        ("cluster.blocks.read_only_allow_delete", "the cluster is set to allow only reads and deletions"),
    ],
)
def test_a_read_only_cluster_is_reported(elastic_index: ElasticWriter, client: Elasticsearch, name: str, sentence: str):
    elastic_index.replace(rows("a"))
    elastic_index.replace(rows("b"))
    current = elastic_index.about().version
    with cluster_setting(client, name, True):
        for change in (
            lambda: elastic_index.replace(rows("c")),
            lambda: elastic_index.put(rows("c")),
            lambda: elastic_index.delete(["b"]),
            elastic_index.rollback,
        ):
            message = refusal(change)
            assert sentence in message
            assert f'PUT /_cluster/settings {{"persistent": {{"{name}": null}}}}' in message
        assert ids(elastic_index) == ["b"]
    assert elastic_index.about().version == current
    elastic_index.replace(rows("c"))
    assert ids(elastic_index) == ["c"]


def test_a_cluster_set_read_only_during_a_load_still_serves_the_previous_version(
    elastic_index: ElasticWriter, client: Elasticsearch
):
    elastic_index.replace(rows("a"))
    current = elastic_index.about().version
    name = "cluster.blocks.read_only"
    try:
        passages = interrupted(lambda: client.cluster.put_settings(persistent={name: True}))
        message = refusal(lambda: elastic_index.replace(passages))
        assert "the cluster is set read-only" in message
        assert elastic_index.about().version == current
        assert ids(elastic_index) == ["a"]
    finally:
        client.cluster.put_settings(persistent={name: None})


@pytest.mark.parametrize("name", ["index.blocks.read_only", "index.blocks.write"])
def test_a_put_into_a_read_only_index_names_the_index_and_the_block(
    elastic_index: ElasticWriter, client: Elasticsearch, name: str
):
    elastic_index.replace(rows("a"))
    version = elastic_index.about().version
    with block(client, version, name):
        message = refusal(lambda: elastic_index.put(rows("b")))
    assert f"the index {version} is" in message or f"to the index {version} is" in message
    assert f"({name})" in message
    assert f'PUT /{version}/_settings {{"{name}": null}}' in message
    assert "rejected, listed" not in message, "no passage caused the error"
    assert ids(elastic_index) == ["a"]


@pytest.mark.parametrize("name", ["index.blocks.read_only", "index.blocks.metadata"])
def test_a_version_that_cannot_be_replaced_is_reported_before_a_load_writes_anything(
    elastic_index: ElasticWriter, client: Elasticsearch, name: str
):
    def never() -> Iterator[Passage]:
        raise AssertionError("the load continued")
        yield

    elastic_index.replace(rows("a"))
    version = elastic_index.about().version
    with block(client, version, name):
        message = refusal(lambda: elastic_index.replace(never()))
    assert f"{version} " in message
    assert f"({name})" in message
    assert ids(elastic_index) == ["a"]


def test_a_search_in_an_index_with_a_read_block_names_the_index(elastic_index: ElasticWriter, client: Elasticsearch):
    elastic_index.replace(rows("a"))
    version = elastic_index.about().version
    with block(client, version, "index.blocks.read"):
        message = refusal(lambda: elastic_index.search(Request()))
    assert f"reading the index {version} is blocked (index.blocks.read)" in message


def test_a_closed_index_is_reported_with_the_request_that_opens_it(elastic_index: ElasticWriter, client: Elasticsearch):
    elastic_index.replace(rows("a"))
    version = elastic_index.about().version
    client.indices.close(index=version)
    for ask in (
        elastic_index.count,
        lambda: elastic_index.search(Request()),
        lambda: list(elastic_index.walk(Request())),
    ):
        message = refusal(ask)
        assert f"the index {version} at http://" in message
        assert f"is closed, so Elasticsearch rejects this; open it with POST /{version}/_open" in message
    client.indices.open(index=version)
    assert ids(elastic_index) == ["a"]


def test_a_rollback_from_a_closed_version_serves_the_previous_one(elastic_index: ElasticWriter, client: Elasticsearch):
    elastic_index.replace(rows("a"))
    elastic_index.replace(rows("b"))
    version = elastic_index.about().version
    client.indices.close(index=version)
    elastic_index.rollback()
    assert ids(elastic_index) == ["a"]
    assert not client.indices.exists(index=version, expand_wildcards="all")


def test_the_block_of_a_full_disk_is_reported_as_a_full_disk(elastic_index: ElasticWriter, client: Elasticsearch):
    elastic_index.replace(rows("a"))
    with block(client, f"{elastic_index.about().version}-lexicon", "index.blocks.read_only_allow_delete"):
        message = refusal(lambda: elastic_index.put(rows("b")), LoadFailed)
    assert "the disk of an Elasticsearch node is nearly full" in message


def test_a_cluster_at_its_shard_limit_is_reported_and_the_previous_version_is_served(
    elastic_index: ElasticWriter, client: Elasticsearch
):
    elastic_index.replace(rows("a"))
    with cluster_setting(client, "cluster.max_shards_per_node", 1):
        message = refusal(lambda: elastic_index.replace(rows("b")), LoadFailed)
    assert "accepts no new index" in message
    assert "and a limit of 1;" in message
    assert "raise cluster.max_shards_per_node" in message
    assert ids(elastic_index) == ["a"]


def test_an_invalid_index_name_is_reported_with_its_setting(node: Node):
    index = ElasticWriter(node.url, settings(index_name="CV-Upper"))
    message = refusal(lambda: index.replace(rows("a")), WrongRequest)
    assert message.startswith("INDEX_NAME is CV-Upper, which Elasticsearch does not allow")
    assert "must be lowercase" in message
    index.close()


# ── index templates ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ({"settings": {"index.mapping.total_fields.limit": 3}}, "Limit of total fields [3] has been exceeded"),
        ({"settings": {"index.sort.field": "untranscribed"}}, "unknown index sort field:[untranscribed]"),
        ({"settings": {"index.default_pipeline": "missing"}}, "the setting index.default_pipeline (missing)"),
        ({"settings": {"index.blocks.write": True}}, "the setting index.blocks.write (true)"),
        ({"settings": {"index.hidden": True}}, "the setting index.hidden (true)"),
        ({"mappings": {"_routing": {"required": True}}}, "_routing in its mapping"),
        ({"aliases": {"{alias}": {}}}, "the alias {alias}"),
    ],
)
def test_an_index_template_that_breaks_a_load_is_named_and_the_previous_version_is_served(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch, template: dict[str, Any], sentence: str
):
    elastic_index.replace(rows("a"))
    current = elastic_index.about().version
    alias, name = own.index_name, f"template-{own.index_name}"
    spelled = json.loads(json.dumps(template).replace("{alias}", alias))
    client.indices.put_index_template(name=name, index_patterns=[f"{alias}-2*"], priority=500, template=spelled)
    try:
        message = refusal(lambda: elastic_index.replace(rows("b")), LoadFailed)
    finally:
        client.indices.delete_index_template(name=name)
    assert f"the index template {name} of the cluster" in message
    assert sentence.replace("{alias}", alias) in message
    assert elastic_index.about().version == current
    assert ids(elastic_index) == ["a"]
    assert list(client.indices.get(index=f"{alias}-2*", expand_wildcards="all").body) == [current, f"{current}-lexicon"]


def test_a_harmless_index_template_is_accepted(elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch):
    name = f"template-{own.index_name}"
    harmless = {"settings": {"index.codec": "best_compression", "index.number_of_replicas": 1}}
    client.indices.put_index_template(
        name=name, index_patterns=[f"{own.index_name}-*"], priority=500, template=harmless
    )
    try:
        elastic_index.replace(rows("a"))
    finally:
        client.indices.delete_index_template(name=name)
    assert ids(elastic_index) == ["a"]


# ── responses that a test node cannot produce ────────────────────────────────────────────────────────────────────────


def of_elasticsearch(status: int, error: object) -> Answer:
    return Answer(status, json.dumps({"error": error, "status": status}).encode(), OF_ELASTICSEARCH)


def page(status: int, title: str, **headers: str) -> Answer:
    body = f"<html><head><title>{title}</title></head><body>{'blah ' * 400}</body></html>".encode()
    return Answer(status, body, {"Content-Type": "text/html"} | headers)


NO_SUCH_PATH = Answer(404, b"no such path", {"Content-Type": "text/plain"})
OPENSEARCH = Answer(
    406,
    b'{"error":"Content-Type header [application/vnd.elasticsearch+json; compatible-with=9] is not supported",'
    b'"status":406}',
    {"Content-Type": "application/json"},
)
ELASTICSEARCH_8 = of_elasticsearch(
    400,
    {
        "root_cause": [{"type": "media_type_header_exception", "reason": "Invalid media-type value on headers"}],
        "type": "media_type_header_exception",
        "reason": "Invalid media-type value on headers [Content-Type, Accept]",
        "caused_by": {
            "type": "status_exception",
            "reason": "Accept version must be either version 8 or 7, but found 9. Accept=application/vnd.elasticsearch",
        },
    },
)
BREAKER = {
    "type": "circuit_breaking_exception",
    "reason": "[parent] Data too large, data for [<http_request>] would be [512/512mb], which is larger than the limit",
    "durability": "TRANSIENT",
}
REJECTED = {"type": "es_rejected_execution_exception", "reason": "rejected execution of TimedRunnable on queue"}
UNAUTHORIZED = {
    "type": "security_exception",
    "reason": "action [indices:admin/create] is unauthorized for user [me] with effective roles [reader]",
}
LICENCE = {"type": "security_exception", "reason": "current license is non-compliant for [security]"}
EXPIRED = {
    "type": "security_exception",
    "reason": "unable to authenticate with provided credentials and anonymous access is not allowed for this request",
    "additional_unsuccessful_credentials": "API key: api key is expired",
}
WITHDRAWN = EXPIRED | {"additional_unsuccessful_credentials": "API key: api key [VuaCfG] has been invalidated"}
STRANGE = {"type": "never_seen_exception", "reason": "the moon is not full", "caused_by": {"type": "x", "reason": "y"}}
STARTING = {"type": "cluster_block_exception", "reason": "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered];"}
MASTERLESS = {"type": "master_not_discovered_exception", "reason": None}
OTHER_BLOCK = {"type": "cluster_block_exception", "reason": "index [cv] blocked by: [FORBIDDEN/77/frozen by hand];"}


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (
            ELASTICSEARCH_8,
            IndexUnavailable,
            r"not an Elasticsearch that this client supports; version 9 is required, .* 8;",
        ),
        (OPENSEARCH, IndexUnavailable, "not an Elasticsearch that this client supports; version 9 is required"),
        (
            page(200, "It works!"),
            IndexUnavailable,
            "not an Elasticsearch that this client supports; version 9 is required",
        ),
        (page(404, "404 Not Found"), IndexUnavailable, r"\(status 404, “404 Not Found”\) is not an Elasticsearch"),
        (page(404, "An error occurred"), IndexUnavailable, r"“An error occurred”\) is not an Elasticsearch"),
        (
            NO_SUCH_PATH,
            IndexUnavailable,
            r"\(status 404, “no such path”\) is not an Elast",
        ),
        (
            page(502, "502 Bad Gateway"),
            IndexUnavailable,
            r"a proxy at .* gets no response .* \(status 502, “502 Bad Gat",
        ),
        (page(503, "Service Unavailable"), IndexUnavailable, "a proxy at .* gets no response from Elasticsearch"),
        (page(403, "403 Forbidden"), IndexUnavailable, r"a server in front of Elasticsearch .* “403 Forbidden”\); ask"),
        (
            page(301, "Moved", Location="https://elsewhere:9200/"),
            IndexUnavailable,
            "redirects to https://elsewhere:9200/",
        ),
        (of_elasticsearch(429, BREAKER), IndexUnavailable, r"it lacks memory .*Data too large"),
        (of_elasticsearch(429, REJECTED), IndexUnavailable, "too busy and accepts no more requests"),
        (of_elasticsearch(403, LICENCE), IndexUnavailable, "the licence of the cluster .* non-compliant"),
        (of_elasticsearch(401, EXPIRED), IndexUnavailable, "the API key for .* has expired"),
        (of_elasticsearch(401, WITHDRAWN), IndexUnavailable, "the API key for .* was invalidated"),
        (of_elasticsearch(503, STARTING), IndexUnavailable, "is still starting"),
        (of_elasticsearch(503, MASTERLESS), IndexUnavailable, "has no elected master"),
        (of_elasticsearch(403, OTHER_BLOCK), IndexUnavailable, r"blocks this: index \[cv\] .*frozen by hand"),
        (of_elasticsearch(403, STRANGE), IndexUnavailable, r"does not allow this \(the moon is not full \(y\)\)"),
        (of_elasticsearch(500, STRANGE), IndexUnavailable, r"responds with status 500 \(the moon is not full"),
        (of_elasticsearch(400, STRANGE), IndexUnavailable, r"rejects this request \(the moon is not full"),
        (of_elasticsearch(404, {"type": "index_not_found_exception"}), IndexMissing, "there is no index"),
    ],
)
def test_searches_and_loads_report_the_reason_in_an_error_response(
    node: Node, answer: Answer, error: type[IndexerError], sentence: str
):
    with proxied(node.url, plays=lambda _: answer) as proxy:
        index = ElasticWriter(proxy.url, settings())
        for ask in (index.count, lambda: index.search(Request())):
            with pytest.raises(error, match=sentence) as caught:
                ask()
            assert RIGHTS not in str(caught.value)
        if error is not IndexMissing:
            with pytest.raises(error, match=sentence):
                index.replace(rows("a"))
        index.close()


def test_a_missing_privilege_is_reported_with_the_reason_from_elasticsearch(node: Node):
    with proxied(node.url, plays=lambda _: of_elasticsearch(403, UNAUTHORIZED)) as proxy:
        index = ElasticWriter(proxy.url, settings(index_name="cv"))
        with pytest.raises(IndexUnavailable) as caught:
            index.replace(rows("a"))
        index.close()
    assert "requires the privileges read and view_index_metadata on cv and cv-*, loading also write and manage" in str(
        caught.value
    )
    assert "[indices:admin/create] is unauthorized for user [me]" in str(caught.value)
