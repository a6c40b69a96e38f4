from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.documents import stem
from indexer.passages import Passage
from indexer.phonetics.expansion import Expansion
from indexer.query.explanation import Evidence, QueryTerm, evidence_of
from indexer.query.highlight import highlight
from tests.support.rows import ALL


def evidence(
    text: str, words: str, *, stems: bool = False, expansions: tuple[Expansion, ...] = ()
) -> tuple[Evidence, ...]:
    """How a clip with this transcript has each of the words."""
    terms = [QueryTerm(word, stem(word) if stems else None, expansions) for word in tokens(words)]
    return evidence_of(Passage("clip", 0, None, ClipRow("clip", generated_text=text)), terms)


def marked(text: str, words: str, *, stems: bool = False) -> list[str]:
    return [piece for piece, mark in highlight(text, evidence(text, words, stems=stems)) if mark]


def test_the_words_asked_for_are_marked_as_they_stand():
    text = "THE BOY, the boy"
    assert highlight(text, evidence(text, "boy")) == [
        ("THE ", ""),
        ("BOY", "heard"),
        (", the ", ""),
        ("boy", "heard"),
    ]


def test_other_forms_are_marked_where_they_are_evidence():
    assert marked("HE RUNS, SHE WAS RUNNING", "run", stems=True) == ["RUNS", "RUNNING"]
    assert marked("HE RUNS, SHE WAS RUNNING", "runs") == ["RUNS"]


def test_a_guess_is_marked_otherwise_than_what_was_heard():
    text = "A VAINTED CUP"
    pieces = highlight(text, evidence(text, "painted cup", expansions=(Expansion(("vainted",), 0.5),)))
    assert pieces == [("A ", ""), ("VAINTED", "guessed"), (" ", ""), ("CUP", "heard")]


def test_the_words_of_a_guess_are_marked_where_they_stand_side_by_side():
    text = "SMITH, black. The Black Smith!"
    pieces = highlight(text, evidence(text, "blacksmith", expansions=(Expansion(("black", "smith"), 0.5),)))
    assert pieces == [("SMITH, black. The ", ""), ("Black", "guessed"), (" ", ""), ("Smith", "guessed"), ("!", "")]


def test_what_was_heard_covers_what_was_guessed():
    text = "THE PAINTED CUP"
    both = (Evidence("vainted", "sounds like", ("painted",), 0.5), Evidence("painted", "heard", ("painted",), 1.0))
    for order in (both, both[::-1]):
        assert highlight(text, order) == [("THE ", ""), ("PAINTED", "heard"), (" CUP", "")]


def test_what_is_missing_or_was_nearly_heard_marks_nothing():
    text = "THE BOY"
    told = (Evidence("boy", "missing"), Evidence("toy", "alternative", (), 0.4))
    assert highlight(text, told) == [("THE BOY", "")]


def test_part_of_a_word_is_not_marked():
    assert marked("BOYCOTT THE COWBOY", "boy") == []


@pytest.mark.parametrize(
    ("text", "words", "pieces"),
    [
        ("DON'T don’t 'dont'", "don't", ["DON'T", "don’t", "dont"]),
        ("Straße STRASSE", "straße", ["Straße"]),
        ("e\u0301te\u0301", "été", ["e\u0301te\u0301"]),
        ("a\u200db zero\u00adwidth", "zerowidth", ["zero\u00adwidth"]),
        ("नमस्ते दुनिया", "दुनिया", ["दुनिया"]),
        ("ﬁne x²", "fine x2", ["ﬁne", "x²"]),
        ("snake🐍snake", "snake", ["snake", "snake"]),
        ("under_score", "score", ["score"]),
    ],
)
def test_every_spelling_that_a_search_finds_is_marked(text: str, words: str, pieces: list[str]):
    assert marked(text, words) == pieces


@pytest.mark.parametrize(
    ("text", "words", "pieces"),
    [
        ("京都大学は遠い", "大学", ["大学"]),
        ("京都大学は遠い", "京都大学", ["京都大学"]),
        ("京都大学 大 東京", "大", ["大"]),
        ("ABC大学XYZ", "大学 xyz", ["大学XYZ"]),
        ("안녕하세요 한국", "한국", ["한국"]),
        ("か\u3099っこう", "がっ", ["か\u3099っ"]),
    ],
)
def test_chinese_japanese_and_korean_are_marked_by_pairs_of_characters(text: str, words: str, pieces: list[str]):
    assert marked(text, words) == pieces


def test_a_decomposed_korean_word_is_marked_whole():
    syllables = "한국"
    decomposed = "\u1112\u1161\u11ab\u1100\u116e\u11a8"
    assert marked(decomposed, syllables) == [decomposed]


def test_nothing_asked_for_marks_nothing():
    assert highlight("THE BOY", ()) == [("THE BOY", "")]
    assert highlight("", evidence("", "boy")) == []


@given(st.text(max_size=60), st.text(max_size=10))
def test_the_pieces_are_the_text_whole_and_in_order(text: str, words: str):
    pieces = highlight(text, evidence(text, words, stems=True))
    assert "".join(piece for piece, _ in pieces) == text
    assert all(one != other for (_, one), (_, other) in pairwise(pieces)), "neighbours differ"


@pytest.mark.parametrize("row", [row for row in ALL if row.generated_text], ids=lambda row: row.id[:20])
def test_every_word_that_finds_a_transcript_is_marked_in_it(row: ClipRow):
    for token in set(tokens(row.generated_text)):
        assert marked(row.generated_text, token), token
