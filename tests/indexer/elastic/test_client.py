"""Connecting to Elasticsearch: several nodes in one address, unavailable nodes, and hidden secrets."""

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
    """The nodes that a client would use; nothing is sent."""
    with connect(address, IndexSettings(**values)) as client:  # type: ignore[arg-type]
        return sorted(node.base_url for node in client.transport.node_pool.all())


def refusal(address: str) -> str:
    with pytest.raises(WrongRequest) as caught:
        connect(address, IndexSettings())
    return str(caught.value)


def test_an_address_can_contain_several_nodes():
    assert hosts("http://a:9200,http://b:9201, http://c:9202") == ["http://a:9200", "http://b:9201", "http://c:9202"]


@pytest.mark.elastic
def test_the_next_node_is_used_if_one_does_not_respond(node: Node):
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


def test_all_nodes_are_displayed_without_their_passwords():
    assert shown("https://me:secret@a:9200,https://you:pass,word@b:9200/x") == "https://a:9200,https://b:9200/x"


def test_a_password_that_makes_an_address_invalid_is_not_displayed():
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
def test_invalid_node_addresses_and_mixed_schemes_are_rejected(address: str, sentence: str):
    message = refusal(address)
    assert sentence in message
    assert "secret" not in message
    assert "hidden" not in message


def test_schemes_in_capitals_and_a_trailing_comma_are_accepted():
    assert hosts("HTTPS://a:9200, Https://b:9201,") == ["https://a:9200", "https://b:9201"]
    index = open_writer(IndexSettings(), "HTTP://127.0.0.1:1")
    with pytest.raises(IndexUnavailable, match="no response from"):
        index.count()
    index.close()


@pytest.mark.parametrize("address", ["127.0.0.1:9200", "me:secret@localhost:9200/", "es01:9200,es02:9200"])
def test_an_address_without_a_scheme_is_not_treated_as_a_folder(address: str):
    with pytest.raises(
        WrongRequest, match=r"is not a folder; for Elasticsearch write http://\w.* or https://\w"
    ) as caught:
        open_writer(IndexSettings(), address)
    assert "secret" not in str(caught.value)


def test_an_address_with_an_unsupported_scheme_is_rejected_without_its_password():
    with pytest.raises(WrongRequest, match="ftp://host:9200 is neither") as caught:
        open_writer(IndexSettings(), "ftp://me:secret@host:9200")
    assert "secret" not in str(caught.value)


def test_the_credentials_of_the_first_address_apply_to_all_nodes():
    with connect("http://me:pass%2Cword@a:9200,http://b:9200", IndexSettings()) as client:
        sent = client._headers["authorization"]
    with connect("http://a:9200", IndexSettings(index_username="me", index_password=SecretStr("pass,word"))) as client:
        assert client._headers["authorization"] == sent


def test_an_unreadable_certificate_is_reported_with_its_file(tmp_path: Path):
    (tmp_path / "ca.pem").write_text("no certificate\n")
    with pytest.raises(IndexUnavailable, match=r"INDEX_CA_CERT is .*ca\.pem, which is not a readable PEM file"):
        connect("https://a:9200", IndexSettings(index_ca_cert=tmp_path / "ca.pem"))


@pytest.mark.parametrize("key", ["two words", "two\nlines", "clé"])
def test_an_invalid_api_key_is_rejected_and_not_displayed(key: str):
    with pytest.raises(WrongRequest, match="INDEX_API_KEY is not an API key") as caught:
        connect("http://a:9200", IndexSettings(index_api_key=SecretStr(key)))
    assert key not in str(caught.value)


def test_an_api_key_with_a_trailing_newline_is_accepted():
    with connect("http://a:9200", IndexSettings(index_api_key=SecretStr("a2V5=\n"))) as client:
        assert client._headers["authorization"] == "ApiKey a2V5="
