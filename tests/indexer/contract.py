"""What every engine promises: one suite that each of them inherits and runs."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from threading import Event, Thread

import pytest

from clips.errors import ClipsError
from clips.normalise import tokens
from clips.row import ClipRow
from indexer.documents import SENTINEL
from indexer.errors import IndexMissing
from indexer.fields import FACETS, UNKNOWN
from indexer.index import Range, Request, SearchIndex
from indexer.passages import Passage
from indexer.query import EVERYTHING, AllOf, AnyOf, BestOf, Query, Term
from tests.indexer.made_rows import ALL, INTERVIEW, passages

OpenIndex = Callable[[], SearchIndex]
"""Opens one and the same index, as another process would; three of its versions are kept."""


def heard(word: str, weight: float = 1.0) -> Term:
    return Term("tokens", word, weight)


def ids(index: SearchIndex, query: Query = EVERYTHING, size: int = 100, page: int = 1) -> list[str]:
    return [hit.passage.id for hit in index.search(Request(query, size=size, page=page)).hits]


def paged(index: SearchIndex, query: Query, size: int, pages: int) -> list[str]:
    """The ids on the first pages, one page after the other."""
    return list(chain.from_iterable(ids(index, query, size, page) for page in range(1, pages + 1)))


def score(index: SearchIndex, query: Query, passage_id: str) -> float:
    return {hit.passage.id: hit.score for hit in index.search(Request(query, size=100)).hits}[passage_id]


def rows(*names: str, text: str = "same words") -> list[Passage]:
    return passages(tuple(ClipRow(name, generated_text=text) for name in names))


class AskingContract:
    """What is answered; subclasses bring the fixture ``made``, an index with all made rows."""

    def test_everything_comes_in_the_order_of_ids_and_scores_nothing(self, made: SearchIndex):
        result = made.search(Request(size=100))
        assert [hit.passage.id for hit in result.hits] == sorted(passage.id for passage in passages())
        assert {hit.score for hit in result.hits} == {0.0}
        assert result.total == made.count() == len(passages())

    def test_what_comes_back_is_what_was_loaded(self, made: SearchIndex):
        for passage in passages():
            assert made.get(passage.id) == passage

    def test_a_passage_that_is_not_there_is_none(self, made: SearchIndex):
        assert made.get("set/nothing.mp3") is None
        assert made.get("") is None
        assert made.get("set/interview.mp3") is None, "its passages have ids of their own"

    def test_every_word_finds_its_passages_in_whatever_script(self, made: SearchIndex):
        having: dict[str, set[str]] = {}
        for passage in passages():
            for token in tokens(passage.row.generated_text):
                having.setdefault(token, set()).add(passage.id)
        assert len(having) > 40
        for token, expected in having.items():
            assert set(ids(made, heard(token))) == expected, token

    def test_the_vocabulary_counts_the_passages_that_have_a_word(self, made: SearchIndex):
        counts = Counter(token for passage in passages() for token in set(tokens(passage.row.generated_text)))
        assert made.vocabulary() == counts
        assert SENTINEL not in counts

    def test_the_reference_is_found_in_its_own_field_only(self, made: SearchIndex):
        assert ids(made, heard("frog")) == []
        assert ids(made, Term("text_tokens", "frog")) == ["set/a5.mp3"]

    def test_stems_are_found_in_their_own_field(self, made: SearchIndex):
        assert ids(made, heard("run")) == []
        assert set(ids(made, Term("stems", "run"))) == {"set/a1.mp3", "set/a2.mp3", "set/a3.mp3", "set/a4.mp3"}

    def test_an_empty_token_matches_nothing(self, made: SearchIndex):
        assert made.count(heard("")) == 0

    def test_all_of_wants_every_child_and_adds_their_scores(self, made: SearchIndex):
        both = AllOf((heard("a"), heard("dog")))
        assert ids(made, both) == ["set/a5.mp3"]
        parts = score(made, heard("a"), "set/a5.mp3") + score(made, heard("dog"), "set/a5.mp3")
        assert score(made, both, "set/a5.mp3") == pytest.approx(parts, rel=1e-5)

    def test_any_of_wants_one_child_and_adds_those_that_match(self, made: SearchIndex):
        either = AnyOf((heard("cat"), heard("dog"), heard("a")))
        assert set(ids(made, either)) == {"set/a5.mp3", "set/a7.mp3"}
        parts = score(made, heard("cat"), "set/a7.mp3") + score(made, heard("a"), "set/a7.mp3")
        assert score(made, either, "set/a7.mp3") == pytest.approx(parts, rel=1e-5)

    def test_best_of_scores_the_best_child_alone(self, made: SearchIndex):
        best = BestOf((heard("cat"), heard("a"), heard("nobody")))
        assert set(ids(made, best)) == {"set/a5.mp3", "set/a7.mp3"}
        assert score(made, best, "set/a7.mp3") == pytest.approx(score(made, heard("cat"), "set/a7.mp3"), rel=1e-5)

    def test_a_weight_multiplies_the_score(self, made: SearchIndex):
        plain = score(made, heard("cat"), "set/a7.mp3")
        assert score(made, heard("cat", 0.5), "set/a7.mp3") == pytest.approx(plain / 2, rel=1e-5)

    def test_scores_are_bm25(self, made: SearchIndex):
        lengths = [len(tokens(passage.row.generated_text)) or 1 for passage in passages()]
        number, average = len(lengths), sum(lengths) / len(lengths)
        found = made.search(Request(heard("boy"), size=100))
        rarity = math.log(1 + (number - found.total + 0.5) / (found.total + 0.5))
        assert found.total > 3
        for hit in found.hits:
            heard_words = tokens(hit.passage.row.generated_text)
            often = heard_words.count("boy")
            share = often * 2.2 / (often + 1.2 * (0.25 + 0.75 * len(heard_words) / average))
            assert hit.score == pytest.approx(rarity * share, rel=1e-4)

    def test_hits_come_by_falling_score_and_ties_by_id(self, made: SearchIndex):
        hits = made.search(Request(AnyOf((heard("boy"), heard("a"))), size=100)).hits
        assert [(-hit.score, hit.passage.id) for hit in hits] == sorted((-hit.score, hit.passage.id) for hit in hits)
        assert ids(made, heard("home")) == ["set/a1.mp3", "set/a2.mp3", "set/a3.mp3"]

    @pytest.mark.parametrize("query", [EVERYTHING, heard("boy"), AnyOf((heard("the"), heard("a")))], ids=str)
    @pytest.mark.parametrize("size", [1, 3, 7])
    def test_pages_neither_overlap_nor_miss(self, made: SearchIndex, query: Query, size: int):
        whole = ids(made, query)
        assert paged(made, query, size, len(whole) // size + 1) == whole

    def test_a_page_beyond_the_end_is_empty_and_the_total_stays(self, made: SearchIndex):
        for query in (EVERYTHING, heard("boy")):
            result = made.search(Request(query, page=1000, size=9))
            assert result.hits == ()
            assert result.total == made.count(query)

    def test_facets_count_every_passage_once_and_unknown_among_them(self, made: SearchIndex):
        facets = made.search(Request(facets=FACETS, size=1)).facets
        assert list(facets) == list(FACETS)
        assert {sum(counts.values()) for counts in facets.values()} == {len(passages())}
        assert facets["gender"] == {"male": 3, "female": 1, UNKNOWN: len(passages()) - 4}
        assert facets["age"][" twenties"] == 1, "values stay as the corpus spells them"

    def test_only_the_facets_asked_for_are_counted(self, made: SearchIndex):
        assert made.search(Request(facets=("age",))).facets.keys() == {"age"}
        assert made.search(Request()).facets == {}

    def test_filters_of_one_facet_are_alternatives_and_of_several_must_all_hold(self, made: SearchIndex):
        ages = frozenset({"twenties", "fourties"})
        assert self.filtered(made, age=ages) == ["set/a1.mp3", "set/a2.mp3", "set/a4.mp3"]
        assert self.filtered(made, age=ages, gender=frozenset({"male"})) == ["set/a1.mp3", "set/a2.mp3"]
        assert self.filtered(made, age=frozenset({"nineties"})) == []

    def filtered(self, index: SearchIndex, **filters: frozenset[str]) -> list[str]:
        result = index.search(Request(filters=filters, size=100))
        assert result.total == len(result.hits)
        return [hit.passage.id for hit in result.hits]

    def test_every_value_that_is_counted_can_be_filtered_by(self, made: SearchIndex):
        for facet, counts in made.search(Request(facets=FACETS, size=1)).facets.items():
            for value, number in counts.items():
                assert len(self.filtered(made, **{facet: frozenset({value})})) == number, (facet, value)

    def test_unknown_is_empty_or_says_unknown_or_is_endless(self, made: SearchIndex):
        unknown = self.filtered(made, age=frozenset({UNKNOWN}), gender=frozenset({"male"}))
        assert unknown == ["set/b2.mp3"]
        assert "set/b3.mp3" in self.filtered(made, accent=frozenset({UNKNOWN}))
        assert "set/b3.mp3" in self.filtered(made, accent=frozenset({UNKNOWN, "us"}))

    def test_a_facet_leaves_its_own_filter_out_and_heeds_the_others(self, made: SearchIndex):
        filters = {"age": frozenset({"twenties"}), "gender": frozenset({"male"})}
        result = made.search(Request(heard("home"), filters, facets=("age", "gender", "accent")))
        assert result.total == 1
        assert result.facets["age"] == {"twenties": 1, "fourties": 1}
        assert result.facets["gender"] == {"male": 1}
        assert result.facets["accent"] == {"us": 1}

    def test_filters_change_no_score(self, made: SearchIndex):
        request = Request(heard("home"), {"gender": frozenset({"female"})}, {"duration": Range(8.0, 8.0)})
        (hit,) = made.search(request).hits
        assert hit.score == pytest.approx(score(made, heard("home"), "set/a3.mp3"), rel=1e-6)

    @pytest.mark.parametrize(
        ("bounds", "found"),
        [
            (Range(2.0, 8.0), ["set/a1.mp3", "set/a2.mp3", "set/a3.mp3"]),
            (Range(2, 5), ["set/a1.mp3", "set/a2.mp3"]),
            (Range(5.1, None), ["set/a3.mp3"]),
            (Range(None, 2.0), ["set/a1.mp3"]),
            (Range(9.0, 1.0), []),
            (Range(), ["set/a1.mp3", "set/a2.mp3", "set/a3.mp3"]),
        ],
        ids=str,
    )
    def test_ranges_have_both_ends_in_and_open_ones_none(self, made: SearchIndex, bounds: Range, found: list[str]):
        result = made.search(Request(heard("home"), ranges={"duration": bounds}, facets=("gender",)))
        assert [hit.passage.id for hit in result.hits] == found
        assert sum(result.facets["gender"].values()) == result.total == len(found)

    def test_a_range_leaves_out_what_has_no_duration_unless_it_is_open_at_both_ends(self, made: SearchIndex):
        without = sum(passage.row.duration is None for passage in passages())
        assert made.search(Request(ranges={"duration": Range(0.0)})).total == len(passages()) - without
        assert made.search(Request(ranges={"duration": Range()})).total == len(passages())

    def test_a_hit_in_a_long_clip_is_the_passage_with_the_word(self, made: SearchIndex):
        (hit,) = made.search(Request(heard("second"))).hits
        assert (hit.passage.id, hit.passage.clip) == ("set/interview.mp3#0002", "set/interview.mp3")
        assert (hit.passage.start, hit.passage.end, hit.passage.row.emotion) == (26.0, 50.0, "happiness")


class ChangingContract:
    """What loads and changes do; subclasses bring the fixture ``open_index``, see `OpenIndex`."""

    @pytest.fixture
    def index(self, open_index: OpenIndex) -> Iterator[SearchIndex]:
        """An index of its own for one test, with nothing loaded."""
        index = open_index()
        yield index
        index.close()

    def test_before_the_first_load_everything_says_that_there_is_no_index(self, index: SearchIndex):
        questions: list[Callable[[], object]] = [
            lambda: index.search(Request()),
            lambda: index.get("x"),
            index.count,
            index.vocabulary,
            index.about,
            index.rollback,
            lambda: index.put(rows("x")),
            lambda: index.delete(["x"]),
        ]
        for question in questions:
            with pytest.raises(IndexMissing, match=r"\./run\.sh load FILE"):
                question()

    def test_a_load_replaces_everything_and_says_how_many(self, index: SearchIndex):
        assert index.replace(rows("a", "b", "c")) == 3
        first = index.about()
        assert index.replace(iter(rows("d")), audio="/somewhere/else") == 1
        assert ids(index) == ["d"]
        assert (first.audio, index.about().audio) == (None, "/somewhere/else")
        assert first.version < index.about().version

    def test_an_index_of_nothing_answers(self, index: SearchIndex):
        assert index.replace([]) == 0
        result = index.search(Request(heard("x"), facets=FACETS))
        assert (result.total, result.hits, index.vocabulary()) == (0, (), {})
        assert index.search(Request()).hits == ()
        assert index.put(rows("a")) == 1
        assert ids(index) == ["a"]

    def test_of_two_passages_with_one_id_the_later_stays(self, index: SearchIndex):
        assert index.replace(rows("a", "b") + rows("a", text="later")) == 2
        assert ids(index, heard("later")) == ["a"]

    def test_a_load_that_fails_changes_nothing_and_the_next_one_works(self, index: SearchIndex):
        index.replace(rows("a"))
        before = index.about()

        def broken() -> Iterator[Passage]:
            yield from rows("b")
            raise ClipsError("the file ends in the middle")

        with pytest.raises(ClipsError, match="in the middle"):
            index.replace(broken())
        assert (ids(index), index.about()) == (["a"], before)
        index.replace(rows("c"))
        assert index.rollback() == before.version
        assert ids(index) == ["a"]

    def test_rollback_goes_back_one_version_and_no_further_than_the_first(self, index: SearchIndex):
        versions = []
        for name in ("a", "b", "c"):
            index.replace(rows(name), audio=f"/{name}")
            versions.append(index.about().version)
        assert index.rollback() == versions[1]
        assert (ids(index), index.about().audio) == (["b"], "/b")
        index.rollback()
        with pytest.raises(IndexMissing, match="no version before"):
            index.rollback()
        assert ids(index) == ["a"]

    def test_versions_beyond_those_to_keep_are_gone(self, index: SearchIndex):
        for name in ("a", "b", "c", "d"):
            index.replace(rows(name))
        index.rollback()
        assert ids(index) == ["c"]
        index.rollback()
        assert ids(index) == ["b"]
        with pytest.raises(IndexMissing):
            index.rollback()

    def test_put_adds_and_replaces_clips_in_the_order_of_their_ids(self, index: SearchIndex):
        index.replace(rows("b", "d", "f"))
        version = index.about().version
        assert index.put(rows("c", "a")) == 2
        assert index.put(rows("g")) == 1
        assert index.put(rows("e", "d", text="new words")) == 2
        assert ids(index) == ["a", "b", "c", "d", "e", "f", "g"]
        assert ids(index, heard("same")) == ["a", "b", "c", "f", "g"]
        assert paged(index, heard("same"), 2, 3) == ["a", "b", "c", "f", "g"]
        assert ids(index, heard("new")) == ["d", "e"]
        assert index.about().version == version

    def test_putting_a_clip_replaces_all_the_passages_that_it_had(self, index: SearchIndex):
        index.replace(passages((INTERVIEW,)))
        assert index.put(rows("set/interview.mp3")) == 1
        assert ids(index) == ["set/interview.mp3"]
        assert index.put(passages((INTERVIEW,))) == 3
        assert ids(index) == [f"set/interview.mp3#000{number}" for number in (1, 2, 3)]

    def test_putting_nothing_changes_nothing(self, index: SearchIndex):
        index.replace(rows("a"))
        assert index.put([]) == 0
        assert ids(index) == ["a"]

    def test_delete_takes_all_passages_of_clips_and_says_how_many_there_were(self, index: SearchIndex):
        index.replace(passages(ALL))
        before = index.count()
        assert index.delete(["set/interview.mp3", "set/a5.mp3", "set/never.mp3"]) == 4
        assert index.delete(["set/a5.mp3"]) == 0
        assert index.delete([]) == 0
        assert index.count() == len(ids(index)) == before - 4
        assert index.get("set/a5.mp3") is None
        assert "dog" not in index.vocabulary()
        assert sum(index.search(Request(facets=("age",))).facets["age"].values()) == before - 4

    def test_who_has_the_index_open_sees_a_load_a_put_and_a_delete_at_once(self, open_index: OpenIndex):
        writer, reader = open_index(), open_index()
        writer.replace(rows("a"))
        assert ids(reader) == ["a"]
        writer.put(rows("b"))
        assert ids(reader) == ["a", "b"]
        writer.delete(["a"])
        assert ids(reader) == ["b"]
        writer.replace(rows("c"))
        assert ids(reader) == ["c"]
        writer.rollback()
        assert ids(reader) == ["b"]
        writer.close()
        reader.close()

    def test_nobody_ever_sees_half_a_load(self, open_index: OpenIndex):
        writer, reader = open_index(), open_index()
        writer.replace(rows(*map(str, range(10))))
        seen: set[tuple[int, int]] = set()
        done = Event()

        def read() -> None:
            while not done.is_set():
                result = reader.search(Request(facets=("age",), size=100))
                seen.add((result.total, len(result.hits)))

        thread = Thread(target=read)
        thread.start()
        try:
            for number in (20, 30, 40):
                writer.replace(rows(*map(str, range(number))))
        finally:
            done.set()
            thread.join()
        assert seen <= {(10, 10), (20, 20), (30, 30), (40, 40)}
        assert seen
        writer.close()
        reader.close()

    def test_closing_twice_is_closing_once_and_loses_nothing(self, open_index: OpenIndex):
        first, second = open_index(), open_index()
        first.replace(rows("a"))
        first.close()
        first.close()
        assert second.count() == 1
        second.close()
