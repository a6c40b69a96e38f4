"""What Elasticsearch refuses is listed, all of it, and costs nothing else."""

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


def spoilt(*names: str) -> list[Passage]:
    """Passages with a beginning that is no number."""
    return [Passage(one.id, "soon", None, one.row) for one in rows(*names)]  # type: ignore[arg-type]


def listed(own: IndexSettings) -> list[dict[str, Any]]:
    return [json.loads(line) for line in own.rejected_passages.read_text(encoding="utf-8").splitlines()]


def test_all_that_a_load_is_refused_is_listed_and_the_index_before_stands(
    elastic_index: ElasticWriter, own: IndexSettings
):
    elastic_index.replace(rows("a"))
    bad = spoilt(*(f"c{number}" for number in range(9)))
    with pytest.raises(
        LoadFailed, match=r"9 passages were rejected, listed in .*the previous index is still served"
    ) as caught:
        elastic_index.replace([*rows("b"), *bad])
    assert str(own.rejected_passages) in str(caught.value)
    assert "c2" in str(caught.value)
    assert "c3" not in str(caught.value)
    assert [line["id"] for line in listed(own)] == [passage.id for passage in bad]
    assert all("start" in line["reason"] and "soon" in line["reason"] for line in listed(own))
    assert ids(elastic_index) == ["a"]


def test_the_list_is_that_of_the_latest_change(elastic_index: ElasticWriter, own: IndexSettings):
    with pytest.raises(LoadFailed):
        elastic_index.replace(spoilt("a"))
    elastic_index.replace(rows("b"))
    assert not own.rejected_passages.exists()
    with pytest.raises(LoadFailed, match="1 passage was rejected"):
        elastic_index.put(spoilt("c"))
    assert [line["id"] for line in listed(own)] == ["c"]


def test_what_is_put_beside_a_refused_passage_is_in(elastic_index: ElasticWriter):
    elastic_index.replace(rows("a"))
    with pytest.raises(LoadFailed, match=r"b: .*soon.*the other changes were made"):
        elastic_index.put([*spoilt("b"), *rows("c")])
    assert ids(elastic_index) == ["a", "c"]


def test_a_list_that_cannot_be_written_is_said_before_anything_is(elastic_index: ElasticWriter, own: IndexSettings):
    elastic_index.replace(rows("a"))
    own.rejected_passages.mkdir()
    with pytest.raises(
        LoadFailed, match=r"cannot be listed in .*refused\.jsonl.*name another file in REJECTED_PASSAGES"
    ):
        elastic_index.replace(rows("b"))
    assert ids(elastic_index) == ["a"]


def test_a_passage_larger_than_elasticsearch_takes_is_refused_in_a_sentence(elastic_index: ElasticWriter):
    elastic_index.replace(rows("a"))
    long = ClipRow("b", extra={"k" * 40_000: "v"})
    with pytest.raises(LoadFailed, match=r"1 passage was rejected.*b: "):
        elastic_index.replace(passages_of(long))
    assert ids(elastic_index) == ["a"]


def test_a_mapping_that_somebody_else_made_refuses_and_a_load_mends_it(
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


def test_of_several_versions_of_a_passage_the_last_stays_however_many_requests_it_takes(
    elastic_index: ElasticWriter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(elastic_bulk, "_IN_A_REQUEST", 1)
    monkeypatch.setattr(elastic, "_SECONDS_TO_FORGET", 0)  # no score is looked at
    said = [*"abcdefgh", "last"]
    passages = [Passage(name, 0.0, None, ClipRow(name, generated_text=word)) for word in said for name in ("x", "y")]
    elastic_index.replace(passages)
    assert [hit.passage.row.generated_text for hit in elastic_index.search(Request()).hits] == ["last", "last"]


def test_a_merge_that_outlasts_every_patience_costs_the_load_nothing(
    elastic_index: ElasticWriter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(elastic, "_SECONDS_TO_MERGE", 0.0001)
    monkeypatch.setattr(elastic, "_SECONDS_TO_FORGET", 0)
    assert elastic_index.replace(rows("a", "b") + rows("a", text="later")) == 2
    assert ids(elastic_index, transcribed("later")) == ["a"]


class WrittenDownWithAnother(dict[str, Any]):
    """A document that can be written down for sending only while another one is."""

    both = threading.Barrier(2, timeout=200)

    def items(self) -> Any:
        self.both.wait()
        return super().items()


def test_the_next_request_is_made_while_one_is_under_way(
    client: Elasticsearch, own: IndexSettings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(elastic_bulk, "_IN_A_REQUEST", 1)
    documents = [WrittenDownWithAnother(id=name) for name in "abcd"]
    actions = ({"_index": f"{own.index_name}-plain", "_id": one["id"], "_source": one} for one in documents)
    assert write(client, actions, Refusals(own.rejected_passages), "") == Written(4, 4)


def test_ctrl_c_does_not_wait_for_a_cluster_that_keeps_silent(own: IndexSettings):
    others = threading.enumerate()
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def actions() -> Iterator[dict[str, Any]]:
            yield from ({"_index": own.index_name, "_id": str(number), "_source": {}} for number in range(500))
            raise KeyboardInterrupt

        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with closing(Elasticsearch(address)) as client, pytest.raises(KeyboardInterrupt):
            write(client, actions(), Refusals(own.rejected_passages), "")
    assert all(thread.daemon for thread in threading.enumerate() if thread not in others)


def test_what_is_under_way_is_waited_for_where_the_next_thing_fails(client: Elasticsearch, own: IndexSettings):
    def actions() -> Iterator[dict[str, Any]]:
        yield from ({"_index": own.index_name, "_id": str(number), "_source": {}} for number in range(500))
        raise IndexInUse("another has gone on")

    with pytest.raises(IndexInUse):
        write(client, actions(), Refusals(own.rejected_passages), "")
    client.indices.refresh(index=own.index_name)
    assert client.count(index=own.index_name)["count"] == 500


def versions(client: Elasticsearch, own: IndexSettings) -> list[str]:
    found = client.indices.get(index=f"{own.index_name}-2*").body
    return sorted(name for name in found if not name.endswith("-lexicon"))


def test_deleting_what_is_gone_already_is_no_refusal(elastic_index: ElasticWriter, client: Elasticsearch):
    elastic_index.replace(rows("a", "b"))
    client.delete(index=elastic_index.about().version, id="a")  # and not refreshed: a search still finds it
    assert elastic_index.delete(["a"]) == 1
    assert elastic_index.count(Term("clip", "a")) == 0
