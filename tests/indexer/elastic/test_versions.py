"""Versions: the alias names one complete index of this version of Hearsay, whatever was there before."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from elasticsearch import Elasticsearch

from hearsay.records.clip import ClipRow
from indexer.documents import OLDEST_SEARCHABLE
from indexer.elastic import query as elastic_query
from indexer.elastic import versions as elastic_versions
from indexer.elastic.writer import ElasticWriter
from indexer.errors import IndexForeign, IndexIncompatible, IndexInUse, IndexUnavailable, WrongRequest
from indexer.index import Range, Request, Sort
from indexer.ingest.load import delete, load
from indexer.query_tree import AnyOf, Between, Missing, Term
from indexer.schema import FIELDS
from indexer.settings import IndexSettings
from tests.support.contract import ids, rows
from tests.support.elastic_nodes import Node

pytestmark = pytest.mark.elastic


def age(client: Elasticsearch, version: str) -> None:
    """Make a version look like one of an earlier Hearsay."""
    client.indices.put_mapping(index=version, meta={"schema": 1, "loaded": True})


def served(client: Elasticsearch, own: IndexSettings) -> list[str]:
    return list(client.indices.get_alias(name=own.index_name).body)


def test_an_index_of_an_older_schema_rejects_changes(
    node: Node, elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    elastic_index.replace(rows("a"))
    age(client, elastic_index.about().version)
    for change in (lambda: elastic_index.put(rows("b")), lambda: elastic_index.delete(["a"])):
        with pytest.raises(IndexIncompatible, match=r"an earlier version of Hearsay, .*load your files again"):
            change()
    assert client.count(index=own.index_name)["count"] == 1


def test_an_index_of_the_schema_before_is_searched_without_the_fields_that_it_lacks(
    elastic_index: ElasticWriter, client: Elasticsearch, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as earlier:
        earlier.setattr(elastic_query, "SCHEMA", OLDEST_SEARCHABLE)
        earlier.setattr(elastic_query, "FIELDS", [one for one in FIELDS if one.since <= OLDEST_SEARCHABLE])
        elastic_index.replace(rows("a"))
    version = elastic_index.about().version
    fields = client.indices.get_mapping(index=version)[version]["mappings"]["properties"]
    assert "duration" in fields
    assert not {"agreement", "further_stems"} & fields.keys()
    assert ids(elastic_index) == ["a"]
    assert elastic_index.count(AnyOf((Between("agreement", 0.0, 1.0), Term("further_stems", "paint")))) == 0
    assert elastic_index.count(Missing("agreement")) == 1
    for request in (Request(ranges={"agreement": Range(0.5)}), Request(sort=Sort("agreement"))):
        with pytest.raises(WrongRequest, match="has no field agreement"):
            elastic_index.search(request)
    with pytest.raises(IndexIncompatible, match="an earlier version of Hearsay"):
        elastic_index.put(rows("b"))


def test_a_load_replaces_an_older_schema_and_only_the_older_hearsay_can_roll_back(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch, monkeypatch: pytest.MonkeyPatch
):
    elastic_index.replace(rows("a"))
    old = elastic_index.about().version
    age(client, old)
    elastic_index.replace(rows("b"))
    new = elastic_index.about().version
    assert ids(elastic_index) == ["b"]
    with pytest.raises(IndexIncompatible, match=f"{old}, the previous version, .*{new} is still served"):
        elastic_index.rollback()
    assert served(client, own) == [new]
    monkeypatch.setattr(elastic_versions, "SCHEMA", 1)
    assert elastic_index.rollback().version == old
    assert served(client, own) == [old]


def test_an_index_with_the_name_of_the_alias_is_reported_before_anything_is_loaded(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    client.indices.create(index=own.index_name)
    with pytest.raises(IndexForeign, match=rf"an index at .* has the name {own.index_name}, .*INDEX_NAME"):
        elastic_index.replace(rows("a"))
    client.indices.delete(index=own.index_name)
    elastic_index.replace(rows("a"))
    assert ids(elastic_index) == ["a"]


def test_a_load_leaves_one_of_several_indices_behind_the_alias(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    elastic_index.replace(rows("a"))
    elastic_index.replace(rows("b"))
    client.indices.put_alias(index=f"{own.index_name}-2*", name=own.index_name)
    elastic_index.replace(rows("c"))
    assert served(client, own) == [elastic_index.about().version]
    assert ids(elastic_index) == ["c"]


def test_a_new_version_sorts_after_the_latest_even_if_the_clock_was_set_back(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    ahead = f"{own.index_name}-29990101000000000000"
    client.indices.create(index=ahead, mappings={"_meta": {"schema": elastic_versions.SCHEMA}})
    elastic_index.replace(rows("a"))
    assert elastic_index.about().version == f"{own.index_name}-29990101000000000001"
    assert not client.indices.exists(index=ahead), "the version of a killed load is removed"


def test_words_from_concurrent_puts_are_all_in_the_lexicon(
    node: Node, elastic_index: ElasticWriter, own: IndexSettings
):
    elastic_index.replace(rows("a", text="same"))
    names = [f"word{number}" for number in range(8)]

    def put(name: str) -> None:
        other = ElasticWriter(node.url, own)
        while True:  # if another process is writing, try again
            with suppress(IndexInUse):
                other.put(rows(name, text=name))
                break
        other.close()

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(put, names))
    assert elastic_index.lexicon().counts() == dict.fromkeys(["same", *names], 1)
    assert set(ids(elastic_index)) == {"a", *names}


def test_a_deletion_that_was_killed_before_the_index_changed_is_respected_by_later_loads(
    elastic_index: ElasticWriter, own: IndexSettings
):
    clips = [ClipRow("a", generated_text="one"), ClipRow("b", generated_text="two")]
    load(elastic_index, clips, own.deletions)
    gone = ElasticWriter("http://127.0.0.1:1", own)
    with pytest.raises(IndexUnavailable):
        delete(gone, ["a"], own.deletions)
    gone.close()
    assert ids(elastic_index) == ["a", "b"]
    assert load(elastic_index, clips, own.deletions).deleted == 1
    assert ids(elastic_index) == ["b"]


def test_a_deleted_clip_does_not_come_back_with_a_later_load(elastic_index: ElasticWriter, own: IndexSettings):
    clips = [ClipRow("a", generated_text="one"), ClipRow("b", generated_text="two")]
    load(elastic_index, clips, own.deletions)
    delete(elastic_index, ["a"], own.deletions)
    load(elastic_index, clips, own.deletions)
    assert ids(elastic_index) == ["b"]
