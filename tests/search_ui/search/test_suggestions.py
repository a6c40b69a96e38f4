"""The completions route: a few words for the typed text, and never an error of the index."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from hearsay.records.clip import ClipRow
from indexer.open import open_writer
from indexer.query.planner import planner_of
from indexer.settings import IndexSettings
from search_ui.search.suggestions import COMPLETIONS, completions_route
from tests.support.pages import load


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """The route with an index that the test may load."""
    index = open_writer(IndexSettings(), str(tmp_path / "index"))
    planner = planner_of(index, IndexSettings())
    yield TestClient(Starlette(routes=[completions_route(lambda: planner)]))
    index.close()


def test_typed_words_are_completed_with_words_of_the_index(client: TestClient, tmp_path: Path) -> None:
    load(tmp_path / "index", [ClipRow("a.mp3", generated_text="the blacksmith")])

    assert client.get("/completions", params={"q": "the bla"}).json() == ["the blacksmith"]


def test_the_number_of_completions_is_limited(client: TestClient, tmp_path: Path) -> None:
    words = " ".join(f"s{vowels}ng" for vowels in ("a", "e", "i", "o", "u", "ai", "ee", "oi", "ou", "oa", "ea", "ua"))
    load(tmp_path / "index", [ClipRow("a.mp3", generated_text=words)])

    assert len(client.get("/completions", params={"q": "s"}).json()) == COMPLETIONS
    assert client.get("/completions", params={"q": ""}).json() == []
    assert client.get("/completions").json() == []


@pytest.mark.parametrize("typed", ["x" * 5000, "?!", "\x00", "the "])
def test_text_without_completions_returns_an_empty_list(client: TestClient, tmp_path: Path, typed: str) -> None:
    load(tmp_path / "index", [ClipRow("a.mp3", generated_text="the blacksmith")])

    answer = client.get("/completions", params={"q": typed})

    assert (answer.status_code, answer.json()) == (200, [])


def test_before_the_first_load_there_are_no_completions(client: TestClient) -> None:
    assert client.get("/completions", params={"q": "the"}).json() == []
