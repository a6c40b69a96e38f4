"""Questions: what is asked of whom, and what counts as lost."""

from collections import Counter
from random import Random

import pytest

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.evaluation.query_sampling import (
    COMMON,
    FREQUENT,
    KINDS,
    RARE,
    QuerySampler,
    SampledQuery,
    misspelt,
    references_of,
)


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


def test_a_word_is_asked_for_if_few_references_have_it_and_it_is_long_and_without_digits():
    rows = [row(n, f"a {'lion' if n < RARE else 'wolf'} w{n} and the 4th one") for n in range(2 * RARE + 1)]
    assert {query.text for query in drawn(rows)["one"]} == {"lion"}
    assert len(drawn(rows)["one"]) == RARE


def test_sentences_that_occur_twice_are_no_targets_however_they_are_written():
    rows = [row(1, "The lion sleeps"), row(2, "the lion, sleeps!"), row(3, "the lion woke")]
    found = drawn(rows)
    assert {query.source for kind in KINDS[:-1] for query in found[kind]} == {"cv/0003.mp3"}
    assert found["one"][0].relevant == {"cv/0003.mp3"}


def test_several_words_are_different_less_than_common_and_in_the_order_in_which_they_were_said():
    rows = [row(n, f"common stuff number{chr(97 + n % 26)}{chr(97 + n // 26)}") for n in range(COMMON)]
    rows.append(row(999, "lion stuff tiger lion common zebra"))
    (three,) = drawn(rows)["three"]
    assert three.text == "lion tiger zebra"
    twos = {query.text for seed in range(20) for query in drawn(rows, seed)["two"]}
    assert twos == {"lion tiger", "lion zebra", "tiger zebra"}


def test_a_phrase_is_three_neighbours_in_quotes_with_a_telling_word():
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
    of_the_first = {kind: query for kind in KINDS[:-1] for query in found[kind] if query.source[3:7] == "0001"}
    assert of_the_first["one"].text == "lion"
    assert {kind for kind, query in of_the_first.items() if query.is_lost} == lost


def test_a_misspelt_word_is_one_slip_away_and_no_word_that_was_said():
    rows = [row(n, f"the {word} went") for n, word in enumerate(["lion", "loin", "lions", "lino", "zebra", "zebras"])]
    said = {word for clip in rows for word in tokens(clip.text)}
    spelt_right = {clip.id: tokens(clip.text)[1] for clip in rows}
    for seed in range(30):
        queries = drawn(rows, seed)["misspelt"]
        assert len(queries) == len(rows)
        for query in queries:
            assert query.text not in said
            assert is_one_slip(spelt_right[query.source], query.text)


def is_one_slip(relevant: str, typed: str) -> bool:
    """Told by letters alone: changed (same length, one place), swapped (two places), dropped or doubled (one place)."""
    places = [at for at, pair in enumerate(zip(relevant, typed, strict=False)) if pair[0] != pair[1]]
    if len(relevant) == len(typed):
        return len(places) == 1 or (len(places) == 2 and Counter(relevant) == Counter(typed))
    longer, shorter = sorted((relevant, typed), key=len, reverse=True)
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))


def test_all_four_slips_are_made():
    rng = Random(1)
    made = {misspelt("wolf", ["x"], rng) for _ in range(200)}
    assert {"xolf", "wxlf", "woxf", "wolx"} <= made, "changed"
    assert {"olf", "wlf", "wof", "wol"} <= made, "dropped"
    assert {"wwolf", "woolf", "wollf", "wolff"} <= made, "doubled"
    assert {"owlf", "wlof", "wofl"} <= made, "swapped"
    assert len(made) == 15


def test_a_frequent_word_is_one_that_more_than_a_hundredth_of_the_references_have():
    rows = [row(n, "lion" if n < 3 else "bear" if n < 5 else "wolves") for n in range(200)]
    found = drawn(rows)[FREQUENT]
    assert {query.text for query in found} == {"lion", "wolves"}
    assert {query.relevant for query in found if query.text == "lion"} == {
        frozenset({"cv/0000.mp3", "cv/0001.mp3", "cv/0002.mp3"})
    }


def test_a_seed_draws_the_same_again_and_another_seed_something_else():
    rows = [row(n, f"lion{chr(97 + n)} tiger{chr(97 + n)} sleeps") for n in range(20)]
    assert drawn(rows, 1) == drawn(rows, 1)
    assert drawn(rows, 1) != drawn(rows, 2)
    few = drawn(rows, 1, per_kind=5)
    assert {kind: len(few[kind]) for kind in KINDS} == dict.fromkeys(KINDS[:-1], 5) | {FREQUENT: 5}
    for kind in KINDS:
        assert len({query.source for query in few[kind]}) == 5, "one query a clip"
