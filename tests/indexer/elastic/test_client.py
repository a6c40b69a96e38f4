"""The way to an Elasticsearch: several nodes in one address, one of which may be gone, and nothing secret is shown."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from indexer.elastic.client import connect, shown
from indexer.errors import IndexUnavailable, WrongRequest
from indexer.index import Request
from indexer.open import open_writer
from indexer.settings import IndexSettings
from tests.support.contract import rows
from tests.support.elastic_nodes import Node, free_port


def hosts(address: str, **values: object) -> list[str]:
    """The nodes that a client would ask; nothing is sent."""
    with connect(address, IndexSettings(**values)) as client:  # type: ignore[arg-type]
        return sorted(node.base_url for node in client.transport.node_pool.all())


def refusal(address: str) -> str:
    with pytest.raises(WrongRequest) as caught:
        connect(address, IndexSettings())
    return str(caught.value)


def test_an_address_may_name_several_nodes():
    assert hosts("http://a:9200,http://b:9201, http://c:9202") == ["http://a:9200", "http://b:9201", "http://c:9202"]


@pytest.mark.elastic
def test_where_one_node_does_not_answer_the_next_is_asked(node: Node):
    address = f"http://127.0.0.1:{free_port()},http://127.0.0.1:{free_port()},{node.url}"
    index = open_writer(IndexSettings(index_name="cv-test-several-nodes"), address)
    try:
        index.replace(rows("a"))
        assert index.search(Request()).total == 1
    finally:
        with connect(node.url, IndexSettings()) as client:
            client.indices.delete(
                index=list(client.indices.get(index="cv-test-several-nodes-*", expand_wildcards="all").body)
            )
        index.close()


def test_all_nodes_are_shown_and_none_with_its_password():
    assert shown("https://me:secret@a:9200,https://you:pass,word@b:9200/x") == "https://a:9200,https://b:9200/x"


def test_a_password_that_breaks_its_address_is_not_shown_either():
    assert shown("http://me:se/cret@a:9200") == "http://a:9200"
    assert "cret" not in refusal("http://me:se/cret@a:9200")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("https://a:9200,http://b:9200", "mixes http:// and https://"),
        ("https://a:9200,https://b", "https://b names no port"),
        ("https://a:9200,b:9200", "has no port number"),
        ("https://me:secret@a:9200,ftp://you:hidden@b:9200", "ftp://b:9200 cannot be used"),
        ("http://[::1:9200", "has no port number"),
        ("http://a:99999", "has no port number"),
    ],
)
def test_each_node_has_to_be_an_address_and_all_of_one_kind(address: str, sentence: str):
    said = refusal(address)
    assert sentence in said
    assert "secret" not in said
    assert "hidden" not in said


def test_schemes_may_be_in_capitals_and_a_comma_may_stand_at_the_end():
    assert hosts("HTTPS://a:9200, Https://b:9201,") == ["https://a:9200", "https://b:9201"]
    index = open_writer(IndexSettings(), "HTTP://127.0.0.1:1")
    with pytest.raises(IndexUnavailable, match="no response from"):
        index.count()
    index.close()


@pytest.mark.parametrize("address", ["127.0.0.1:9200", "me:secret@localhost:9200/", "es01:9200,es02:9200"])
def test_an_address_without_its_scheme_is_not_taken_for_a_folder(address: str):
    with pytest.raises(
        WrongRequest, match=r"is not a folder; for Elasticsearch write http://\w.* or https://\w"
    ) as caught:
        open_writer(IndexSettings(), address)
    assert "secret" not in str(caught.value)


def test_an_index_that_is_nowhere_is_refused_without_its_password():
    with pytest.raises(WrongRequest, match="ftp://host:9200 is neither") as caught:
        open_writer(IndexSettings(), "ftp://me:secret@host:9200")
    assert "secret" not in str(caught.value)


def test_the_first_address_may_say_who_asks_for_all_nodes():
    with connect("http://me:pass%2Cword@a:9200,http://b:9200", IndexSettings()) as client:
        sent = client._headers["authorization"]
    with connect("http://a:9200", IndexSettings(index_username="me", index_password=SecretStr("pass,word"))) as client:
        assert client._headers["authorization"] == sent


def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path):
    (tmp_path / "ca.pem").write_text("no certificate\n")
    with pytest.raises(IndexUnavailable, match=r"INDEX_CA_CERT is .*ca\.pem, which is not a readable PEM file"):
        connect("https://a:9200", IndexSettings(index_ca_cert=tmp_path / "ca.pem"))


@pytest.mark.parametrize("key", ["two words", "two\nlines", "clé"])
def test_an_api_key_that_is_none_is_refused_and_not_shown(key: str):
    with pytest.raises(WrongRequest, match="INDEX_API_KEY is not an API key") as caught:
        connect("http://a:9200", IndexSettings(index_api_key=SecretStr(key)))
    assert key not in str(caught.value)


def test_an_api_key_may_have_been_pasted_with_the_end_of_its_line():
    with connect("http://a:9200", IndexSettings(index_api_key=SecretStr("a2V5=\n"))) as client:
        assert client._headers["authorization"] == "ApiKey a2V5="
