"""Sampled queries: their words and targets, and which of them count as lost."""

from collections import Counter
from random import Random

import pytest

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.documents import stem
from indexer.matching.query_sampling import (
    ABSENT,
    ABSENT_SHARE,
    COMMON,
    FREQUENT,
    KINDS,
    RARE,
    SHORTEST_WORD,
    QuerySampler,
    SampledQuery,
    misspelt,
    references_of,
)
from indexer.phonetics.channel import dictionary_words
from indexer.phonetics.g2p import english

SAID = tuple(kind for kind in KINDS if kind not in (*ABSENT, FREQUENT))
"""The kinds of queries for words of one clip."""


def drawn(rows: list[ClipRow], seed: int = 0, per_kind: int = 10_000) -> dict[str, list[SampledQuery]]:
    """The queries by kind."""
    found: dict[str, list[SampledQuery]] = {kind: [] for kind in KINDS}
    for query in QuerySampler(references_of(rows)).draw(seed, per_kind):
        found[query.kind].append(query)
    return found


def row(number: int, text: str, recognised: str | None = None) -> ClipRow:
    return ClipRow(
        f"cv/{number:04}.mp3", text=text, generated_text=(text if recognised is None else recognised).upper()
    )


def test_query_words_are_rare_long_and_without_digits():
    rows = [row(n, f"a {'lion' if n < RARE else 'wolf'} w{n} and the 4th one") for n in range(2 * RARE + 1)]
    assert {query.text for query in drawn(rows)["one"]} == {"lion"}
    assert len(drawn(rows)["one"]) == RARE


def test_repeated_sentences_are_not_targets_in_any_spelling():
    rows = [row(1, "The lion sleeps"), row(2, "the lion, sleeps!"), row(3, "the lion woke")]
    found = drawn(rows)
    assert {query.source for kind in SAID for query in found[kind]} == {"cv/0003.mp3"}
    assert found["one"][0].relevant == {"cv/0003.mp3"}


def test_queries_of_several_words_have_distinct_uncommon_words_in_reference_order():
    rows = [row(n, f"common stuff number{chr(97 + n % 26)}{chr(97 + n // 26)}") for n in range(COMMON)]
    rows.append(row(999, "lion stuff tiger lion common zebra"))
    (three,) = drawn(rows)["three"]
    assert three.text == "lion tiger zebra"
    twos = {query.text for seed in range(20) for query in drawn(rows, seed)["two"]}
    assert twos == {"lion tiger", "lion zebra", "tiger zebra"}


def test_a_phrase_is_three_adjacent_words_with_a_significant_one():
    rows = [row(1, "it is by a lion of my own and it is so")]
    phrases = {query.text for seed in range(30) for query in drawn(rows, seed)["phrase"]}
    assert phrases == {'"by a lion"', '"a lion of"', '"lion of my"'}


@pytest.mark.parametrize(
    ("recognised", "lost"),
    [
        ("the brave lion sleeps", set()),
        ("the brave line sleeps", {"one", "two", "three", "phrase", "misspelt"}),
        ("the lion brave sleeps", {"phrase"}),
        ("", {"one", "two", "three", "phrase", "misspelt"}),
    ],
)
def test_a_query_is_lost_if_the_transcript_misses_a_word_of_it_or_the_phrase(recognised: str, lost: set[str]):
    others = [row(n, "brave things and sleeps too") for n in range(2, 2 + RARE)]  # so that lion is the only rare word
    found = drawn([row(1, "brave lion sleeps", recognised), *others])
    of_the_first = {kind: query for kind in SAID for query in found[kind] if query.source[3:7] == "0001"}
    assert of_the_first["one"].text == "lion"
    assert {kind for kind, query in of_the_first.items() if query.is_lost} == lost


def test_a_misspelt_word_has_one_typo_and_is_not_in_the_references():
    rows = [row(n, f"the {word} went") for n, word in enumerate(["lion", "loin", "lions", "lino", "zebra", "zebras"])]
    reference_words = {word for clip in rows for word in tokens(clip.text)}
    spelt_right = {clip.id: tokens(clip.text)[1] for clip in rows}
    for seed in range(30):
        queries = drawn(rows, seed)["misspelt"]
        assert len(queries) == len(rows)
        for query in queries:
            assert query.text not in reference_words
            assert has_one_typo(spelt_right[query.source], query.text)


def has_one_typo(relevant: str, typed: str) -> bool:
    """Compares the letters: changed (same length, one place), swapped (two places), dropped or doubled (one place)."""
    places = [at for at, pair in enumerate(zip(relevant, typed, strict=False)) if pair[0] != pair[1]]
    if len(relevant) == len(typed):
        return len(places) == 1 or (len(places) == 2 and Counter(relevant) == Counter(typed))
    longer, shorter = sorted((relevant, typed), key=len, reverse=True)
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))


def test_all_four_kinds_of_typo_are_made():
    rng = Random(1)
    made = {misspelt("wolf", ["x"], rng) for _ in range(200)}
    assert {"xolf", "wxlf", "woxf", "wolx"} <= made, "changed"
    assert {"olf", "wlf", "wof", "wol"} <= made, "dropped"
    assert {"wwolf", "woolf", "wollf", "wolff"} <= made, "doubled"
    assert {"owlf", "wlof", "wofl"} <= made, "swapped"
    assert len(made) == 15


def test_a_frequent_word_is_in_more_than_one_percent_of_the_references():
    rows = [row(n, "lion" if n < 3 else "bear" if n < 5 else "wolves") for n in range(200)]
    found = drawn(rows)[FREQUENT]
    assert {query.text for query in found} == {"lion", "wolves"}
    assert {query.relevant for query in found if query.text == "lion"} == {
        frozenset({"cv/0000.mp3", "cv/0001.mp3", "cv/0002.mp3"})
    }


def test_sampling_is_reproducible_by_seed():
    rows = [row(n, f"lion{chr(97 + n)} tiger{chr(97 + n)} sleeps") for n in range(20)]
    assert drawn(rows, 1) == drawn(rows, 1)
    assert drawn(rows, 1) != drawn(rows, 2)
    few = drawn(rows, 1, per_kind=8)
    assert {kind: len(few[kind]) for kind in KINDS} == dict.fromkeys((*SAID, FREQUENT), 8) | dict.fromkeys(
        ABSENT, 8 // ABSENT_SHARE
    )
    for kind in KINDS:
        assert len({query.source for query in few[kind]}) == len(few[kind]), "there is one query per clip"


def test_an_absent_word_is_in_the_dictionary_and_no_form_of_it_was_said():
    common = [word for word in dictionary_words()[:2000] if word.isalpha() and len(word) >= SHORTEST_WORD]
    rows = [row(n, word) for n, word in enumerate(common)]
    found = [query for seed in range(5) for query in drawn(rows, seed)["absent"]]
    words = {query.text for query in found}
    assert len(words) > 1000
    assert set(map(stem, common)).isdisjoint(map(stem, words))
    assert min(map(len, words)) >= SHORTEST_WORD
    assert all(english().knows(word) for word in words)
    assert {(query.relevant, query.is_lost, query.is_absent) for query in found} == {(frozenset(), True, True)}
    assert all(query.source == query.text for query in found), "no clip contains it"


@pytest.mark.parametrize(("kind", "size"), [("absent two", 2), ("absent three", 3)])
def test_one_of_several_words_is_absent_and_the_others_are_of_one_reference(kind: str, size: int):
    rows = [row(n, f"lion{chr(97 + n)} tiger{chr(97 + n)} zebra{chr(97 + n)}") for n in range(8)]
    said = {clip.id: tokens(clip.text) for clip in rows}
    found = [query for seed in range(10) for query in drawn(rows, seed)[kind]]
    assert len(found) == 10 * len(rows) // ABSENT_SHARE
    places = set()
    for query in found:
        words = query.text.split()
        absent = [at for at, word in enumerate(words) if word not in said[query.source]]
        assert (len(words), len(absent)) == (size, 1)
        assert (query.relevant, query.is_absent) == (frozenset(), True)
        places.update(absent)
    assert len(places) > 1, "any of the words is replaced"
