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
    """The evidence of a clip with this transcript for each of the words."""
    terms = [QueryTerm(word, stem(word) if stems else None, expansions) for word in tokens(words)]
    return evidence_of(Passage("clip", 0, None, ClipRow("clip", generated_text=text)), terms)


def marked(text: str, words: str, *, stems: bool = False) -> list[str]:
    return [piece for piece, mark in highlight(text, evidence(text, words, stems=stems)) if mark]


def test_query_words_are_marked_in_their_original_spelling():
    text = "THE BOY, the boy"
    assert highlight(text, evidence(text, "boy")) == [
        ("THE ", ""),
        ("BOY", "match"),
        (", the ", ""),
        ("boy", "match"),
    ]


def test_other_forms_are_marked_if_they_are_evidence():
    assert marked("HE RUNS, SHE WAS RUNNING", "run", stems=True) == ["RUNS", "RUNNING"]
    assert marked("HE RUNS, SHE WAS RUNNING", "runs") == ["RUNS"]


def test_a_possible_match_is_marked_differently_from_a_match():
    text = "A VAINTED CUP"
    pieces = highlight(text, evidence(text, "painted cup", expansions=(Expansion(("vainted",), 0.5),)))
    assert pieces == [("A ", ""), ("VAINTED", "possible"), (" ", ""), ("CUP", "match")]


def test_the_words_of_an_expansion_are_marked_only_next_to_each_other():
    text = "SMITH, black. The Black Smith!"
    pieces = highlight(text, evidence(text, "blacksmith", expansions=(Expansion(("black", "smith"), 0.5),)))
    assert pieces == [("SMITH, black. The ", ""), ("Black", "possible"), (" ", ""), ("Smith", "possible"), ("!", "")]


def test_a_match_takes_precedence_over_a_possible_match():
    text = "THE PAINTED CUP"
    both = (Evidence("vainted", "sounds like", ("painted",), 0.5), Evidence("painted", "word", ("painted",), 1.0))
    for order in (both, both[::-1]):
        assert highlight(text, order) == [("THE ", ""), ("PAINTED", "match"), (" CUP", "")]


def test_missing_words_and_alternatives_mark_nothing():
    text = "THE BOY"
    unmarked = (Evidence("boy", "missing"), Evidence("toy", "alternative", (), 0.4))
    assert highlight(text, unmarked) == [("THE BOY", "")]


def test_part_of_a_word_is_not_marked():
    assert marked("BOYCOTT THE COWBOY", "boy") == []


@pytest.mark.parametrize(
    ("text", "words", "pieces"),
    [
        ("DON'T don’t 'dont'", "don't", ["DON'T", "don’t", "dont"]),
        ("Straße STRASSE", "straße", ["Straße", "STRASSE"]),
        ("İSTANBUL’da istanbul", "istanbul", ["istanbul"]),
        ("مُحَمَّد رسول", "محمد", ["مُحَمَّد"]),
        ("שָׁלוֹם!", "שלום", ["שָׁלוֹם"]),
        ("‘Oʻzbekiston’", "o'zbekiston", ["Oʻzbekiston"]),
        ("I ❤️ it ⚡️", "❤", ["❤️"]),
        ("👍🏽👍", "👍", ["👍🏽👍"]),
        ("a 👩‍👧‍👦 b", "👧", ["👩‍👧‍👦"]),
        ("🇩🇪🇫🇷🇮🇹", "🇫🇷", ["🇫🇷"]),
        ("¨hello¨ she", "hello", ["hello"]),
        ("ｶﾞｯｺｳ", "ガッコウ", ["ｶﾞｯｺｳ"]),
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
        ("สวัสดีครับผมชื่อสมชาย", "ครับ", ["ครับ"]),
        ("ขอน้ำหน่อย", "น้ำ", ["น้ำ"]),
        ("ที่นี่ดี", "ที", ["ที่"]),
        ("ខ្ញុំស្រលាញ់ភាសា\u200bខ្មែរ", "ភាសាខ្មែរ", ["ភាសា\u200bខ្មែរ"]),
        ("การงาน อาหาร", "อาหาร", ["อาหาร"]),
        ("อาจารย์", "อาหาร", ["อา", "าร"]),
    ],
)
def test_scripts_without_spaces_are_marked_by_pairs_of_characters(text: str, words: str, pieces: list[str]):
    assert marked(text, words) == pieces


def test_a_decomposed_korean_word_is_marked_whole():
    syllables = "한국"
    decomposed = "\u1112\u1161\u11ab\u1100\u116e\u11a8"
    assert marked(decomposed, syllables) == [decomposed]


def test_an_empty_query_marks_nothing():
    assert highlight("THE BOY", ()) == [("THE BOY", "")]
    assert highlight("", evidence("", "boy")) == []


@given(st.text(max_size=60), st.text(max_size=10))
def test_the_highlighted_and_plain_parts_join_to_the_text(text: str, words: str):
    pieces = highlight(text, evidence(text, words, stems=True))
    assert "".join(piece for piece, _ in pieces) == text
    assert all(one != other for (_, one), (_, other) in pairwise(pieces)), "neighbours differ"


@pytest.mark.parametrize("row", [row for row in ALL if row.generated_text], ids=lambda row: row.id[:20])
def test_every_word_that_finds_a_transcript_is_marked_in_it(row: ClipRow):
    for token in set(tokens(row.generated_text)):
        found = evidence_of(Passage(row.id, 0, None, row), [QueryTerm(token)])
        assert any(mark for _, mark in highlight(row.generated_text, found)), token
