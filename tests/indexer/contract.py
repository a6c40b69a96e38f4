"""What every engine promises: one suite that each of them inherits and runs."""

import math
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from threading import Event, Thread

import pytest

from clips.errors import ClipsError
from clips.normalise import tokens
from clips.row import ClipRow
from indexer import elastic_lexicon
from indexer.documents import SENTINEL, document_of
from indexer.errors import IndexMissing, LoadFailed
from indexer.fields import FACETS, UNKNOWN
from indexer.index import Range, Request, SearchIndex
from indexer.passages import Passage
from indexer.query import (
    EVERYTHING,
    AllOf,
    AnyOf,
    BestOf,
    Between,
    Constant,
    Missing,
    Phrase,
    Prefix,
    Query,
    Term,
    Without,
)
from indexer.sounds.lexicon import Lexicon, heard_in
from indexer.sounds.spelling import english
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


def single(number: float) -> float:
    """The number as engines hold a score: rounded to 32 bits."""
    return float(struct.unpack("f", struct.pack("f", number))[0])


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

    def test_the_lexicon_has_the_words_and_pairs_of_the_transcripts(self, made: SearchIndex):
        counted = Lexicon.of(heard_in(passages()), english())
        assert made.lexicon().counts() == counted.counts()
        assert made.lexicon().pair_counts() == counted.pair_counts()
        assert made.lexicon().passages == len(passages())

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

    @pytest.mark.parametrize(
        ("spoken", "found"),
        [
            ("runs home", ["set/a1.mp3", "set/a2.mp3", "set/a3.mp3"]),
            ("home runs", []),
            ("the runs", []),
            ("no no", ["set/d1.mp3", "set/d3.mp3"]),
            ("no no no", ["set/d1.mp3"]),
            ("no nowhere", []),
            ("京都 都大 大学", ["ünï/с3.mp3"]),
            ("नमस्ते दुनिया", ["ünï/с2.mp3"]),
        ],
        ids=str,
    )
    def test_a_phrase_is_its_tokens_side_by_side(self, made: SearchIndex, spoken: str, found: list[str]):
        assert sorted(ids(made, Phrase("tokens", tuple(spoken.split())))) == found

    def test_a_phrase_scores_as_a_term_with_the_rarities_added_up(self, made: SearchIndex):
        def rarity(word: str) -> float:
            return math.log(1 + (len(passages()) - made.count(heard(word)) + 0.5) / (made.count(heard(word)) + 0.5))

        same = score(made, Phrase("tokens", ("runs", "home")), "set/a1.mp3")
        share = score(made, heard("home"), "set/a1.mp3") / rarity("home")
        assert same == pytest.approx((rarity("runs") + rarity("home")) * share, rel=1e-4)

    def test_the_best_of_seventy_phrases_is_the_one_that_is_there(self, made: SearchIndex):
        phrase = Phrase("tokens", ("runs", "home"))
        others = tuple(Phrase("tokens", ("home", f"nowhere{number}", "at", "all")) for number in range(69))
        assert ids(made, BestOf((*others, phrase))) == ids(made, phrase) != []
        assert score(made, BestOf((*others, phrase)), "set/a1.mp3") == score(made, phrase, "set/a1.mp3")

    @pytest.mark.parametrize(
        "start", ["b", "boy", "stra", "i\u0307", "क्ष", "京", "안녕", "مر", "𐌰", "𐌰𐌱" * 63 + "𐌰", "long" * 30, "x2"]
    )
    def test_a_prefix_finds_every_token_that_begins_with_it(self, made: SearchIndex, start: str):
        expected = {
            passage.id
            for passage in passages()
            if any(token.startswith(start) for token in tokens(passage.row.generated_text))
        }
        found = made.search(Request(Prefix("tokens", start), size=100)).hits
        assert {hit.passage.id for hit in found} == expected
        assert [hit.score for hit in found] == [1.0] * made.count(Prefix("tokens", start))

    @pytest.mark.parametrize(
        "start", [".", ".*", "b.y", "b[o]y", "(boy", "^b", "b?", "boy|a", "\\w", "*", "~1", '"', "/"]
    )
    def test_a_prefix_is_taken_as_it_stands(self, made: SearchIndex, start: str):
        assert made.count(Prefix("tokens", start)) == 0

    def test_a_prefix_of_a_keyword_may_have_any_characters(self, made: SearchIndex):
        assert ids(made, Prefix("accent", 'us\\land "q')) == ["ünï/🎙 #?&=%2F.mp3"]
        assert ids(made, Prefix("clip", "set/a")) == [f"set/a{number}.mp3" for number in range(1, 8)]

    @pytest.mark.parametrize(
        ("bounds", "found"),
        [
            (Between("duration", 2.0, 5.0), ["set/a1.mp3", "set/a2.mp3", "set/a5.mp3"]),
            (Between("duration", None, 1.0), ["set/b1.mp3"]),
            (Between("duration", 1e300, None), []),
            (Between("duration", 5.0, 2.0), []),
            (Between("emotion_score", None, 0.45), ["set/a7.mp3"]),
            (Between("emotion_score", 0.4, 0.5), ["set/a7.mp3", "set/d4.mp3"]),
            (Between("up_votes", 1.5, 2.5), ["set/a5.mp3"]),
            (Between("up_votes", 1.2, 1.8), []),
            (Between("up_votes", None, 0), ["set/d1.mp3", "set/d2.mp3"]),
            (Between("up_votes", 3, 1e300), ["set/d3.mp3"]),
            (Between("up_votes", -1e300, -1), ["set/d2.mp3"]),
            (Between("emotion_score", 0.75, None), ["set/interview.mp3#0001"]),
            (Between("up_votes", None, None), ["set/a5.mp3", "set/d1.mp3", "set/d2.mp3", "set/d3.mp3"]),
        ],
        ids=str,
    )
    def test_between_has_both_ends_in_and_scores_nothing(self, made: SearchIndex, bounds: Between, found: list[str]):
        hits = made.search(Request(bounds, size=100)).hits
        assert [(hit.passage.id, hit.score) for hit in hits] == [(passage_id, 0.0) for passage_id in found]

    @pytest.mark.parametrize("field", ["age", "gender", "accent", "dataset", "error", "extra.locale", "extra.nothing"])
    def test_missing_is_empty_or_says_unknown_or_is_endless(self, made: SearchIndex, field: str):
        def value_of(passage: Passage) -> str:
            row = passage.row
            return row.extra.get(field[6:], "") if field.startswith("extra.") else str(getattr(row, field))

        expected = {one.id for one in passages() if value_of(one) in ("", UNKNOWN) or len(value_of(one)) > 1000}
        hits = made.search(Request(Missing(field), size=100)).hits
        assert {hit.passage.id for hit in hits} == expected
        assert {hit.score for hit in hits} == {0.0}

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            (Term("extra.locale", "en"), ["set/c1.mp3"]),
            (Term("extra.a.b.c", "dots"), ["set/c1.mp3"]),
            (Term("extra.a.b.c", "5"), ["set/c3.mp3"]),
            (Term("extra.a.b", "dots"), []),
            (Term("extra.my column", "two words"), ["set/c1.mp3"]),
            (Term("extra.my column", "words"), []),
            (Term("extra.my column", "2026-01-02T03:04:05Z"), ["set/c3.mp3"]),
            (Term("extra.my column", "true"), ["set/c4.mp3"]),
            (Term("extra.ключ", "Ж"), ["set/c1.mp3"]),
            (Term("extra.back\\slash", "x"), ["set/c1.mp3"]),
            (Term("extra.no such column", "x"), []),
            (Term("extra.long", "y" * 40_000), []),
            (Prefix("extra.a.b.c", "dot"), ["set/c1.mp3", "set/c4.mp3"]),
            (Prefix("extra.my column", "2026-"), ["set/c3.mp3"]),
            (AllOf((Missing("extra.my column"), Term("extra.id", "not ours"))), ["set/c2.mp3"]),
            (AllOf((Missing("extra.a.b.c"), Prefix("clip", "set/c"))), ["set/c2.mp3"]),
        ],
        ids=lambda value: str(value)[:80],
    )
    def test_unknown_columns_are_found_whatever_their_names(self, made: SearchIndex, query: Query, found: list[str]):
        assert ids(made, query) == found

    def test_what_was_nearly_heard_is_found_by_how_sure_the_recogniser_was(self, made: SearchIndex):
        for token in ("blacksmith_3", "block_1", "京都_9", "都大_9", "𐌰" * 126 + "_5"):
            assert ids(made, Term("alternatives", token)) == ["set/doubted.mp3"], token
        assert ids(made, AnyOf((Term("alternatives", "blacksmith_4"), heard("blacksmith")))) == []

    def test_lengths_are_found_by_number(self, made: SearchIndex):
        lengths = {passage.id: document_of(passage)["length"] for passage in passages()}
        assert len(set(lengths.values())) > 1
        for length in set(lengths.values()):
            same = {passage_id for passage_id, other in lengths.items() if other == length}
            assert set(ids(made, Term("length", length))) == same

    def test_a_keyword_scores_its_weight(self, made: SearchIndex):
        for query in (Term("age", "twenties", 0.1), Term("extra.locale", "en", 0.1), Term("clip", "set/a1.mp3", 0.1)):
            assert {single(hit.score) for hit in made.search(Request(query)).hits} == {single(0.1)}

    @pytest.mark.parametrize("exact", [0.0, 0.1, 1 / 3, 1000.07, 16_777_217.0, 1e-20])
    @pytest.mark.parametrize(
        "child", [heard("boy"), EVERYTHING, Phrase("tokens", ("no", "no")), Missing("age")], ids=str
    )
    def test_a_constant_scores_exactly_that(self, made: SearchIndex, child: Query, exact: float):
        hits = made.search(Request(Constant(child, exact), size=100)).hits
        assert {single(hit.score) for hit in hits} == {single(exact)}
        assert [hit.passage.id for hit in hits] == sorted(ids(made, child))

    def test_constants_add_up_and_the_best_of_them_is_one(self, made: SearchIndex):
        one, other = Constant(heard("boy"), 64.0), Constant(heard("home"), 0.25)
        assert score(made, AllOf((one, other)), "set/a1.mp3") == 64.25
        assert score(made, AnyOf((one, other)), "set/a1.mp3") == 64.25
        assert score(made, BestOf((one, other)), "set/a1.mp3") == 64.0

    def test_without_leaves_out_and_scores_as_the_child(self, made: SearchIndex):
        query = Without(heard("a"), heard("dog"))
        assert ids(made, query) == ["set/a7.mp3"]
        assert score(made, query, "set/a7.mp3") == score(made, heard("a"), "set/a7.mp3")
        assert ids(made, Without(heard("a"), EVERYTHING)) == []
        assert ids(made, Without(heard("boy"), Between("duration", 0, None))) == ids(
            made, AllOf((heard("boy"), Without(EVERYTHING, Between("duration", 0, None))))
        )

    def test_everything_but_something_comes_in_the_order_of_ids(self, made: SearchIndex):
        rest = ids(made, Without(EVERYTHING, AnyOf((heard("boy"), Missing("age")))))
        assert rest == ["set/a4.mp3"]
        without = ids(made, Without(EVERYTHING, heard("boy")))
        assert without == sorted(set(ids(made)) - set(ids(made, heard("boy"))))

    @pytest.mark.parametrize(
        "condition",
        [
            Between("duration", 7.0, 9.0),
            Between("duration", 0.0, None),
            Missing("age"),
            Missing("clip"),
            Constant(Term("extra.locale", "en"), 0.0),
            Constant(Prefix("clip", "set/a3"), 0.0),
        ],
        ids=str,
    )
    def test_conditions_change_no_score(self, made: SearchIndex, condition: Query):
        plain = {hit.passage.id: hit.score for hit in made.search(Request(heard("home"), size=100)).hits}
        for query in (AllOf((heard("home"), condition)), Without(heard("home"), condition)):
            for hit in made.search(Request(query, size=100)).hits:
                assert hit.score == pytest.approx(plain[hit.passage.id], rel=1e-6)

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
            index.lexicon,
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

    def test_the_lexicon_is_the_same_object_while_nothing_changes(self, index: SearchIndex):
        index.replace(rows("a"))
        first = index.lexicon()
        index.search(Request(heard("same")))
        assert index.lexicon() is first
        index.replace(rows("a"))
        assert index.lexicon() is not first

    def test_the_lexicon_goes_with_its_version(self, index: SearchIndex):
        index.replace(rows("a", "b", text="black smith"))
        index.replace(rows("c", text="rain bow"))
        assert index.lexicon().counts() == {"rain": 1, "bow": 1}
        index.rollback()
        assert index.lexicon().pair_counts() == {("black", "smith"): 2}

    def test_what_is_put_is_in_the_lexicon_and_what_is_deleted_stays(self, index: SearchIndex):
        index.replace(rows("a", text="black smith"))
        before = index.lexicon()
        index.put(rows("b", text="black bow"))
        assert index.lexicon().counts() == {"black": 2, "smith": 1, "bow": 1}
        assert index.lexicon().passages == 2
        assert before.counts() == {"black": 1, "smith": 1}, "a lexicon never changes"
        index.delete(["a"])
        assert index.lexicon().passages_with("smith") == 1

    def test_words_that_another_process_puts_are_in_the_lexicon_soon(
        self, index: SearchIndex, open_index: OpenIndex, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(elastic_lexicon, "SECONDS_BELIEVED", 0.0)
        index.replace(rows("a", text="black smith"))
        index.lexicon()
        other = open_index()
        other.put(rows("b", text="rain bow"))
        other.close()
        assert index.lexicon().passages_with("rain") == 1
        assert index.lexicon() is index.lexicon()

    def test_a_load_that_fails_leaves_the_lexicon_as_it_was(self, index: SearchIndex):
        index.replace(rows("a", text="black smith"))
        bad = Passage("c", "soon", None, rows("c")[0].row)  # type: ignore[arg-type]
        with pytest.raises(LoadFailed):
            index.replace([*rows("b", text="rain bow"), bad])
        assert index.lexicon().counts() == {"black": 1, "smith": 1}

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
