"""The results of every engine: hits, their order and pages, counts and filters."""

from collections import Counter
from dataclasses import replace
from typing import Final

import pytest

from hearsay.text.normalize import tokens
from indexer.documents import SENTINEL
from indexer.index import Range, Request, SearchReader, SearchWriter, Sort
from indexer.passages import Passage
from indexer.phonetics.g2p import english
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.word_counts import count_words
from indexer.query.planner import usual_speech_model
from indexer.query_tree import EVERYTHING, AnyOf, Query, Term
from indexer.schema import FACETS, SORTS, UNKNOWN
from tests.support.contract import ids, paged, rows, score, transcribed
from tests.support.rows import passages

MANY: Final[list[Passage]] = rows(*(f"{number:03}" for number in range(400)))
"""So many passages that a fair sample of half of them is unbalanced less than once in 10²⁰ times: Elasticsearch samples
differently in each index, depending on its name."""


class ReaderContract:
    """The results; subclasses provide ``made``, a reader of all generated rows, and ``many``, a reader of `MANY`."""

    def test_a_reader_has_no_methods_that_change_an_index(self, made: SearchReader):
        changes = vars(SearchWriter).keys() - vars(SearchReader).keys()
        assert {"replace", "rollback", "put", "delete"} <= changes
        assert not [name for name in changes if not name.startswith("_") and hasattr(made, name)]

    def test_match_all_is_ordered_by_id_with_score_zero(self, made: SearchWriter):
        result = made.search(Request(size=100))
        assert [hit.passage.id for hit in result.hits] == sorted(passage.id for passage in passages())
        assert {hit.score for hit in result.hits} == {0.0}
        assert result.total == made.count() == len(passages())

    def test_passages_are_returned_as_they_were_loaded(self, made: SearchWriter):
        for passage in passages():
            assert made.get(passage.id) == passage

    def test_an_unknown_passage_is_none(self, made: SearchWriter):
        assert made.get("set/nothing.mp3") is None
        assert made.get("") is None
        assert made.get("set/interview.mp3") is None, "its passages have different ids"

    def test_every_word_in_any_script_finds_its_passages(self, made: SearchWriter):
        having: dict[str, set[str]] = {}
        for passage in passages():
            for token in tokens(passage.row.generated_text):
                having.setdefault(token, set()).add(passage.id)
        assert len(having) > 40
        for token, expected in having.items():
            assert set(ids(made, transcribed(token))) == expected, token

    def test_the_vocabulary_counts_the_passages_that_have_a_word(self, made: SearchWriter):
        counts = Counter(token for passage in passages() for token in set(tokens(passage.row.generated_text)))
        assert made.vocabulary() == counts
        assert SENTINEL not in counts

    def test_the_lexicon_has_the_words_and_pairs_of_the_transcripts(self, made: SearchWriter):
        counted = Lexicon.of(count_words(passages()), english())
        assert made.lexicon().counts() == counted.counts()
        assert made.lexicon().pair_counts() == counted.pair_counts()
        assert made.lexicon().passages == len(passages())

    def test_the_usual_speech_model_is_the_most_frequent_one_and_the_last_of_equals(self, made: SearchWriter):
        counts = Counter(passage.row.asr_model for passage in passages() if passage.row.asr_model)
        assert len(counts) > 1
        assert usual_speech_model(made) == max(counts, key=lambda model: (counts[model], model))

    def test_the_reference_is_found_in_its_own_field_only(self, made: SearchWriter):
        assert ids(made, transcribed("frog")) == []
        assert ids(made, Term("text_tokens", "frog")) == ["set/a5.mp3"]

    def test_stems_are_found_in_their_own_field(self, made: SearchWriter):
        assert ids(made, transcribed("run")) == []
        assert set(ids(made, Term("stems", "run"))) == {"set/a1.mp3", "set/a2.mp3", "set/a3.mp3", "set/a4.mp3"}

    def test_an_empty_token_matches_nothing(self, made: SearchWriter):
        assert made.count(transcribed("")) == 0

    def test_hits_are_ordered_by_descending_score_and_ties_by_id(self, made: SearchWriter):
        hits = made.search(Request(AnyOf((transcribed("boy"), transcribed("a"))), size=100)).hits
        assert [(-hit.score, hit.passage.id) for hit in hits] == sorted((-hit.score, hit.passage.id) for hit in hits)
        assert ids(made, transcribed("home")) == ["set/a1.mp3", "set/a2.mp3", "set/a3.mp3"]

    @pytest.mark.parametrize(
        "query", [EVERYTHING, transcribed("boy"), AnyOf((transcribed("the"), transcribed("a")))], ids=str
    )
    @pytest.mark.parametrize("size", [1, 3, 7])
    def test_pages_do_not_overlap_or_skip_hits(self, made: SearchWriter, query: Query, size: int):
        whole = ids(made, query)
        assert paged(made, query, size, len(whole) // size + 1) == whole

    @pytest.mark.parametrize("field", SORTS)
    @pytest.mark.parametrize("falling", [False, True], ids=["rising", "falling"])
    @pytest.mark.parametrize("query", [EVERYTHING, AnyOf((transcribed("whale"), Term("stems", "run")))], ids=str)
    def test_hits_are_sorted_by_a_number_with_missing_values_last_and_ties_by_id(
        self, made: SearchWriter, query: Query, field: str, falling: bool
    ):
        found = {hit.passage.id: hit for hit in made.search(Request(query, size=100)).hits}
        numbers = {one: hit.passage.source().get(field) for one, hit in found.items()}
        having = sorted(one for one, number in numbers.items() if number is not None)
        expected = sorted(having, key=lambda one: -numbers[one] if falling else numbers[one])
        expected += sorted(one for one in found if one not in having)
        assert len(having) > len({numbers[one] for one in having}) > 1, "some values are equal, but not all"

        hits = made.search(Request(query, size=100, sort=Sort(field, falling))).hits
        assert [hit.passage.id for hit in hits] == expected
        assert [hit.score for hit in hits] == pytest.approx([found[one].score for one in expected], rel=1e-6)
        pages = [made.search(Request(query, size=3, page=page, sort=Sort(field, falling))) for page in range(1, 20)]
        assert [hit.passage.id for page in pages for hit in page.hits] == expected

    def test_a_sorted_search_without_hits_is_answered(self, made: SearchWriter):
        result = made.search(Request(transcribed("nobody"), sort=Sort("wer"), seconds=True))
        assert (result.total, result.hits, result.seconds) == (0, (), 0.0)

    def test_the_total_duration_of_all_matches_is_computed_on_request(self, made: SearchWriter):
        assert made.search(Request(transcribed("home"), size=1, seconds=True)).seconds == 15.0
        male = Request(transcribed("home"), {"gender": frozenset({"male"})}, facets=("gender",), seconds=True)
        assert made.search(male).seconds == 7.0
        assert made.search(replace(male, ranges={"duration": Range(3.0)}, facets=())).seconds == 5.0
        assert made.search(Request(transcribed("home"))).seconds is None
        everything = sum(passage.row.duration or 0.0 for passage in passages())
        assert made.search(Request(seconds=True)).seconds == pytest.approx(everything)

    def test_a_page_beyond_the_end_is_empty_and_has_the_same_total(self, made: SearchWriter):
        for query in (EVERYTHING, transcribed("boy")):
            result = made.search(Request(query, page=1000, size=9))
            assert result.hits == ()
            assert result.total == made.count(query)

    @pytest.mark.parametrize(
        "query", [EVERYTHING, transcribed("boy"), AnyOf((transcribed("the"), transcribed("a")))], ids=str
    )
    def test_a_walk_returns_every_hit_in_order_for_any_requested_page(self, made: SearchWriter, query: Query):
        filters = {"gender": frozenset({"male", UNKNOWN})}
        hits = made.search(Request(query, filters, size=100)).hits
        walked = made.walk(Request(query, filters, facets=FACETS, size=1, page=3))
        assert list(walked) == [hit.passage for hit in hits] != []

    def test_a_walk_without_hits_ends_immediately(self, made: SearchWriter):
        assert list(made.walk(Request(transcribed("nothing-like-it")))) == []

    def test_facets_count_every_passage_once_including_unknown_values(self, made: SearchWriter):
        facets = made.search(Request(facets=FACETS, size=1)).facets
        assert list(facets) == list(FACETS)
        several = facets.pop("accent")
        assert sum(several.values()) == len(passages()) + 1, "a clip with two accents counts for both"
        assert several["Österreich"] == several["Wien"] == 1
        assert {sum(counts.values()) for counts in facets.values()} == {len(passages())}
        assert facets["gender"] == {"male": 3, "female": 1, UNKNOWN: len(passages()) - 4}
        assert facets["age"]["twenties"] == 3, "spaces around a value do not count"

    def test_only_requested_facets_are_counted(self, made: SearchWriter):
        assert made.search(Request(facets=("age",))).facets.keys() == {"age"}
        assert made.search(Request()).facets == {}

    def test_values_of_one_facet_are_alternatives_and_several_facets_must_all_match(self, made: SearchWriter):
        ages = frozenset({"twenties", "fourties"})
        assert self.filtered(made, age=ages) == ["set/a1.mp3", "set/a2.mp3", "set/a4.mp3", "ünï/🎙 #?&=%2F.mp3"]
        assert self.filtered(made, age=ages, gender=frozenset({"male"})) == ["set/a1.mp3", "set/a2.mp3"]
        assert self.filtered(made, age=frozenset({"nineties"})) == []

    def filtered(self, index: SearchWriter, **filters: frozenset[str]) -> list[str]:
        result = index.search(Request(filters=filters, size=100))
        assert result.total == len(result.hits)
        return [hit.passage.id for hit in result.hits]

    @pytest.mark.parametrize("accent", ["US", "us ", "United States English"])
    def test_a_value_is_found_in_every_spelling(self, made: SearchWriter, accent: str):
        assert self.filtered(made, accent=frozenset({accent})) == self.filtered(made, accent=frozenset({"us"})) != []

    def test_one_of_several_accents_and_all_of_them_are_found(self, made: SearchWriter):
        both = ["ünï/с1.mp3"]
        for accent in ("österreich", "WIEN", "Österreich, Wien"):
            assert self.filtered(made, accent=frozenset({accent})) == both

    def test_every_counted_value_can_be_used_as_a_filter(self, made: SearchWriter):
        for facet, counts in made.search(Request(facets=FACETS, size=1)).facets.items():
            for value, number in counts.items():
                assert len(self.filtered(made, **{facet: frozenset({value})})) == number, (facet, value)

    def test_unknown_matches_empty_unknown_and_overlong_values(self, made: SearchWriter):
        unknown = self.filtered(made, age=frozenset({UNKNOWN}), gender=frozenset({"male"}))
        assert unknown == ["set/b2.mp3"]
        assert "set/b3.mp3" in self.filtered(made, accent=frozenset({UNKNOWN}))
        assert "set/b3.mp3" in self.filtered(made, accent=frozenset({UNKNOWN, "us"}))

    def test_the_counts_of_a_facet_ignore_its_own_filter_and_apply_the_others(self, made: SearchWriter):
        filters = {"age": frozenset({"twenties"}), "gender": frozenset({"male"})}
        result = made.search(Request(transcribed("home"), filters, facets=("age", "gender", "accent")))
        assert result.total == 1
        assert result.facets["age"] == {"twenties": 1, "fourties": 1}
        assert result.facets["gender"] == {"male": 1}
        assert result.facets["accent"] == {"us": 1}

    def test_filters_do_not_change_scores(self, made: SearchWriter):
        request = Request(transcribed("home"), {"gender": frozenset({"female"})}, {"duration": Range(8.0, 8.0)})
        (hit,) = made.search(request).hits
        assert hit.score == pytest.approx(score(made, transcribed("home"), "set/a3.mp3"), rel=1e-6)

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
    def test_ranges_include_their_bounds_and_may_be_open(self, made: SearchWriter, bounds: Range, found: list[str]):
        result = made.search(Request(transcribed("home"), ranges={"duration": bounds}, facets=("gender",)))
        assert [hit.passage.id for hit in result.hits] == found
        assert sum(result.facets["gender"].values()) == result.total == len(found)

    def test_a_range_excludes_missing_durations_unless_it_has_no_bounds(self, made: SearchWriter):
        without = sum(passage.row.duration is None for passage in passages())
        assert made.search(Request(ranges={"duration": Range(0.0)})).total == len(passages()) - without
        assert made.search(Request(ranges={"duration": Range()})).total == len(passages())

    def test_a_hit_in_a_long_clip_is_the_passage_with_the_word(self, made: SearchWriter):
        (hit,) = made.search(Request(transcribed("second"))).hits
        assert (hit.passage.id, hit.passage.clip) == ("set/interview.mp3#0002", "set/interview.mp3")
        assert (hit.passage.start, hit.passage.end, hit.passage.row.emotion) == (26.0, 50.0, "happiness")

    def test_a_sample_is_spread_over_the_index_without_repetition_and_reproducible(self, many: SearchWriter):
        everything = ids(many, size=len(MANY))
        half = len(everything) // 2
        sampled = [passage.id for passage in many.sample(Request(size=half))]
        assert len(set(sampled)) == half == len(MANY) // 2
        assert half // 4 < len(set(sampled) & set(everything[:half])) < half * 3 // 4
        assert sampled == [passage.id for passage in many.sample(Request(size=half))]

    @pytest.mark.parametrize(
        "request_of_all",
        [
            Request(size=1000),
            Request(transcribed("home"), {"gender": frozenset({"male"})}, {"duration": Range(2.0, 8.0)}, size=1000),
            Request(Term("tokens", "nowhere"), size=1000),
        ],
        ids=["everything", "some", "nothing"],
    )
    def test_a_sample_larger_than_the_matches_has_all_of_them_as_loaded(
        self, made: SearchWriter, request_of_all: Request
    ):
        expected = {hit.passage.id: hit.passage for hit in made.search(request_of_all).hits}
        assert {passage.id: passage for passage in made.sample(request_of_all)} == expected
