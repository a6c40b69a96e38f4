"""A transcript as HTML: every word has its time, marks are kept, and the text is complete."""

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from hearsay.records.transcript import Word
from indexer.passages import Passage
from indexer.phonetics.expansion import Expansion
from indexer.query.explanation import Evidence, QueryTerm, evidence_of
from indexer.query.highlight import highlight
from search_ui.search.transcript import words_html
from tests.search_ui.search.test_hits import ROW, whole

TEXT = "the black smith let the hammer fall"
WORDS = [Word(text, at / 2, at / 2 + 0.4) for at, text in enumerate(TEXT.split())]


def shown(text: str, words: list[Word], evidence: tuple[Evidence, ...] = ()) -> str:
    return words_html(highlight(text, evidence), words)


def text_of(html: str) -> str:
    return unescape(re.sub("<.*?>", "", html))


def test_each_word_has_its_start_time() -> None:
    starts = re.findall(r'<span class="word" data-start="([\d.]+)".*?>(.*?)</span>', shown(TEXT, WORDS))

    assert starts[0] == ("0", "the")
    assert starts[1:3] == [("0.5", "black"), ("1", "smith")]
    assert [word for _, word in starts] == TEXT.split()


def test_only_the_first_word_is_a_tab_stop() -> None:
    html = shown(TEXT, WORDS)

    assert html.count("tabindex") == 1
    assert html.startswith('<span class="word" data-start="0" tabindex="0">')


def test_marks_stay_inside_the_words() -> None:
    evidence = evidence_of(whole(ROW), [QueryTerm("blacksmith", expansions=(Expansion(("black", "smith"), 0.5),))])
    html = shown(TEXT, WORDS, evidence)

    assert '<span class="word" data-start="0.5"><mark class="possible">black</mark></span> ' in html


def test_a_word_of_several_parts_has_the_marks_of_each() -> None:
    row_text = "a black-smith"
    passage = Passage("a", 0.0, 1.0, ROW)
    evidence = evidence_of(passage, [QueryTerm("smith", expansions=(Expansion(("smith",), 0.5),))])

    html = shown(row_text, [Word("a", 0.0, 0.1), Word("black-smith", 0.1, 0.9)], evidence)

    assert '<span class="word" data-start="0.1">black-<mark class="match">smith</mark></span>' in html


def test_punctuation_between_words_is_kept() -> None:
    html = shown("Fall, hammer!", [Word("Fall", 0.0, 0.5), Word("hammer", 0.5, 1.0)])

    assert text_of(html) == "Fall, hammer!"
    assert html.count("data-start") == 2


def test_words_that_differ_from_the_transcript_give_no_times() -> None:
    assert shown(TEXT, [Word("another", 0.0, 0.5), *WORDS]) == TEXT
    assert shown(TEXT, [Word("", 0.0, 0.5), *WORDS]) == TEXT
    assert shown(TEXT, []) == TEXT


def test_text_in_capitals_is_shown_in_lower_case_with_its_times() -> None:
    html = shown("LET IT FALL", [Word(text, 0.0, 1.0) for text in ("LET", "IT", "FALL")])

    assert text_of(html) == "let it fall"
    assert html.count("data-start") == 3


@given(st.lists(st.text(min_size=1, max_size=6), max_size=6), st.text(max_size=2))
def test_all_text_is_kept_and_escaped(texts: list[str], between: str) -> None:
    text = between.join(texts)
    html = shown(text, [Word(word, float(at), at + 0.5) for at, word in enumerate(texts)])

    assert unescape(re.sub(r"</?(span|mark)\b[^>]*>", "", html)) == (text.lower() if text.isupper() else text)
