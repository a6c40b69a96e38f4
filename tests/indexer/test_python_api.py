"""The Python API on Elasticsearch: the results are the same as in a folder."""

from pathlib import Path

import pytest

import hearsay
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal
from indexer.settings import IndexSettings
from tests.support.elastic_nodes import Node

pytestmark = pytest.mark.elastic

ROWS = (
    ClipRow("s/1.mp3", text="the blacksmith", generated_text="the black smith", accent="england", duration=3.0),
    ClipRow("s/2.mp3", generated_text="a blacksmith and a hammer", accent="us", age="twenties", duration=9.0),
)


def test_a_python_search_gives_the_same_answer_on_both_engines(
    node: Node, own: IndexSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HEARSAY_HOME", str(tmp_path))
    with Journal(tmp_path / "clips.jsonl") as journal:
        journal.append(ROWS)
    hearsay.load(tmp_path / "clips.jsonl", index=tmp_path / "index", progress=False)
    with hearsay.open_index(tmp_path / "index") as folder, hearsay.open_index(node.url, name=own.index_name) as elastic:
        elastic.load(tmp_path / "clips.jsonl", progress=False)
        here, there = (index.search("blacksmith", accent=["england", "us"]) for index in (folder, elastic))
        assert [hit.id for hit in there] == [hit.id for hit in here] == ["s/2.mp3"]
        assert [hit.id for hit in there.possible] == [hit.id for hit in here.possible] == ["s/1.mp3"]
        assert [hit.explanation for hit in there.possible] == [hit.explanation for hit in here.possible]
        assert (there.total, there.facets, there.meaning) == (here.total, here.facets, here.meaning)
        assert list(there.to_pandas()) == list(here.to_pandas())
        assert elastic.count() == folder.count() == 2


def test_a_search_before_the_first_load_on_elasticsearch_says_how_to_load_from_python(node: Node, own: IndexSettings):
    with (
        hearsay.open_index(node.url, name=own.index_name) as index,
        pytest.raises(hearsay.IndexMissing, match=r"hearsay\.load\(\[FILE\], index='http://127"),
    ):
        index.search("word")
