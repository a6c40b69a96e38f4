"""The verification of a load by a sample."""

from itertools import pairwise

import pytest
from elasticsearch import Elasticsearch

from indexer.documents import document_of
from indexer.elastic.query import index_action
from indexer.elastic.verification import Sample
from indexer.elastic.writer import ElasticWriter
from indexer.errors import LoadFailed
from indexer.passages import Passage
from tests.support.contract import rows
from tests.support.rows import passages


def sampled(number: int) -> list[int]:
    sample = Sample()
    actions = [{"_id": str(position), "_source": {}} for position in range(number)]
    assert list(sample.of(actions)) == actions
    return [int(name) for name in sample._documents]


@pytest.mark.parametrize("number", [0, 1, 50, 51, 777, 12_345])
def test_a_sample_is_spread_evenly_over_a_load_of_any_length(number: int):
    positions = sampled(number)
    assert len(positions) >= min(number, 25)
    assert len(positions) <= 50
    steps = {later - earlier for earlier, later in pairwise(positions)}
    assert len(steps) <= 1
    assert all(number - positions[-1] <= step for step in steps)


@pytest.mark.elastic
def test_documents_of_every_kind_are_stored_as_sent(elastic_index: ElasticWriter, client: Elasticsearch):
    made = passages()
    elastic_index.replace(made)
    sample = Sample()
    assert len(list(sample.of(index_action(document_of(passage), "any") for passage in made))) == len(made)
    sample.check(client, elastic_index.about().version)


@pytest.mark.elastic
@pytest.mark.parametrize(
    ("sent", "differing"),
    [(rows("a", text="other"), "a in generated_text"), (rows("b"), "b in clip, generated_text, id, start")],
    ids=["changed", "missing"],
)
def test_documents_that_differ_from_what_was_sent_are_reported(
    elastic_index: ElasticWriter, client: Elasticsearch, sent: list[Passage], differing: str
):
    elastic_index.replace(rows("a"))
    sample = Sample()
    list(sample.of(index_action(document_of(passage), "any") for passage in sent))
    with pytest.raises(LoadFailed, match=rf"1 differ from what was sent \({differing}\); load again"):
        sample.check(client, elastic_index.about().version)
