"""A reference with marked word errors: those that word error rate counts, in their original spelling."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hearsay.text.normalize import words
from hearsay.text.wer import word_errors
from search_ui.search.difference import difference_html, spelt


def marked(reference: str, transcript: str) -> str:
    """The difference without titles."""
    return re.sub(r' title="[^"]+"', "", difference_html(reference, transcript))


@pytest.mark.parametrize(
    ("reference", "transcript", "html"),
    [
        ("The boy runs.", "THE BOY RUNS", "The boy runs."),
        ("Don't panic!", "do not panic", "Don&#x27;t panic!"),
        ("um, twenty two red boats", "22 red boots", "um, twenty two red <del>boots</del> <ins>boats</ins>"),
        ("the old man", "THE MAN", "the <ins>old</ins> man"),
        ("the man", "THE OLD BOLD MAN", "the <del>old bold</del> man"),
        ("an e-mail — sent", "an email sent", "an <del>email</del> <ins>e-mail —</ins> sent"),
        ("he said", "", "<ins>he said</ins>"),
        ("", "He said", "<del>He said</del>"),
        ("京都大学", "京都天学", "京都 <del>天</del> <ins>大</ins> 学"),
        ("", "", ""),
    ],
)
def test_deletions_are_inserted_and_insertions_struck_out(reference: str, transcript: str, html: str) -> None:
    assert marked(reference, transcript) == html


def test_each_mark_has_a_title() -> None:
    html = difference_html("a cat", "a hat")

    assert '<del title="in the transcript, not in the reference">hat</del>' in html
    assert '<ins title="in the reference, not in the transcript">cat</ins>' in html


def test_all_text_is_escaped() -> None:
    evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>'

    assert set(re.findall(r"<(\w+)", difference_html(evil, f"other {evil} <b>"))) <= {"del", "ins"}


@given(st.text())
@example("\u0301a b\u0301 — ﷺ İİ _a_b_ ﬁ½ x² \u200d 🏳\ufe0f")
@example("A\u0300 e-mail don't ʼn o'clock")
def test_every_word_has_a_spelling(text: str) -> None:
    assert len(spelt(text)) == len(words(text))


@given(st.lists(st.sampled_from("abcd")), st.lists(st.sampled_from("abcd")))
def test_the_marks_are_the_errors_that_are_counted(reference: list[str], transcript: list[str]) -> None:
    html, errors = marked(" ".join(reference), " ".join(transcript)), word_errors(reference, transcript)
    inserted = " ".join(re.findall("<ins>(.*?)</ins>", html)).split()
    struck = " ".join(re.findall("<del>(.*?)</del>", html)).split()

    assert len(inserted) == errors.substitutions + errors.deletions
    assert len(struck) == errors.substitutions + errors.insertions
    assert re.sub("<del>.*?</del>|</?ins>", "", html).split() == reference
