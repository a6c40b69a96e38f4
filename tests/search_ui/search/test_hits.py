"""A hit as HTML: what is marked, what is said of the clip, and that nothing of a row is ever markup."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from hearsay.records.clip import ClipRow
from indexer.documents import stem
from indexer.passages import Passage
from indexer.phonetics.expansion import Expansion
from indexer.query.explanation import QueryTerm, evidence_of
from search_ui.search.hits import END_OF_CERTAINTY, HitContext, hit_html, hits_html, models_note

ROW = ClipRow(
    "set/a.mp3",
    text="the blacksmith let the hammer fall",
    generated_text="the black smith let the hammer fall",
    age="fourties",
    gender="female",
    accent="us",
    duration=4.24,
    emotion="angry",
    emotion_score=0.71,
    sentiment="negative",
    confidence=0.824,
    asr_model="facebook/wav2vec2-large-960h",
    ser_model="a/tagger",
)
EVIL = '<img src=x onerror="alert(1)"><script>alert(2)</script>&"\''


def whole(row: ClipRow) -> Passage:
    return Passage(row.id, 0.0, row.duration, row)


BESIDE = HitContext("audio/set/a.mp3", {"more like this": "?like=set%2Fa.mp3"})


def shown(passage: Passage, words: str = "", beside: HitContext = BESIDE) -> str:
    terms = [QueryTerm(word, stem(word)) for word in words.split()]
    return hit_html(passage, evidence_of(passage, terms), beside)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


def test_the_words_asked_for_are_marked_and_the_text_stays_whole() -> None:
    html = shown(whole(ROW), "hammers let")

    assert re.findall('<mark class="match">(.*?)</mark>', html) == ["let", "hammer"]
    assert "the black smith let the hammer fall" in read(html).text


def test_a_guess_is_marked_otherwise_and_told_in_words_as_is_what_is_missing() -> None:
    wanted = [
        QueryTerm("blacksmith", expansions=(Expansion(("black", "smith"), 0.5),)),
        QueryTerm("fall"),
        QueryTerm("<anvil>"),
    ]

    html = hit_html(whole(ROW), evidence_of(whole(ROW), wanted), BESIDE)

    assert re.findall("<mark class=.(match|possible).>(.*?)</mark>", html) == [
        ("possible", "black"),
        ("possible", "smith"),
        ("match", "fall"),
    ]
    assert "possible match: “black smith” for “blacksmith”; without “<anvil>”" in read(html).text


def test_a_clip_that_has_every_word_needs_no_explanation() -> None:
    assert 'class="how"' not in shown(whole(ROW), "hammer fall")


def test_what_is_known_of_a_clip_stands_beside_it_in_a_persons_words() -> None:
    text = read(shown(whole(ROW))).text

    for known in ("● angry .71", "forties · female · United States", "confidence .82", "4.2 s", "set/a.mp3"):
        assert known in text


def test_a_clip_of_which_nothing_is_known_has_only_its_name() -> None:
    assert read(shown(whole(ClipRow("set/a.mp3")))).text == "nothing was heardset/a.mp3more like this"


def test_an_uncertain_emotion_has_a_hollow_dot() -> None:
    row = replace(ROW, emotion="uncertain", emotion_score=None, sentiment="uncertain")
    assert "○ uncertain" in read(shown(whole(row))).text


def test_a_certainty_of_one_is_shown_whole() -> None:
    assert "confidence 1.00" in read(shown(whole(replace(ROW, confidence=1.0)))).text


def test_the_reference_is_shown_where_it_was_heard_differently() -> None:
    found = shown(whole(ROW))

    line = re.sub(r' title="[^"]+"', "", found)
    assert "the <del>black smith</del> <ins>blacksmith</ins> let the hammer fall</p>" in line
    assert "WER .33</span>" in found

    same = replace(ROW, generated_text="THE BLACKSMITH LET THE HAMMER FALL!")
    assert 'class="reference"' not in shown(whole(same))


def test_a_part_of_a_recording_has_no_reference_for_that_is_of_the_whole() -> None:
    assert "reference" not in shown(Passage("set/a.mp3#0001", 0.0, 4.0, ROW))


def test_a_transcript_in_capitals_alone_is_shown_in_small_letters() -> None:
    shouted = replace(ROW, generated_text="LET THE HAMMER FALL")
    assert 'let the <mark class="match">hammer</mark> fall' in shown(whole(shouted), "hammer")

    assert "Let it FALL" in shown(whole(replace(ROW, generated_text="Let it FALL")))


def test_a_clip_that_failed_says_why() -> None:
    assert "not audio" in shown(whole(ClipRow("set/a.mp3", error="the file is not audio")))


def test_a_part_of_a_recording_shows_where_it_is_and_starts_there() -> None:
    passage = Passage("long.mp3#0002", 65.0, 3671.5, replace(ROW, id="long.mp3"))

    html = shown(passage)

    assert "1:05–1:01:11" in read(html).text
    assert 'data-start="65"' in html


def test_what_lasts_a_minute_is_measured_by_the_clock() -> None:
    assert ">59.9 s<" in shown(whole(replace(ROW, duration=59.94)))
    assert ">2:08<" in shown(whole(replace(ROW, duration=128.4)))


def test_a_clip_without_audio_has_nothing_to_press() -> None:
    html = shown(whole(ROW), beside=HitContext())

    assert read(html).tags.isdisjoint({"audio", "button"})
    assert "4.2 s" in html


def test_the_button_says_what_it_plays() -> None:
    assert 'aria-label="Play set/a.mp3, 4.2 s"' in shown(whole(ROW))


@pytest.mark.parametrize(
    "column",
    ["id", "text", "generated_text", "age", "gender", "accent", "emotion", "sentiment", "error"],
)
def test_nothing_of_a_row_is_ever_markup(column: str) -> None:
    row = replace(ROW, **{column: EVIL})
    if column == "error":
        row = replace(row, generated_text="")

    reader, harmless = read(shown(whole(row), "script img alert")), read(shown(whole(ROW), "hammer"))

    assert reader.tags <= harmless.tags
    assert reader.attributes == harmless.attributes
    if column != "sentiment":
        assert EVIL in reader.text


def test_the_address_of_the_audio_cannot_leave_its_attribute() -> None:
    assert read(shown(whole(ROW), beside=HitContext('x" onerror="alert(1)'))).attributes.isdisjoint({"onerror"})


def test_links_lead_to_other_searches_and_nothing_leaves_their_attribute() -> None:
    html = shown(whole(ROW), beside=HitContext(links={"more like this": '?like="><b>'}))

    assert '<a class="go" href="?like=&quot;&gt;&lt;b&gt;" target="_self">more like this</a>' in html


def test_the_reference_that_stands_above_the_list_is_not_repeated() -> None:
    assert 'class="reference"' not in shown(whole(ROW), beside=HitContext(common=ROW.text.title()))


def test_certainty_ends_between_two_lists_that_are_numbered_as_one() -> None:
    rule = f'<div class="doubt" role="separator" aria-label="{END_OF_CERTAINTY}"><span>{END_OF_CERTAINTY}</span></div>'

    assert hits_html(["<li>a</li>", "<li>b</li>"], 11, certain=1) == (
        f'<ol class="hits" start="11"><li>a</li></ol>{rule}<ol class="hits" start="12"><li>b</li></ol>'
    )
    assert hits_html(["<li>a</li>"], 1, certain=0) == f'{rule}<ol class="hits" start="1"><li>a</li></ol>'


def test_a_list_of_hits_is_numbered_on_from_page_to_page() -> None:
    assert hits_html(["<li>a</li>", "<li>b</li>"], 11) == '<ol class="hits" start="11"><li>a</li><li>b</li></ol>'


def test_the_models_of_a_page_are_named_once_each() -> None:
    other = replace(ROW, id="set/b.mp3", ser_model="")
    note = models_note([ROW, other, ROW])

    assert read(note).text == "heard by facebook/wav2vec2-large-960h · tagged by a/tagger"


def test_models_that_answer_for_want_of_a_better_one_are_shown_as_such() -> None:
    note = read(models_note([replace(ROW, asr_model="pocketsphinx-5", ser_model="classic-1")])).text

    assert "heard by pocketsphinx-5 (the recogniser inside Hearsay" in note
    assert "tagged by classic-1 (the emotion model inside Hearsay" in note


def test_models_are_escaped_and_nobody_named_is_no_line() -> None:
    assert "<script>" not in models_note([replace(ROW, asr_model=EVIL)])
    assert models_note([ClipRow("set/a.mp3")]) == ""
