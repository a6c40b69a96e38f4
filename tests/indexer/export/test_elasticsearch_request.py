"""A search exported as JSON or as a command finds the same hits on a real node as the index."""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import SecretStr

from indexer.elastic.writer import ElasticWriter
from indexer.export.elasticsearch_request import EXAMPLE, as_curl, as_json
from indexer.index import Range, Request
from indexer.query.planner import Planner
from indexer.schema import FACETS
from indexer.settings import IndexSettings
from tests.support.elastic_nodes import Node
from tests.support.rows import passages

FILTERS = {"gender": frozenset({"male", "unknown"})}


def request_for(index: ElasticWriter, words: str, mode: str, **how: Any) -> Request:
    return Request(Planner(index).plan(words, mode).query, facets=FACETS, **how)


def found(answer: Any) -> tuple[int, list[str]]:
    return answer["hits"]["total"]["value"], [hit["_id"] for hit in answer["hits"]["hits"]]


@pytest.mark.elastic
@pytest.mark.parametrize("mode", ["exact", "forgiving", "sounds-like"])
@pytest.mark.parametrize("words", ["boy home", 'it\'s "a dog" -frog', "'; echo injected; '", "你好", ""])
def test_an_exported_search_finds_the_same_hits_as_the_index(
    elastic_index: ElasticWriter, node: Node, own: IndexSettings, words: str, mode: str
) -> None:
    elastic_index.replace(passages())
    for how in ({"size": 3}, {"size": 2, "page": 2, "filters": FILTERS, "ranges": {"duration": Range(1.0, 30.0)}}):
        request = request_for(elastic_index, words, mode, **how)
        result = elastic_index.search(request)
        expected = result.total, [hit.passage.id for hit in result.hits]

        sent = elastic_index._client.search(index=own.index_name, body=json.loads(as_json(request)))
        settings = own.model_copy(update={"index_url": node.url.replace("://", "://user:hidden@")})
        command = as_curl(request, settings)
        printed = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout

        assert found(sent) == found(json.loads(printed)) == expected
        assert "hidden" not in command


def curl(**given: Any) -> Sequence[str]:
    return as_curl(Request(), IndexSettings(**given)).splitlines()


def test_the_command_has_the_first_node_and_the_alias_and_no_secret() -> None:
    address, headers, *_ = curl(
        index_url="https://user:secret@one:9200,https://two:9200",
        index_name="my clips",
        index_api_key=SecretStr("secret"),
        index_ca_cert="/etc/ca.pem",
    )

    assert address.startswith(
        'curl --silent --show-error --cacert "$INDEX_CA_CERT" \'https://one:9200/my%20clips/_search?'
    )
    assert "allow_partial_search_results=false" in address
    assert '"Authorization: ApiKey $INDEX_API_KEY"' in headers
    assert "secret" not in "".join(curl(index_url="https://user:secret@one:9200", index_api_key=SecretStr("secret")))


def test_the_command_for_an_embedded_index_has_an_example_address() -> None:
    assert f"'{EXAMPLE}/cv-transcriptions/_search?" in curl(index_url="/somewhere/index")[0]


def test_a_page_beyond_the_result_window_is_exported_as_the_first_page() -> None:
    assert json.loads(as_json(Request(size=10, page=1000)))["from"] == 9990
    assert json.loads(as_json(Request(size=10, page=1001)))["from"] == 0
