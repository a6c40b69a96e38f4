"""What each node of a query tree matches and scores, in every engine."""

import math

import pytest

from hearsay.text.normalize import tokens
from indexer.documents import document_of
from indexer.index import Request, SearchWriter
from indexer.passages import Passage
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
from indexer.schema import UNKNOWN
from tests.support.contract import ids, score, single, transcribed
from tests.support.rows import passages


class QueriesContract:
    """The nodes of a query tree; subclasses provide the fixture ``made``, an index with all generated rows."""

    def test_all_of_requires_every_child_and_adds_their_scores(self, made: SearchWriter):
        both = AllOf((transcribed("a"), transcribed("dog")))
        assert ids(made, both) == ["set/a5.mp3"]
        parts = score(made, transcribed("a"), "set/a5.mp3") + score(made, transcribed("dog"), "set/a5.mp3")
        assert score(made, both, "set/a5.mp3") == pytest.approx(parts, rel=1e-5)

    def test_any_of_requires_one_child_and_adds_the_scores_of_all_matches(self, made: SearchWriter):
        either = AnyOf((transcribed("cat"), transcribed("dog"), transcribed("a")))
        assert set(ids(made, either)) == {"set/a5.mp3", "set/a7.mp3"}
        parts = score(made, transcribed("cat"), "set/a7.mp3") + score(made, transcribed("a"), "set/a7.mp3")
        assert score(made, either, "set/a7.mp3") == pytest.approx(parts, rel=1e-5)

    def test_best_of_scores_only_the_best_child(self, made: SearchWriter):
        best = BestOf((transcribed("cat"), transcribed("a"), transcribed("nobody")))
        assert set(ids(made, best)) == {"set/a5.mp3", "set/a7.mp3"}
        assert score(made, best, "set/a7.mp3") == pytest.approx(score(made, transcribed("cat"), "set/a7.mp3"), rel=1e-5)

    def test_favouring_requires_its_child_and_adds_the_scores_of_other_matches(self, made: SearchWriter):
        favouring = Favouring(
            transcribed("a"), (transcribed("cat"), Constant(transcribed("dog"), 4.0), transcribed("nobody"))
        )
        assert set(ids(made, favouring)) == set(ids(made, transcribed("a")))
        parts = score(made, transcribed("cat"), "set/a7.mp3") + score(made, transcribed("a"), "set/a7.mp3")
        assert score(made, favouring, "set/a7.mp3") == pytest.approx(parts, rel=1e-5)
        assert score(made, favouring, "set/a5.mp3") == pytest.approx(
            score(made, transcribed("a"), "set/a5.mp3") + 4, rel=1e-5
        )

    def test_a_weight_multiplies_the_score(self, made: SearchWriter):
        plain = score(made, transcribed("cat"), "set/a7.mp3")
        assert score(made, transcribed("cat", 0.5), "set/a7.mp3") == pytest.approx(plain / 2, rel=1e-5)

    def test_scores_are_bm25(self, made: SearchWriter):
        lengths = [len(tokens(passage.row.generated_text)) or 1 for passage in passages()]
        number, average = len(lengths), sum(lengths) / len(lengths)
        found = made.search(Request(transcribed("boy"), size=100))
        rarity = math.log(1 + (number - found.total + 0.5) / (found.total + 0.5))
        assert found.total > 3
        for hit in found.hits:
            transcript = tokens(hit.passage.row.generated_text)
            often = transcript.count("boy")
            share = often * 2.2 / (often + 1.2 * (0.25 + 0.75 * len(transcript) / average))
            assert hit.score == pytest.approx(rarity * share, rel=1e-4)

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("runs home", ["set/a1.mp3", "set/a2.mp3", "set/a3.mp3"]),
            ("home runs", []),
            ("the runs", []),
            ("no no", ["set/d1.mp3", "set/d3.mp3"]),
            ("no no no", ["set/d1.mp3"]),
            ("no nowhere", []),
            ("京都 都大 大学", ["ünï/с3.mp3"]),
            ("नमस्ते दुनिया", ["ünï/с2.mp3"]),
            ("คร รั ับ", ["ünï/с9.mp3"]),
            ("👩 👧", ["ünï/с10.mp3"]),
        ],
        ids=str,
    )
    def test_a_phrase_matches_adjacent_tokens_in_order(self, made: SearchWriter, text: str, found: list[str]):
        assert sorted(ids(made, Phrase("tokens", tuple(text.split())))) == found

    def test_a_phrase_scores_like_a_term_with_the_sum_of_the_rarities(self, made: SearchWriter):
        def rarity(word: str) -> float:
            return math.log(
                1 + (len(passages()) - made.count(transcribed(word)) + 0.5) / (made.count(transcribed(word)) + 0.5)
            )

        same = score(made, Phrase("tokens", ("runs", "home")), "set/a1.mp3")
        share = score(made, transcribed("home"), "set/a1.mp3") / rarity("home")
        assert same == pytest.approx((rarity("runs") + rarity("home")) * share, rel=1e-4)

    def test_the_best_of_seventy_phrases_is_the_only_match(self, made: SearchWriter):
        phrase = Phrase("tokens", ("runs", "home"))
        others = tuple(Phrase("tokens", ("home", f"nowhere{number}", "at", "all")) for number in range(69))
        assert ids(made, BestOf((*others, phrase))) == ids(made, phrase) != []
        assert score(made, BestOf((*others, phrase)), "set/a1.mp3") == score(made, phrase, "set/a1.mp3")

    @pytest.mark.parametrize(
        "start",
        ["b", "boy", "stra", "i", "क्ष", "คร", "👩", "京", "안녕", "مر", "𐌰", "𐌰𐌱" * 63 + "𐌰", "long" * 30, "x2"],
    )
    def test_a_prefix_finds_every_token_that_begins_with_it(self, made: SearchWriter, start: str):
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
    def test_special_characters_in_a_prefix_are_literal(self, made: SearchWriter, start: str):
        assert made.count(Prefix("tokens", start)) == 0

    def test_a_prefix_of_a_keyword_can_contain_any_characters(self, made: SearchWriter):
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
    def test_between_includes_both_bounds_and_scores_zero(self, made: SearchWriter, bounds: Between, found: list[str]):
        hits = made.search(Request(bounds, size=100)).hits
        assert [(hit.passage.id, hit.score) for hit in hits] == [(passage_id, 0.0) for passage_id in found]

    @pytest.mark.parametrize("field", ["age", "gender", "accent", "dataset", "error", "extra.locale", "extra.nothing"])
    def test_missing_matches_empty_unknown_and_overlong_values(self, made: SearchWriter, field: str):
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
    def test_unknown_columns_with_any_name_can_be_searched(self, made: SearchWriter, query: Query, found: list[str]):
        assert ids(made, query) == found

    def test_alternatives_are_found_by_their_confidence(self, made: SearchWriter):
        for token in ("blacksmith_3", "block_1", "京都_9", "都大_9", "𐌰" * 126 + "_5"):
            assert ids(made, Term("alternatives", token)) == ["set/doubted.mp3"], token
        assert ids(made, AnyOf((Term("alternatives", "blacksmith_4"), transcribed("blacksmith")))) == []

    def test_the_powers_of_shortness_of_a_passage_are_searchable(self, made: SearchWriter):
        powers = {passage.id: document_of(passage)["shortness"].split() for passage in passages()}
        for power in ("8", "4", "2", "1"):
            having = {passage_id for passage_id, those in powers.items() if power in those}
            assert set(ids(made, Term("shortness", power))) == having
            assert 0 < len(having) < len(powers)

    def test_a_keyword_scores_its_weight(self, made: SearchWriter):
        for query in (Term("age", "twenties", 0.1), Term("extra.locale", "en", 0.1), Term("clip", "set/a1.mp3", 0.1)):
            assert {single(hit.score) for hit in made.search(Request(query)).hits} == {single(0.1)}

    @pytest.mark.parametrize("exact", [0.0, 0.1, 1 / 3, 1000.07, 16_777_217.0, 1e-20])
    @pytest.mark.parametrize(
        "child", [transcribed("boy"), EVERYTHING, Phrase("tokens", ("no", "no")), Missing("age")], ids=str
    )
    def test_a_constant_scores_exactly_its_value(self, made: SearchWriter, child: Query, exact: float):
        hits = made.search(Request(Constant(child, exact), size=100)).hits
        assert {single(hit.score) for hit in hits} == {single(exact)}
        assert [hit.passage.id for hit in hits] == sorted(ids(made, child))

    def test_constants_are_added_and_best_of_uses_the_highest(self, made: SearchWriter):
        one, other = Constant(transcribed("boy"), 64.0), Constant(transcribed("home"), 0.25)
        assert score(made, AllOf((one, other)), "set/a1.mp3") == 64.25
        assert score(made, AnyOf((one, other)), "set/a1.mp3") == 64.25
        assert score(made, BestOf((one, other)), "set/a1.mp3") == 64.0

    def test_without_excludes_matches_and_scores_like_its_child(self, made: SearchWriter):
        query = Without(transcribed("a"), transcribed("dog"))
        assert ids(made, query) == ["set/a7.mp3"]
        assert score(made, query, "set/a7.mp3") == score(made, transcribed("a"), "set/a7.mp3")
        assert ids(made, Without(transcribed("a"), EVERYTHING)) == []
        assert ids(made, Without(transcribed("boy"), Between("duration", 0, None))) == ids(
            made, AllOf((transcribed("boy"), Without(EVERYTHING, Between("duration", 0, None))))
        )

    def test_without_a_query_all_passages_are_ordered_by_id(self, made: SearchWriter):
        rest = ids(made, Without(EVERYTHING, AnyOf((transcribed("boy"), Missing("age")))))
        assert rest == ["set/a4.mp3"]
        without = ids(made, Without(EVERYTHING, transcribed("boy")))
        assert without == sorted(set(ids(made)) - set(ids(made, transcribed("boy"))))

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
    def test_filter_conditions_do_not_change_scores(self, made: SearchWriter, condition: Query):
        plain = {hit.passage.id: hit.score for hit in made.search(Request(transcribed("home"), size=100)).hits}
        for query in (AllOf((transcribed("home"), condition)), Without(transcribed("home"), condition)):
            for hit in made.search(Request(query, size=100)).hits:
                assert hit.score == pytest.approx(plain[hit.passage.id], rel=1e-6)
