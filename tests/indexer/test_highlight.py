from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clips.normalise import tokens
from indexer.highlight import highlight
from tests.indexer.made_rows import ALL


def marked(text: str, words: str, mode: str = "exact") -> list[str]:
    return [piece for piece, is_match in highlight(text, words, mode) if is_match]


def test_the_words_asked_for_are_marked_as_they_stand():
    assert highlight("THE BOY, the boy", "boy") == [
        ("THE ", False),
        ("BOY", True),
        (", the ", False),
        ("boy", True),
    ]


def test_stems_are_marked_in_exact_mode_alone():
    assert marked("HE RUNS, SHE WAS RUNNING", "run", "exact") == ["RUNS", "RUNNING"]
    assert marked("HE RUNS, SHE WAS RUNNING", "runs", "baseline") == ["RUNS"]


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
    assert highlight("THE BOY", "") == [("THE BOY", False)]
    assert highlight("THE BOY", "!?") == [("THE BOY", False)]
    assert highlight("", "boy") == []


@given(st.text(max_size=60), st.text(max_size=10))
def test_the_pieces_are_the_text_whole_and_in_order(text: str, words: str):
    pieces = highlight(text, words)
    assert "".join(piece for piece, _ in pieces) == text
    assert all(one != other for (_, one), (_, other) in pairwise(pieces)), "neighbours differ"


@pytest.mark.parametrize("row", [row for row in ALL if row.generated_text], ids=lambda row: row.id[:20])
def test_every_word_that_finds_a_transcript_is_marked_in_it(row: object):
    text = row.generated_text  # type: ignore[attr-defined]
    for token in set(tokens(text)):
        assert marked(text, token, "baseline"), token
