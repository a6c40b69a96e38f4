"""An index that the release before further transcripts made of four clips is searched, and changed after a reload."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from indexer.embedded.writer import EmbeddedWriter
from indexer.errors import IndexIncompatible, WrongRequest
from indexer.index import Range, Request, Sort
from indexer.matching.search import finder_of
from indexer.query_tree import EVERYTHING, AllOf, AnyOf, BestOf, Between, Constant, Favouring, Missing, Term, Without
from indexer.settings import IndexSettings
from tests.support.contract import ids, rows
from tests.support.finders import find

FIXTURE = Path(__file__).with_name("index-of-schema-7.zip")


@pytest.fixture
def earlier(tmp_path: Path) -> EmbeddedWriter:
    with ZipFile(FIXTURE) as archive:
        archive.extractall(tmp_path)
    return EmbeddedWriter(tmp_path)


def test_it_is_searched_for_matches_and_possible_matches(earlier: EmbeddedWriter):
    found = find(finder_of(earlier, IndexSettings()), "painted", least=0.0)
    assert [hit.passage.id for hit in found.matches.hits] == ["b.mp3"]
    assert [one.passage.id for one in found.possible] == ["a.mp3", "c.mp3"]
    assert [hit.passage.id for hit in earlier.search(Request(sort=Sort("duration"))).hits] == [
        "c.mp3",
        "a.mp3",
        "b.mp3",
        "d.mp3",
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Term("further_stems", "paint"), []),
        (Between("agreement", 0.0, 1.0), []),
        (Missing("agreement"), ["a.mp3", "b.mp3", "c.mp3", "d.mp3"]),
        (AllOf((Term("tokens", "wall"), Between("agreement", None, None))), []),
        (AnyOf((Term("tokens", "painted"), Term("further_stems", "paint"))), ["b.mp3"]),
        (BestOf((Constant(Term("further_stems", "paint"), 2.0), Term("tokens", "smith"))), ["d.mp3"]),
        (Favouring(Term("tokens", "smith"), (Between("agreement", 0.5, None),)), ["d.mp3"]),
        (Without(EVERYTHING, Missing("agreement")), []),
        (Without(Term("tokens", "smith"), Between("agreement", 0.0, 1.0)), ["d.mp3"]),
    ],
    ids=str,
)
def test_a_field_that_it_lacks_is_empty(earlier: EmbeddedWriter, query: AnyOf, found: list[str]):
    assert ids(earlier, query) == found
    assert earlier.count(query) == len(found)
    assert [passage.id for passage in earlier.walk(Request(query))] == found
    assert sorted(passage.id for passage in earlier.sample(Request(query))) == found


@pytest.mark.parametrize(
    "request_", [Request(ranges={"agreement": Range(0.5)}), Request(sort=Sort("agreement"))], ids=["range", "sort"]
)
def test_a_filter_or_an_order_by_such_a_field_is_refused(earlier: EmbeddedWriter, request_: Request):
    with pytest.raises(WrongRequest, match=r"has no field agreement; load its files again .*hearsay reload"):
        earlier.search(request_)


def test_changes_need_a_reload(earlier: EmbeddedWriter):
    for change in (lambda: earlier.put(rows("e")), lambda: earlier.delete(["a.mp3"])):
        with pytest.raises(IndexIncompatible, match="an earlier version of Hearsay; load its files again"):
            change()
    assert earlier.count() == 4
    earlier.replace(rows("e"))
    assert ids(earlier) == ["e"]
    with pytest.raises(IndexIncompatible, match="previous version"):
        earlier.rollback()
