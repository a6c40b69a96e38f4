"""A node with a low limit on query clauses: searches are reduced to the limit, with a note."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.elastic.limits import ALWAYS_TAKEN, clauses_of
from indexer.elastic.query import compiled
from indexer.elastic.writer import ElasticWriter
from indexer.errors import WrongRequest
from indexer.index import Request
from indexer.matching.search import ALL, Finder
from indexer.phonetics.tables import shipped
from indexer.query.planner import MOST_WORDS, Plan, Planner
from indexer.query_tree import AllOf, AnyOf, Between, Constant, Missing, Phrase, Prefix, Query, Term, Without
from indexer.schema import FACETS
from tests.conftest import leave_out
from tests.support.elastic_nodes import Node, client_of, free_port, remove, run_local, settings
from tests.support.proxy import proxied
from tests.support.rows import passages
from tests.support.word_errors import rows as misrecognised_rows

pytestmark = pytest.mark.elastic

FEWEST = 1024
"""The limit of a node with many cores and a small heap; no node has a lower one."""

REFERENCE_WORDS = dict.fromkeys(word for row in misrecognised_rows(300) for word in row.text.split())
LONGEST = " ".join([*REFERENCE_WORDS, *(f"word{number}" for number in range(MOST_WORDS))])


@pytest.fixture(scope="module")
def narrow(open_folder: Path) -> Iterator[Node]:
    """A real node that assumes 64 cores and therefore has the lowest clause limit."""
    data, port = open_folder / "narrow", free_port()
    started = run_local("start", "--data", str(data), port=port, ES_JAVA_OPTS="-XX:ActiveProcessorCount=64")
    if started.returncode != 0:
        leave_out("elastic", started.stderr.strip() or "local.sh could not start a node")
    yield Node(f"http://127.0.0.1:{port}", data)
    run_local("stop", "--data", str(data))


@pytest.fixture(scope="module")
def index(narrow: Node) -> Iterator[ElasticWriter]:
    own = settings(index_shards=2)
    index = ElasticWriter(narrow.url, own)
    index.replace(passages(tuple(misrecognised_rows(300))))
    yield index
    index.close()
    with client_of(narrow.url) as client:
        remove(client, own)


def expansions(plan: Plan) -> list[float]:
    return sorted(expansion.probability for one in plan.terms for expansion in one.expansions)


class Everything:
    """Stands in for an index without a clause limit, with the lexicon of another one."""

    def __init__(self, index: ElasticWriter) -> None:
        self.lexicon = index.lexicon
        self.search = index.search

    def excess(self, query: Query) -> int:
        return 0


@pytest.mark.parametrize("mode", ["forgiving", "sounds-like", "any"])
def test_the_longest_search_is_reduced_to_the_clause_limit_with_a_note(index: ElasticWriter, mode: str):
    whole = Planner(Everything(index)).plan(LONGEST, mode)  # type: ignore[arg-type]
    plan = Planner(index).plan(LONGEST, mode)
    assert whole.candidates is not None
    assert plan.candidates is not None
    assert clauses_of(compiled(whole.candidates)) > FEWEST >= clauses_of(compiled(plan.candidates))
    assert clauses_of(compiled(plan.query)) <= FEWEST
    found = Finder(Planner(index)).find(plan, Request(plan.query), ALL)
    assert (found.matches.total, found.possible_total) == (300 if mode == "any" else 0, 0)
    assert [one.word for one in plan.terms] == [one.word for one in whole.terms]
    assert any("all words are searched for" in note for note in plan.notes)


def test_the_reduced_search_works_in_every_way(index: ElasticWriter):
    plan = Planner(index).plan(LONGEST, "any")
    assert index.search(Request(plan.query, facets=FACETS, seconds=True)).total == 300
    assert index.count(plan.query) == 300
    assert len(list(index.walk(Request(plan.query)))) == 300
    assert len(index.sample(Request(plan.query, size=20))) == 20
    assert len(index.search(Request(plan.query, page=20, size=10)).hits) == 10


def test_the_most_likely_expansions_are_kept(index: ElasticWriter):
    text = " ".join(LONGEST.split()[:75])
    whole, plan = (expansions(Planner(one).plan(text)) for one in (Everything(index), index))  # type: ignore[arg-type]
    assert 0 < len(plan) < len(whole)
    assert plan == whole[-len(plan) :]


def test_a_search_within_the_limit_is_not_reduced_and_sends_no_request(narrow: Node, index: ElasticWriter):
    with proxied(narrow.url) as proxy:
        own = ElasticWriter(proxy.url, index._settings)
        planner = Planner(own, shipped())  # with tables, so that it does not ask for the speech model of the index
        plan = planner.plan("boy")
        assert not plan.notes
        assert not [request for request, _ in proxy.passed if "_search" in request]
        planner.plan(LONGEST)
        planner.plan(f"{LONGEST} again")
        assert len([request for request, _ in proxy.passed if "_search" in request]) == 1, "the limit is requested once"
        own.close()


def test_a_lowered_limit_is_learned_from_the_rejection(index: ElasticWriter):
    own = ElasticWriter(index._address, index._settings)
    own._clauses._fit = 100_000  # a limit from before a node with more cores took over
    plan = Planner(own).plan(LONGEST, "any")
    with pytest.raises(WrongRequest, match=r"1,024 clauses; search again, and fewer expansions are used"):
        own.search(Request(plan.query))
    assert own.search(Request(Planner(own).plan(LONGEST, "any").query)).total == 300
    own.close()


TERM, PHRASE = Term("tokens", "boy"), Phrase("tokens", ("the", "boy"))


@pytest.mark.parametrize(
    "tree",
    [
        TERM,
        PHRASE,
        Constant(PHRASE, 2.0),
        Phrase("tokens", ("the", "boy", "ran", "home")),
        Prefix("tokens", "bo"),
        Between("duration", 1.0, 2.0),
        Missing("age"),
        Term("age", "twenties"),
        Without(TERM, PHRASE),
        AllOf((TERM, AnyOf((PHRASE, TERM)))),
    ],
)
def test_clauses_are_counted_as_in_elasticsearch(index: ElasticWriter, tree: Query):
    """A query at the limit is accepted, and one slightly above it is rejected."""
    of_one = clauses_of(compiled(tree))
    number = (FEWEST - 1) // of_one
    index.count(AnyOf((tree,) * number))
    with pytest.raises(WrongRequest, match="clauses"):
        index.count(AnyOf((tree,) * (FEWEST // of_one + 2)))


def test_the_number_of_clauses_that_every_node_accepts_is_below_the_lowest_limit():
    assert ALWAYS_TAKEN < FEWEST
