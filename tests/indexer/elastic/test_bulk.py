"""Passages that Elasticsearch rejects are all listed, and do not affect the others."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from hearsay.records.clip import ClipRow
from indexer.documents import SCHEMA
from indexer.elastic import bulk as elastic_bulk
from indexer.elastic import writer as elastic
from indexer.elastic.bulk import Refusals, Written, write
from indexer.elastic.writer import ElasticWriter
from indexer.errors import IndexInUse, LoadFailed
from indexer.index import Request
from indexer.passages import Passage, passages_of
from indexer.query_tree import Term
from indexer.settings import IndexSettings
from tests.support.contract import ids, rows, transcribed

pytestmark = pytest.mark.elastic


def invalid(*names: str) -> list[Passage]:
    """Passages whose start time is not a number."""
    return [Passage(one.id, "soon", None, one.row) for one in rows(*names)]  # type: ignore[arg-type]


def rejected_lines(own: IndexSettings) -> list[dict[str, Any]]:
    return [json.loads(line) for line in own.rejected_passages.read_text(encoding="utf-8").splitlines()]


def test_a_load_lists_all_rejected_passages_and_the_previous_index_is_served(
    elastic_index: ElasticWriter, own: IndexSettings
):
    elastic_index.replace(rows("a"))
    bad = invalid(*(f"c{number}" for number in range(9)))
    with pytest.raises(
        LoadFailed, match=r"9 passages were rejected, listed in .*the previous index is still served"
    ) as caught:
        elastic_index.replace([*rows("b"), *bad])
    assert str(own.rejected_passages) in str(caught.value)
    assert "c2" in str(caught.value)
    assert "c3" not in str(caught.value)
    assert [line["id"] for line in rejected_lines(own)] == [passage.id for passage in bad]
    assert all("start" in line["reason"] and "soon" in line["reason"] for line in rejected_lines(own))
    assert ids(elastic_index) == ["a"]


def test_the_list_of_rejected_passages_is_of_the_latest_change(elastic_index: ElasticWriter, own: IndexSettings):
    with pytest.raises(LoadFailed):
        elastic_index.replace(invalid("a"))
    elastic_index.replace(rows("b"))
    assert not own.rejected_passages.exists()
    with pytest.raises(LoadFailed, match="1 passage was rejected"):
        elastic_index.put(invalid("c"))
    assert [line["id"] for line in rejected_lines(own)] == ["c"]


def test_a_put_stores_the_passages_that_were_not_rejected(elastic_index: ElasticWriter):
    elastic_index.replace(rows("a"))
    with pytest.raises(LoadFailed, match=r"b: .*soon.*; 1 other change was made, and"):
        elastic_index.put([*invalid("b"), *rows("c")])
    assert ids(elastic_index) == ["a", "c"]
    with pytest.raises(LoadFailed, match=r"b: .*soon.*; no other change was made, and the command can be repeated"):
        elastic_index.put(invalid("b"))
    assert ids(elastic_index) == ["a", "c"]


def test_an_unwritable_list_of_rejected_passages_is_reported_before_any_change(
    elastic_index: ElasticWriter, own: IndexSettings
):
    elastic_index.replace(rows("a"))
    own.rejected_passages.mkdir()
    with pytest.raises(
        LoadFailed, match=r"cannot be listed in .*refused\.jsonl.*name another file in REJECTED_PASSAGES"
    ):
        elastic_index.replace(rows("b"))
    assert ids(elastic_index) == ["a"]


def test_a_passage_that_is_too_large_for_elasticsearch_is_reported_in_one_sentence(elastic_index: ElasticWriter):
    elastic_index.replace(rows("a"))
    long = ClipRow("b", extra={"k" * 40_000: "v"})
    with pytest.raises(LoadFailed, match=r"1 passage was rejected.*b: "):
        elastic_index.replace(passages_of(long))
    assert ids(elastic_index) == ["a"]


def test_a_foreign_mapping_is_reported_and_replaced_by_a_load(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    by_hand = f"{own.index_name}-by-hand"
    properties = {"id": {"type": "keyword"}, "clip": {"type": "keyword"}, "generated_text": {"type": "integer"}}
    client.indices.create(
        index=by_hand, mappings={"_meta": {"schema": SCHEMA, "loaded": True}, "properties": properties}
    )
    client.indices.create(index=f"{by_hand}-lexicon")
    elastic_index.replace(rows("first"))
    client.indices.delete_alias(index="*", name=own.index_name)
    client.indices.put_alias(index=by_hand, name=own.index_name)
    copied = client.get(index=f"{next(iter(versions(client, own)))}-lexicon", id="lexicon")["_source"]
    client.index(index=f"{by_hand}-lexicon", id="lexicon", document=copied)
    with pytest.raises(LoadFailed, match=r"a: .*generated_text.*integer"):
        elastic_index.put(rows("a"))
    elastic_index.replace(rows("b"))
    assert ids(elastic_index, transcribed("same")) == ["b"]
    assert list(client.indices.get_alias(name=own.index_name).body) == [elastic_index.about().version]


def test_the_last_of_equal_ids_is_kept_across_requests(elastic_index: ElasticWriter, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(elastic_bulk, "_IN_A_REQUEST", 1)
    monkeypatch.setattr(elastic, "_SECONDS_TO_FORGET", 0)  # scores are not compared
    texts = [*"abcdefgh", "last"]
    passages = [Passage(name, 0.0, None, ClipRow(name, generated_text=text)) for text in texts for name in ("x", "y")]
    elastic_index.replace(passages)
    assert [hit.passage.row.generated_text for hit in elastic_index.search(Request()).hits] == ["last", "last"]


def test_a_load_succeeds_if_the_merge_times_out(elastic_index: ElasticWriter, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(elastic, "_SECONDS_TO_MERGE", 0.0001)
    monkeypatch.setattr(elastic, "_SECONDS_TO_FORGET", 0)
    assert elastic_index.replace(rows("a", "b") + rows("a", text="later")) == 2
    assert ids(elastic_index, transcribed("later")) == ["a"]


class SerialisedTogether(dict[str, Any]):
    """A document that can be serialised only while another one is being serialised."""

    both = threading.Barrier(2, timeout=200)

    def items(self) -> Any:
        self.both.wait()
        return super().items()


def test_the_next_request_is_prepared_while_one_is_in_progress(
    client: Elasticsearch, own: IndexSettings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(elastic_bulk, "_IN_A_REQUEST", 1)
    documents = [SerialisedTogether(id=name) for name in "abcd"]
    actions = ({"_index": f"{own.index_name}-plain", "_id": one["id"], "_source": one} for one in documents)
    assert write(client, actions, Refusals(own.rejected_passages), str) == Written(4, 4)


def test_ctrl_c_does_not_wait_for_an_unresponsive_cluster(own: IndexSettings):
    others = threading.enumerate()
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def actions() -> Iterator[dict[str, Any]]:
            yield from ({"_index": own.index_name, "_id": str(number), "_source": {}} for number in range(500))
            raise KeyboardInterrupt

        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with closing(Elasticsearch(address)) as client, pytest.raises(KeyboardInterrupt):
            write(client, actions(), Refusals(own.rejected_passages), str)
    assert all(thread.daemon for thread in threading.enumerate() if thread not in others)


def test_requests_in_progress_are_completed_if_a_later_one_fails(client: Elasticsearch, own: IndexSettings):
    def actions() -> Iterator[dict[str, Any]]:
        yield from ({"_index": own.index_name, "_id": str(number), "_source": {}} for number in range(500))
        raise IndexInUse("another writer took over")

    with pytest.raises(IndexInUse):
        write(client, actions(), Refusals(own.rejected_passages), str)
    client.indices.refresh(index=own.index_name)
    assert client.count(index=own.index_name)["count"] == 500


def versions(client: Elasticsearch, own: IndexSettings) -> list[str]:
    found = client.indices.get(index=f"{own.index_name}-2*").body
    return sorted(name for name in found if not name.endswith("-lexicon"))


def test_deleting_a_missing_document_is_not_an_error(elastic_index: ElasticWriter, client: Elasticsearch):
    elastic_index.replace(rows("a", "b"))
    client.delete(index=elastic_index.about().version, id="a")  # without a refresh, so that a search still finds it
    assert elastic_index.delete(["a"]) == 1
    assert elastic_index.count(Term("clip", "a")) == 0
