"""Queries as people type them, with the matches and the possible matches that are shown, on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hearsay.records.clip import ClipRow
from indexer.index import Request
from indexer.matching.search import NONE, Finder
from indexer.open import open_writer
from indexer.passages import passages_of
from indexer.query.planner import Planner
from tests.support.elastic_nodes import client_of, remove, settings

SHOWN = {
    "painted.mp3": "the fence was painted green last summer",
    "vainted.mp3": "the wall was vainted red last week",
    "smith.mp3": "the black smith put down his hammer and smiled",
    "smiled.mp3": "she put the hammer down and smiled",
    "abernathy.mp3": "captain aber nathy lives above the museum",
    "kowalski.mp3": "professor kowalski has written a book",
    "year.mp3": "in 1984 the river was frozen",
    "years.mp3": "she paid 1985 dollars and left",
    "thai.mp3": "สวัสดีครับผมชื่อสมชาย",
    "kyoto.mp3": "京都大学は遠い",
    "piano.mp3": "my grandmother kept her money in a piano",
    "bread.mp3": "fresh bread is the best smell in the world",
    "moon.mp3": "the moon was hiding behind a cloud",
}
EXAMPLES = [
    # kind, query, mode, matches, possible matches that are shown
    ("rare word", "blacksmith", "forgiving", [], ["smith.mp3"]),
    ("rare word", "painted", "forgiving", ["painted.mp3"], ["vainted.mp3"]),
    ("name", "abernathy", "forgiving", [], ["abernathy.mp3"]),
    ("name", "kowalski", "forgiving", ["kowalski.mp3"], []),
    ("two words", "blacksmith hammer", "forgiving", [], ["smith.mp3"]),
    ("two words", "hammer smiled", "forgiving", ["smiled.mp3", "smith.mp3"], []),
    ("two words", "blacksmith museum", "forgiving", [], []),
    ("two words", "hammer museum", "any", ["abernathy.mp3", "smiled.mp3", "smith.mp3"], []),
    ("phrase", '"wall was painted"', "forgiving", [], ["vainted.mp3"]),
    ("phrase", '"the moon was"', "forgiving", ["moon.mp3"], []),
    ("number", "1984", "forgiving", ["year.mp3"], []),
    ("number", "1986", "forgiving", [], []),
    ("absent word", "helicopter", "forgiving", [], []),
    ("absent word", "moon helicopter", "forgiving", [], []),
    ("absent word", "bread smell helicopter", "forgiving", [], []),
    ("typing error", "grandmothre", "forgiving", [], ["piano.mp3"]),
    ("typing error", "profesor kowalski", "forgiving", [], ["kowalski.mp3"]),
    ("filter only", "accent:scotland", "forgiving", ["smith.mp3", "vainted.mp3"], []),
    ("filter and word", "painted accent:scotland", "forgiving", [], ["vainted.mp3"]),
    ("another script", "ครับ", "forgiving", ["thai.mp3"], []),
    ("another script", "京都", "forgiving", ["kyoto.mp3"], []),
    ("another script", "東京", "forgiving", [], []),
    ("whole sentence", "the blacksmith put down his hammer and smiled", "forgiving", [], ["smith.mp3"]),
    ("whole sentence", "the moon was hiding behind a cloud", "forgiving", ["moon.mp3"], []),
]


@pytest.fixture(scope="module", params=["embedded", pytest.param("elastic", marks=pytest.mark.elastic)])
def finder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    """The clips in either engine; two speakers are from Scotland."""
    own = settings()
    is_embedded = request.param == "embedded"
    folder: Path = tmp_path_factory.mktemp("examples") / "index"
    url = str(folder) if is_embedded else request.getfixturevalue("node").url
    index = open_writer(own, url)
    rows = (
        ClipRow(clip, generated_text=text, accent="scotland" if clip in ("smith.mp3", "vainted.mp3") else "us")
        for clip, text in SHOWN.items()
    )
    index.replace(passage for row in rows for passage in passages_of(row))
    yield Finder(Planner(index))
    index.close()
    if not is_embedded:
        with client_of(url) as client:
            remove(client, own)


@pytest.mark.parametrize(("kind", "typed", "mode", "matches", "possible"), EXAMPLES)
def test_an_example_shows_these_clips(
    finder: Finder, kind: str, typed: str, mode: str, matches: list[str], possible: list[str]
):
    plan = finder.planner.plan(typed, mode)
    found = finder.find(plan, Request(plan.query))
    assert sorted(hit.passage.id for hit in found.matches.hits) == matches, kind
    assert [one.passage.id for one in found.possible] == possible, kind
    assert all(0 < one.probability < 1 for one in found.possible)
    assert finder.find(plan, Request(plan.query), NONE).possible == ()
