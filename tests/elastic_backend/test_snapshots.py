"""The requests of docs/elasticsearch-operations.md on a real node: lost indices are restored and searched as before."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from indexer.elastic.writer import ElasticWriter
from indexer.errors import IndexMissing
from indexer.index import Request
from indexer.matching.search import ALL, Finder
from indexer.query.planner import Planner
from indexer.settings import IndexSettings
from tests.conftest import PROJECT
from tests.support import console
from tests.support.elastic_nodes import Node, client_of
from tests.support.rows import passages
from tests.support.word_errors import rows as misrecognised_rows

DOCUMENT = (PROJECT / "docs" / "elasticsearch-operations.md").read_text(encoding="utf-8")
REQUESTS = console.titled(DOCUMENT)
PLACE, TAKING = "Creating the repository, once", "Taking a snapshot"
LOST, BESIDE = "Restoring after a complete loss", "Restoring an older version beside a newer one"
EXAMPLE = f"{console.ALIAS}-20260131093000000000"
"""The index version used in the document."""

BY_THEMSELVES = (
    "Health",
    "Full disks",
    "Listing snapshots",
    "Moving shards off a node",
    "Before a node stops",
    "After it has started again",
)

pytestmark = pytest.mark.elastic


@dataclass(frozen=True, slots=True)
class Kept:
    """The index of one test, and its snapshot repository."""

    client: Elasticsearch
    index: ElasticWriter
    alias: str

    def do(self, title: str, version: str = "") -> list[Any]:
        """The responses to the requests below a title of the document, for this index or one version of it."""
        own = {
            EXAMPLE: version,
            console.ALIAS: self.alias,
            "hearsay-snapshots": f"{self.alias}-snapshots",
            '"hearsay"': f'"{self.alias}"',
        }
        return console.send(self.client, REQUESTS[title], own)

    def indices(self) -> list[str]:
        return sorted(self.client.indices.get(index=f"{self.alias}-*").body)

    def lose(self, *names: str) -> None:
        self.client.indices.delete(index=list(names))

    def found(self, typed: str, mode: str = "exact") -> list[tuple[str, float]]:
        """Ids of matches with their scores, and of all possible matches with their probabilities, by a new reader."""
        reader = ElasticWriter(str(self.client.transport.node_pool.get().base_url), settings(self.alias))
        finder = Finder(Planner(reader))
        plan = finder.planner.plan(typed, mode)
        found = finder.find(plan, Request(plan.query, size=50), ALL)
        reader.close()
        matches = [(hit.passage.id, hit.score) for hit in found.matches.hits]
        return matches + [(one.passage.id, one.probability) for one in found.possible]


def settings(alias: str) -> IndexSettings:
    return IndexSettings(index_name=alias, index_versions=3)


@pytest.fixture
def kept(node: Node) -> Iterator[Kept]:
    alias = f"cv-kept-{uuid.uuid4().hex}"
    with client_of(node.url) as client:
        kept = Kept(client, ElasticWriter(node.url, settings(alias)), alias)
        kept.index.replace(passages(tuple(misrecognised_rows(60))))
        yield kept
        kept.index.close()
        client.options(ignore_status=404).snapshot.delete(repository=f"{alias}-snapshots", snapshot="*")
        client.options(ignore_status=404).snapshot.delete_repository(name=f"{alias}-snapshots")
        if names := kept.indices():
            kept.lose(*names)


def taken(kept: Kept) -> list[str]:
    """The indices in a snapshot that is taken now."""
    kept.do(PLACE)
    (snapshot,) = kept.do(TAKING)
    assert snapshot["snapshot"]["state"] == "SUCCESS"
    return sorted(snapshot["snapshot"]["indices"])


def test_a_lost_index_is_restored_and_searched_as_before(kept: Kept):
    asked = [("village", "exact"), ("village", "forgiving"), ("blacksmith", "sounds-like"), ("", "forgiving")]
    before = [kept.found(*words) for words in asked]
    assert len(before[1]) > len(before[0]) > 0  # the forgiving mode finds more, for which it needs the companion index
    indices = kept.indices()
    assert taken(kept) == indices
    assert len(indices) == 2
    kept.lose(*indices)
    with pytest.raises(IndexMissing):
        kept.found("blacksmith")
    kept.do(LOST)
    assert kept.indices() == indices
    assert [kept.found(*words) for words in asked] == before


def test_a_restored_index_can_be_changed_and_rolled_back_as_before(kept: Kept):
    first = kept.index.about().version
    kept.index.replace(passages(tuple(misrecognised_rows(20))))
    indices = kept.indices()
    taken(kept)
    kept.lose(*indices)
    kept.do(LOST)
    assert kept.index.count() == 20
    kept.index.delete(["made/0000.mp3"])
    assert kept.index.count() == 19
    assert kept.index.rollback().version == first
    assert kept.index.count() == 60


def test_an_older_version_is_restored_next_to_newer_ones_for_a_rollback(kept: Kept):
    old = kept.indices()
    before = kept.found("blacksmith", "forgiving")
    kept.index.replace(passages(tuple(misrecognised_rows(40))))
    taken(kept)
    kept.index.replace(passages(tuple(misrecognised_rows(20))))
    kept.lose(*old)
    kept.do(BESIDE, old[0])
    assert set(old) < set(kept.indices())
    assert kept.index.count() == 20, "the newest version is still served, and no passage occurs twice"
    assert kept.index.rollback().version != old[0]
    assert kept.index.count() == 40, "the intermediate version comes first"
    assert kept.index.rollback().version == old[0]
    assert kept.found("blacksmith", "forgiving") == before


def test_a_restore_over_an_existing_index_is_rejected_and_changes_nothing(kept: Kept):
    before = kept.found("blacksmith", "forgiving")
    taken(kept)
    with pytest.raises(ApiError, match="an open index with same name already exists"):
        kept.do(LOST)
    assert kept.found("blacksmith", "forgiving") == before


@pytest.mark.parametrize("title", BY_THEMSELVES)
def test_elasticsearch_accepts_each_request(kept: Kept, title: str):
    taken(kept)
    assert all(answer.get("acknowledged", True) for answer in kept.do(title) if isinstance(answer, dict))
    kept.do("After it has started again")
    persistent = kept.client.cluster.get_settings(flat_settings=True).body["persistent"]
    assert not [name for name in persistent if "routing.allocation" in name], (
        "the settings for the restart are removed again"
    )


def test_snapshots_health_indices_and_disks_are_listed(kept: Kept):
    taken(kept)
    (listed,) = kept.do("Listing snapshots")
    assert [snapshot["snapshot"] for snapshot in listed["snapshots"]] == ["before-the-move"]
    health, indices, disks = kept.do("Health")
    assert health["status"] in ("green", "yellow")
    assert sorted(index["index"] for index in indices) == kept.indices()
    assert {"node", "disk.percent"} <= disks[0].keys()


def test_every_request_of_the_document_is_tested():
    assert sorted(REQUESTS) == sorted((PLACE, TAKING, LOST, BESIDE, *BY_THEMSELVES))
    assert DOCUMENT.count("```console") == len(REQUESTS)
    assert not re.search(r"^(?:curl|GET|PUT|POST) .*elastic:\w", DOCUMENT, re.MULTILINE), (
        "the command contains no password"
    )
