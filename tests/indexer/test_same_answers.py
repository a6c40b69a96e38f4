"""Both engines give the same answers after a fresh load: the same ids in the same order, totals, counts and pages."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.index import Range, Request
from indexer.matching.search import Finder
from indexer.query.builder import MODES
from indexer.query.planner import Planner
from indexer.query_tree import (
    EVERYTHING,
    AllOf,
    AnyOf,
    BestOf,
    Between,
    Constant,
    Favouring,
    Missing,
    Phrase,
    Prefix,
    Query,
    Term,
    Without,
)
from indexer.schema import FACETS, UNKNOWN
from tests.support.both_engines import Both, assert_same, assert_same_possible, loaded
from tests.support.elastic_nodes import Node
from tests.support.rows import ALL

pytestmark = pytest.mark.elastic

SEARCHES = 400


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def real(
    request: pytest.FixtureRequest, real_rows: list[ClipRow], node: Node, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    """Every other clip has no reference, so that its possible matches are estimated."""
    rows = [replace(row, text="") if number % 2 else row for number, row in enumerate(real_rows)]
    with loaded(rows, tmp_path_factory.mktemp("real"), node, request.param) as both:
        yield both


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def made(request: pytest.FixtureRequest, node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Generated rows, and many more with the same few words, many of which differ only in their ids."""
    chance = random.Random(7)
    many = [
        ClipRow(
            f"many/{number:04}.mp3",
            generated_text=" ".join(chance.choices(["the", "a", "boy", "ran", "far"], k=chance.randint(0, 6))),
            age=chance.choice(["", "twenties", "fourties", UNKNOWN]),
            duration=chance.choice([None, 0.0, 1.5, 4.0]),
        )
        for number in range(300)
    ]
    with loaded([*ALL, *many], tmp_path_factory.mktemp("made"), node, request.param) as both:
        yield both


def drawn(chance: random.Random, planner: Planner, vocabulary: dict[str, int], facets: dict[str, list[str]]) -> Request:
    """A typical search: frequent and rare words, some filters, any page."""
    weights = list(vocabulary.values()) if chance.random() < 0.5 else None
    words = " ".join(chance.choices(list(vocabulary), weights, k=chance.randint(0, 5)))
    filters = {
        facet: frozenset(chance.choices(values, k=chance.randint(1, 3)))
        for facet, values in facets.items()
        if chance.random() < 0.25
    }
    ranges = {"duration": Range(chance.choice([None, 1.5, 3.0]), chance.choice([None, 4.0, 6.5]))}
    return Request(
        planner.plan(words, chance.choice(MODES)).query,
        filters,
        ranges if chance.random() < 0.3 else {},
        FACETS,
        chance.choice([1, 10, 50]),
        chance.randint(1, 4),
    )


def assert_same_for_many(both: Both, searches: int) -> None:
    chance, planner = random.Random(1), Planner(both.embedded)
    vocabulary = dict(sorted(both.embedded.vocabulary().items()))
    counts = both.embedded.search(Request(facets=FACETS, size=1)).facets
    facets = {facet: sorted({*values, UNKNOWN, "nobody"}) for facet, values in counts.items()}
    for _ in range(searches):
        assert_same(both, drawn(chance, planner, vocabulary, facets))


def test_hundreds_of_searches_over_real_clips_have_the_same_answers(real: Both):
    assert real.embedded.count() == 1860
    assert_same_for_many(real, SEARCHES)


def test_the_whole_ranking_of_a_frequent_word_is_the_same(real: Both):
    for words in ("the", "the boy", "he said", "", "blacksmith", "some one painted"):
        for mode in MODES:
            assert_same(real, Request(Planner(real.elastic).plan(words, mode).query, size=2000))


def test_the_vocabulary_is_the_same(real: Both, made: Both):
    for both in (real, made):
        assert both.embedded.vocabulary() == both.elastic.vocabulary()


def test_searches_over_generated_rows_have_the_same_answers(made: Both):
    assert_same_for_many(made, SEARCHES)
    assert_same(made, Request(size=400, facets=FACETS))


def typed(chance: random.Random, words: list[str], values: dict[str, list[str]]) -> str:
    """A typed query: a few features of the query language with words of the index."""
    facet = chance.choice([facet for facet, known in values.items() if known])
    one, other = chance.choices(words, k=2)
    things = [
        one,
        one,
        f"{one}~",
        f"{one[: chance.randint(1, 4)]}*",
        f'"{one} {other}"',
        f"-{one}",
        f"{one} OR {other}",
        f'{facet}:"{chance.choice(values[facet])}"',
        f"-{facet}:unknown",
        f"duration:{chance.randint(0, 4)}-{chance.choice(['', '6'])}",
    ]
    return " ".join(chance.sample(things, chance.randint(1, 4)))


def assert_same_for_typed_queries(both: Both, searches: int) -> None:
    """The plans and their results are equal in every mode."""
    chance = random.Random(11)
    words = sorted(both.embedded.vocabulary())
    counts = both.embedded.search(Request(facets=FACETS, size=1)).facets
    values = {facet: sorted({*found} - {UNKNOWN}) for facet, found in counts.items()}
    finders = [Finder(Planner(index)) for index in both]
    possible = 0
    for at in range(searches):
        text, mode = typed(chance, words, values), MODES[at % len(MODES)]
        one, other = (finder.planner.plan(text, mode) for finder in finders)
        assert one == other, text
        request = Request(one.query, facets=FACETS, size=100)
        assert_same(both, request)
        possible += assert_same_possible(finders, text, mode, request)
    assert possible > 0


def test_typed_queries_over_real_clips_have_the_same_answers(real: Both):
    assert_same_for_typed_queries(real, 200)


def test_typed_queries_over_generated_rows_have_the_same_answers(made: Both):
    assert_same_for_typed_queries(made, 120)


LOST = (
    "blacksmith", "the blacksmith", "painted wall", '"some one"', "nevertheless", "xylophone OR shepherd", "shepard",
    "treasure he found", "sheep~ desert", "1984 treasure", "pyramids of egypt",
)  # fmt: skip


def test_possible_matches_of_real_clips_are_the_same(real: Both):
    finders = [Finder(Planner(index)) for index in real]
    for typed in LOST:
        for mode in ("exact", "forgiving", "sounds-like", "any"):
            for filters in ({}, {"gender": frozenset({"male", UNKNOWN})}):
                assert_same_possible(finders, typed, mode, Request(filters=filters))
    found, again = (
        [finder.find(finder.planner.plan(typed), Request(size=5), least) for typed in LOST for least in (None, 0.0)]
        for finder in finders
    )
    for one, other in zip(found, again, strict=True):
        assert (one.possible, one.possible_total, one.notes) == (other.possible, other.possible_total, other.notes)
    assert sum(one.possible_total for one in found) > len(LOST)


WORDS = ("the", "a", "boy", "ran", "far", "no", "nowhere", "大学", "straße")
KEYWORDS = (
    ("age", "twenties"),
    ("age", "nobody"),
    ("clip", "set/a1.mp3"),
    ("extra.locale", "en"),
    ("extra.a.b.c", "5"),
)


def leaf(chance: random.Random) -> Query:
    """Any node without children, usually with one of the frequent words of the generated rows."""
    field = chance.choice(["tokens", "tokens", "stems", "text_tokens"])
    keyword, value = chance.choice(KEYWORDS)
    return chance.choice(
        [
            Term(field, chance.choice(WORDS), chance.choice([1, 0.5, 3])),
            Term(keyword, value, 0.25),
            Phrase(field, tuple(chance.choices(WORDS[:6], k=chance.randint(2, 3)))),
            Prefix(field, chance.choice(WORDS)[:1]),
            Prefix(keyword, value[:2]),
            Between(
                chance.choice(["duration", "up_votes"]), chance.choice([None, 0, 1.5]), chance.choice([None, 2, 4])
            ),
            Missing(keyword),
        ]
    )


def tree(chance: random.Random, depth: int) -> Query:
    """Any tree of at most this depth."""
    if depth == 0 or chance.random() < 0.2:
        return leaf(chance)
    children = tuple(tree(chance, depth - 1) for _ in range(chance.randint(1, 3)))
    return chance.choice(
        [
            AllOf(children),
            AnyOf(children),
            BestOf(children),
            Constant(children[0], chance.choice([0.0, 0.25, 64.0])),
            Favouring(children[0], children[-1:]),
            Without(children[0], children[-1]),
            Without(EVERYTHING, children[0]),
        ]
    )


def test_random_query_trees_have_the_same_answers(made: Both):
    chance = random.Random(3)
    trees = [tree(chance, 3) for _ in range(300)]
    for query in trees:
        assert_same(made, Request(query, size=400))
    assert sum(0 < made.embedded.count(query) < made.embedded.count() for query in trees) > 150


def test_query_trees_with_words_of_real_clips_have_the_same_answers(real: Both):
    chance = random.Random(5)
    vocabulary = sorted(real.embedded.vocabulary())
    transcripts = [tokens(hit.passage.row.generated_text) for hit in real.embedded.search(Request(size=500)).hits]
    for transcript in chance.sample([transcript for transcript in transcripts if len(transcript) > 3], 40):
        at = chance.randrange(len(transcript) - 2)
        phrase = Phrase("tokens", tuple(transcript[at : at + chance.randint(2, 3)]))
        sometimes = Constant(AnyOf(tuple(Term("tokens", word) for word in chance.sample(vocabulary, 20))), 8.0)
        prefix = Prefix("tokens", chance.choice(transcript)[:3])
        assert real.embedded.count(phrase) > 0
        assert_same(real, Request(AnyOf((BestOf((phrase, prefix)), sometimes)), size=400))
        assert_same(real, Request(Without(AllOf((prefix, Between("duration", 2, 6))), phrase), size=400))
        assert_same(real, Request(AllOf((Missing("accent"), AnyOf((phrase, Term("stems", transcript[0]))))), size=400))
