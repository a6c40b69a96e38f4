"""The lease: one program at a time changes an index in Elasticsearch, and a dead one does not block the others."""

import os
from collections.abc import Iterator
from threading import Event, Timer
from time import sleep

import pytest
from elasticsearch import Elasticsearch

from hearsay.errors import ClipsError
from indexer.elastic import lease as elastic_lease
from indexer.elastic.lease import Lease, held, index_of_lease
from indexer.elastic.writer import ElasticWriter
from indexer.errors import IndexInUse
from indexer.passages import Passage
from indexer.settings import IndexSettings
from tests.support.contract import ids, rows
from tests.support.elastic_nodes import Node

pytestmark = pytest.mark.elastic


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_lease, "SECONDS_WATCHED", 0.5)
    monkeypatch.setattr(elastic_lease, "SECONDS_TO_ANSWER", 60.0)  # a busy node delays a change no longer than this


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No lease is renewed, as if the program was stopped or its machine was disconnected."""
    monkeypatch.setattr(elastic_lease, "SECONDS_BETWEEN_RENEWALS", 600.0)


def lease_of(client: Elasticsearch, own: IndexSettings, change: str) -> Lease:
    return Lease(client, own.index_name, "http://somewhere:9200", change)


def writer(client: Elasticsearch, own: IndexSettings) -> str | None:
    """The change that the holder of the lease is making."""
    answer = client.options(ignore_status=404).get(index=index_of_lease(own.index_name), id="writer").body
    return str(answer["_source"]["change"]) if answer.get("found") else None


def test_a_second_writer_gets_the_name_of_the_first(
    client: Elasticsearch, own: IndexSettings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(elastic_lease, "SECONDS_WATCHED", 60.0)
    monkeypatch.setattr(elastic_lease, "SECONDS_BETWEEN_RENEWALS", 0.3)
    message = (
        rf"writing the index {own.index_name} at .*: a load by process {os.getpid()} on .*, since 20..-..-..T.*; try"
    )
    with held(client, own.index_name, "http://somewhere:9200", "load"), pytest.raises(IndexInUse, match=message):
        lease_of(client, own, "put").take()


def test_a_writer_waits_for_a_short_change(client: Elasticsearch, own: IndexSettings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(elastic_lease, "SECONDS_WATCHED", 60.0)
    first, second = lease_of(client, own, "put"), lease_of(client, own, "deletion")
    first.take()
    timer = Timer(0.3, first.give_back)
    timer.start()
    second.take()
    timer.join()
    assert writer(client, own) == "deletion"
    second.give_back()


def test_the_lease_of_a_killed_program_is_taken_over(
    elastic_index: ElasticWriter, client: Elasticsearch, own: IndexSettings
):
    lease_of(client, own, "load").take()
    assert elastic_index.replace(rows("a")) == 1
    assert writer(client, own) is None


def test_a_failed_change_releases_the_lease(elastic_index: ElasticWriter, client: Elasticsearch, own: IndexSettings):
    def broken() -> Iterator[Passage]:
        yield from rows("a")
        assert writer(client, own) == "load"
        raise ClipsError("the file ends in the middle")

    with pytest.raises(ClipsError):
        elastic_index.replace(broken())
    assert writer(client, own) is None


@pytest.mark.usefixtures("silent")
def test_a_load_that_lost_its_lease_stops_before_the_swap(
    node: Node, elastic_index: ElasticWriter, client: Elasticsearch, own: IndexSettings
):
    elastic_index.replace(rows("a"))
    other = ElasticWriter(node.url, own)

    def overtaken() -> Iterator[Passage]:
        yield from rows("b")
        other.replace(rows("c"))

    with pytest.raises(IndexInUse, match="this load was cut off for a while, and another process has continued"):
        elastic_index.replace(overtaken())
    assert ids(elastic_index) == ["c"]
    other.rollback()
    assert ids(elastic_index) == ["a"], "the version of the stopped load was removed"
    other.close()


def test_a_lost_lease_is_noticed_at_the_next_renewal_and_not_taken_back(
    client: Elasticsearch, own: IndexSettings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(elastic_lease, "SECONDS_BETWEEN_RENEWALS", 0.2)
    first, second, ended = lease_of(client, own, "load"), lease_of(client, own, "put"), Event()
    first.take()
    second.take()
    first.renew_until(ended)  # returns, since there is nothing to renew
    with pytest.raises(IndexInUse):
        list(first.while_held([1]))
    first.give_back()
    assert writer(client, own) == "put"
    second.check()
    second.give_back()


def renew_without_an_answer(client: Elasticsearch, own: IndexSettings) -> None:
    """Renew the lease as if the response was lost."""
    index = index_of_lease(own.index_name)
    client.index(index=index, id="writer", document=client.get(index=index, id="writer")["_source"])


def test_a_renewal_whose_response_was_lost_is_recognised(client: Elasticsearch, own: IndexSettings):
    lease = lease_of(client, own, "load")
    lease.take()
    renew_without_an_answer(client, own)
    lease.check()
    assert list(lease.while_held([1, 2])) == [1, 2]
    lease.give_back()
    assert writer(client, own) is None


def test_a_lease_is_released_after_a_renewal_whose_response_was_lost(client: Elasticsearch, own: IndexSettings):
    lease = lease_of(client, own, "load")
    lease.take()
    renew_without_an_answer(client, own)
    lease.give_back()
    assert writer(client, own) is None


def test_a_lease_is_renewed_while_it_is_held(
    client: Elasticsearch, own: IndexSettings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(elastic_lease, "SECONDS_BETWEEN_RENEWALS", 0.1)
    with held(client, own.index_name, "http://somewhere:9200", "load"):
        changes = set()
        while len(changes) < 3:
            changes.add(client.get(index=index_of_lease(own.index_name), id="writer")["_seq_no"])
            sleep(0.05)
    assert writer(client, own) is None


def test_the_index_of_the_lease_is_hidden_from_requests_for_all_versions(
    elastic_index: ElasticWriter, client: Elasticsearch, own: IndexSettings
):
    elastic_index.replace(rows("a"))
    assert index_of_lease(own.index_name) not in client.indices.get(index=f"{own.index_name}-*")
    assert client.indices.exists(index=index_of_lease(own.index_name))
    assert client.cluster.health(index=index_of_lease(own.index_name))["status"] == "green"
