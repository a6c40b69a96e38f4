"""Generated transcripts: similar to real ones, without repeating their rare words."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise

from hearsay.text.normalize import tokens
from indexer.evaluation.distractors import distractors

TRANSCRIPTS = [
    "THE BOY SAW A BARTENDER",
    "THE BOY SAW THE SEA",
    "A BOY SAW CLARENDON",
    "THE SEA SAW A BLACKSMITH",
    "THE SEA HAD A BOY",
    "A SEA HAD THE MARJORAM",
]
REAL = {word for text in TRANSCRIPTS for word in tokens(text)}
RARE = {"bartender", "clarendon", "blacksmith", "marjoram", "had"}


def generated(number: int, *, verbatim: bool = False) -> list[list[str]]:
    return [tokens(row.generated_text) for row in distractors(TRANSCRIPTS, number, verbatim=verbatim)]


def test_distractors_have_distinct_ids_and_no_reference_and_are_reproducible():
    rows = list(distractors(TRANSCRIPTS, 12))
    assert [row.id for row in rows[:2]] + [rows[-1].id] == [
        "distractor-0000001",
        "distractor-0000002",
        "distractor-0000012",
    ]
    assert not any(row.text for row in rows)
    assert rows == list(distractors(TRANSCRIPTS, 12))
    assert list(distractors(TRANSCRIPTS, 0)) == []


def test_verbatim_distractors_contain_only_recognised_word_pairs():
    recognised = {pair for text in TRANSCRIPTS for pair in pairwise(["", *tokens(text), ""])}
    made = generated(500, verbatim=True)
    assert {pair for words in made for pair in pairwise(["", *words, ""])} == recognised, (
        "the whole text, and nothing else"
    )


def test_first_words_have_the_frequency_of_the_transcripts():
    firsts = Counter(words[0] for words in generated(3000))
    assert abs(firsts["the"] / 3000 - 4 / 6) < 0.03


def test_rare_words_are_replaced_by_generated_ones():
    words = [word for sentence in generated(2000) for word in sentence]
    made_up = [word for word in words if word not in REAL]
    assert not RARE & set(words)
    assert len(made_up) > 500
    letters = {letter for word in RARE for letter in word}
    assert {letter for word in made_up for letter in word} <= letters
    beginnings = {word[0] for word in RARE}
    assert {word[0] for word in made_up} <= beginnings


def test_a_rare_word_is_repeated_only_in_verbatim_distractors():
    plain, replaced = (
        Counter(word for sentence in generated(2000, verbatim=way) for word in sentence) for way in (True, False)
    )
    assert plain["bartender"] > 100
    assert replaced["bartender"] == 0
    assert plain["boy"] > 500
    assert replaced["boy"] > 500


def test_words_of_a_very_small_corpus_get_letters_added():
    (row,) = distractors(["WORD"], 1)
    assert row.generated_text == "wordd"


def test_empty_transcripts_lead_to_empty_distractors():
    made = [row.generated_text for row in distractors(["", "A WORD"], 50)]
    assert "" in made
    assert any(made)


def test_distractors_are_generated_lazily():
    rows = distractors(TRANSCRIPTS, 10**12)
    assert isinstance(rows, Iterator)
    assert len(list(islice(rows, 3))) == 3
