"""A proxy with a limit on the request size: large requests are split."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from string import ascii_lowercase

import pytest
from elasticsearch import Elasticsearch

from hearsay.records.clip import ClipRow
from indexer.elastic import bulk as elastic_bulk
from indexer.elastic.writer import ElasticWriter
from indexer.errors import LoadFailed
from indexer.passages import Passage, passages_of
from indexer.settings import IndexSettings
from tests.support.contract import ids, rows
from tests.support.elastic_nodes import Node
from tests.support.proxy import Proxy, proxied

pytestmark = pytest.mark.elastic

TEXT = "then why should they be surprised when they see one " * 20
LIMIT = 30_000


def long(number: int) -> list[Passage]:
    """Passages of about 2 kB each."""
    return [one for at in range(number) for one in passages_of(ClipRow(f"c{at:04}.wav", generated_text=TEXT))]


@contextmanager
def behind(node: Node, own: IndexSettings, limit: int) -> Iterator[tuple[Proxy, ElasticWriter]]:
    """An index behind a proxy."""
    with proxied(node.url, limit) as proxy:
        index = ElasticWriter(proxy.url, own)
        yield proxy, index
        index.close()


def bulks(requests: list[tuple[str, int]]) -> list[int]:
    return [size for request, size in requests if "/_bulk" in request]


def test_a_load_is_split_into_smaller_requests_if_a_proxy_rejects_large_ones(node: Node, own: IndexSettings):
    with behind(node, own, LIMIT) as (proxy, index):
        assert index.replace(long(600)) == 600
        assert index.count() == 600
    assert max(bulks(proxy.refused)) > 500_000
    assert max(bulks(proxy.passed)) <= LIMIT
    assert len(bulks(proxy.refused)) <= 12, "the smaller size is used for the rest of the load"


def test_put_and_delete_are_split_into_smaller_requests(node: Node, own: IndexSettings):
    with behind(node, own, LIMIT) as (proxy, index):
        index.replace(rows("a"))
        assert index.put(long(300)) == 300
        assert index.count() == 301
        names = [f"c{at:04}.wav" for at in range(300)]
        proxy.limit = 2_000
        assert index.delete(names) == 300
        assert ids(index) == ["a"]
    assert min(bulks(proxy.refused)) < 30_000


def test_a_document_that_is_too_large_is_reported_and_the_others_are_put(node: Node, own: IndexSettings):
    huge = list(passages_of(ClipRow("huge.wav", generated_text="so", extra={"note": "x" * 40_000})))
    with behind(node, own, LIMIT) as (_, index):
        index.replace(rows("a"))
        with pytest.raises(LoadFailed, match="the previous index is still served") as caught:
            index.replace([*long(40), *huge])
        assert ids(index) == ["a"]
        with pytest.raises(LoadFailed, match="; 1 other change was made"):
            index.put([*huge, *rows("b")])
        assert ids(index) == ["a", "b"]
    said = str(caught.value)
    assert said.startswith("1 passage was rejected")
    assert "huge.wav: its 40," in said
    assert "nginx" in said
    assert "client_max_body_size" in said
    (line,) = own.rejected_passages.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["id"] == "huge.wav"


def test_a_lexicon_too_large_for_one_request_is_stored_in_parts(node: Node, own: IndexSettings, client: Elasticsearch):
    chance = Random(1)
    texts = ["".join(chance.choices(ascii_lowercase, k=9)) for _ in range(3000)]
    many = [one for at, text in enumerate(texts) for one in passages_of(ClipRow(f"c{at}", generated_text=text))]
    direct = ElasticWriter(node.url, own)
    direct.replace(many)
    whole = direct.lexicon().to_bytes()
    with behind(node, own, 9_000) as (_, index):
        index.replace(many)
        assert index.lexicon().to_bytes() == whole
        index.put(passages_of(ClipRow("new.wav", generated_text="untranscribedof")))
        assert "untranscribedof" in index.lexicon().words
        words = f"{index.about().version}-lexicon"
    assert "untranscribedof" in direct.lexicon().words
    client.indices.refresh(index=words)
    in_parts = client.count(index=words)["count"]
    direct.put(passages_of(ClipRow("later.wav", generated_text="afterwards")))
    assert "afterwards" in direct.lexicon().words
    direct.close()
    client.indices.refresh(index=words)
    assert client.count(index=words)["count"] == 1 < in_parts, "unused parts are removed"


def test_bulk_requests_stay_within_the_size_limit(node: Node, own: IndexSettings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(elastic_bulk, "MOST_BYTES", 100_000)
    with behind(node, own, 10_000_000) as (proxy, index):
        assert index.replace(long(200)) == 200
    assert max(bulks(proxy.passed)) <= 100_000
    assert len(bulks(proxy.passed)) < 12
    assert not proxy.refused
