"""A result as HTML: its marks, its metadata, and that text of records is escaped."""

import re
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import ModelTranscript
from indexer.documents import stem
from indexer.passages import Passage
from indexer.phonetics.expansion import Expansion
from indexer.query.explanation import QueryTerm, evidence_of
from search_ui.search.hits import HitContext, hit_html, hits_html, models_note

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


BESIDE = HitContext("audio/set/a.mp3", {"Similar clips": "?like=set%2Fa.mp3"})


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


def test_query_words_are_marked_and_the_text_is_complete() -> None:
    html = shown(whole(ROW), "hammers let")

    assert re.findall('<mark class="match">(.*?)</mark>', html) == ["let", "hammer"]
    assert "the black smith let the hammer fall" in read(html).text


def test_possible_matches_have_another_mark_and_missing_words_are_named() -> None:
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
    assert "transcribed “black smith” for “blacksmith”; without “<anvil>”" in read(html).text


def test_a_clip_with_every_word_has_no_explanation() -> None:
    assert 'class="how"' not in shown(whole(ROW), "hammer fall")


def test_metadata_of_a_clip_is_shown_with_labels() -> None:
    text = read(shown(whole(ROW))).text

    for known in ("● angry 0.71", "forties · female · United States", "confidence 0.82", "4.2 s", "set/a.mp3"):
        assert known in text


def test_a_clip_without_metadata_has_only_its_id() -> None:
    assert read(shown(whole(ClipRow("set/a.mp3")))).text == "No speech recognisedset/a.mp3Similar clips"


def test_an_uncertain_emotion_has_a_hollow_dot() -> None:
    row = replace(ROW, emotion="uncertain", emotion_score=None, sentiment="uncertain")
    assert "○ uncertain" in read(shown(whole(row))).text


def test_only_a_confidence_of_one_is_shown_as_one() -> None:
    assert "confidence 1.00" in read(shown(whole(replace(ROW, confidence=1.0)))).text


def test_the_reference_is_shown_if_the_transcript_has_errors() -> None:
    found = shown(whole(ROW))

    line = re.sub(r' title="[^"]+"', "", found)
    assert "the <del>black smith</del> <ins>blacksmith</ins> let the hammer fall</bdi></p>" in line
    assert "WER 33.3 %</span>" in found
    assert "English texts are normalised by whisper-normalizer " in found

    same = replace(ROW, generated_text="THE BLACKSMITH LET THE HAMMER FALL!")
    assert 'class="reference"' not in shown(whole(same))


def test_the_reference_is_not_shown_if_only_the_spelling_differs() -> None:
    row = replace(ROW, text="he won't leave at nine fifteen", generated_text="He will not leave at 915.")
    found = shown(whole(row))
    assert "WER 0.0 %</span>" in found
    assert 'class="reference"' not in found


def test_a_part_of_a_recording_has_no_reference() -> None:
    assert "reference" not in shown(Passage("set/a.mp3#0001", 0.0, 4.0, ROW))


def test_a_transcript_in_capitals_is_shown_in_lower_case() -> None:
    shouted = replace(ROW, generated_text="LET THE HAMMER FALL")
    assert 'let the <mark class="match">hammer</mark> fall' in shown(whole(shouted), "hammer")

    assert "Let it FALL" in shown(whole(replace(ROW, generated_text="Let it FALL")))


def test_a_failed_clip_shows_the_error() -> None:
    assert "Not transcribed: the file is not audio" in shown(whole(ClipRow("set/a.mp3", error="the file is not audio")))


def test_a_part_of_a_recording_shows_its_times_and_plays_from_its_start() -> None:
    passage = Passage("long.mp3#0002", 65.0, 3671.5, replace(ROW, id="long.mp3"))

    html = shown(passage)

    assert "1:05–1:01:11" in read(html).text
    assert 'data-start="65"' in html


def test_durations_from_a_minute_on_have_minutes_and_seconds() -> None:
    assert ">59.9 s<" in shown(whole(replace(ROW, duration=59.94)))
    assert ">2:08<" in shown(whole(replace(ROW, duration=128.4)))


def test_a_clip_without_audio_has_no_buttons() -> None:
    html = shown(whole(ROW), beside=HitContext())

    assert read(html).tags.isdisjoint({"audio", "button"})
    assert "4.2 s" in html


def test_the_play_button_names_its_clip() -> None:
    assert 'aria-label="Play set/a.mp3, 4.2 s"' in shown(whole(ROW))


@pytest.mark.parametrize(
    "column",
    ["id", "text", "generated_text", "age", "gender", "accent", "emotion", "sentiment", "error"],
)
def test_text_of_records_is_escaped(column: str) -> None:
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


@pytest.mark.parametrize(
    ("reference", "explanation"),
    [
        ("", "transcribed “black smith” for “blacksmith”, 0.72"),
        ("the blacksmith let it fall", "transcribed “black smith” for “blacksmith”, in the reference, 0.72"),
    ],
)
def test_a_possible_match_has_its_probability_beside_what_was_transcribed(reference: str, explanation: str) -> None:
    wanted = [QueryTerm("blacksmith", expansions=(Expansion(("black", "smith"), 0.5),))]
    passage = whole(replace(ROW, text=reference))
    html = hit_html(passage, evidence_of(passage, wanted), HitContext(probability=0.7249))

    assert html.startswith('<li class="hit possible">')
    assert explanation in read(html).text
    assert re.findall('<mark class="possible">(.*?)</mark>', html) == ["black", "smith"]


def test_a_tiny_probability_is_not_zero() -> None:
    assert read(hit_html(whole(ROW), (), HitContext(probability=0.0099))).text.count("under 0.01") == 1


def test_a_match_has_no_probability() -> None:
    assert shown(whole(ROW), "hammer").startswith('<li class="hit">')
    assert "probability" not in shown(whole(ROW), "hammer")


def test_the_direction_of_transcript_and_reference_is_that_of_their_script() -> None:
    html = shown(whole(replace(ROW, generated_text="قال «نعم» ثم ذهب.", text="قال لا.")))

    assert '<p class="transcript" dir="auto">قال' in html
    assert re.search(r"<span>Reference:</span> <bdi>.*قال.*</bdi></p>", html)


def test_links_are_escaped() -> None:
    html = shown(whole(ROW), beside=HitContext(links={"Similar clips": '?like="><b>'}))

    assert '<a class="go" href="?like=&quot;&gt;&lt;b&gt;" target="_self">Similar clips</a>' in html


def test_the_reference_above_the_list_is_not_repeated() -> None:
    assert 'class="reference"' not in shown(whole(ROW), beside=HitContext(common=ROW.text.title()))


def test_the_numbering_of_results_continues_on_the_next_page() -> None:
    assert hits_html(["<li>a</li>", "<li>b</li>"], 11) == '<ol class="hits" start="11"><li>a</li><li>b</li></ol>'


SECOND = ModelTranscript(model="whisper-tiny.en", text="The blacksmith let the hammers fall.")


def test_a_second_transcript_is_shown_with_its_model_its_differences_and_the_agreement() -> None:
    html = shown(whole(replace(ROW, transcripts=(SECOND,))))

    (further,) = re.findall(r'<p class="further">.*?</p>', html)
    assert re.sub(r' title="[^"]+"', "", further) == (
        '<p class="further"><span>whisper-tiny.en:</span> <bdi>The <del>black smith</del> <ins>blacksmith</ins> let '
        "the <del>hammer</del> <ins>hammers</ins> fall.</bdi></p>"
    )
    assert 'title="in the second transcript, not in the transcript">hammers' in further
    assert "agreement 0.57</span>" in html


def test_an_equal_second_transcript_is_not_repeated_and_a_missing_one_has_its_reason() -> None:
    equal = replace(SECOND, text=ROW.generated_text.upper())
    html = shown(whole(replace(ROW, transcripts=(equal,))))
    assert "further" not in html
    assert "agreement 1.00</span>" in html

    html = shown(whole(replace(ROW, transcripts=(replace(SECOND, text="", error=f"broken {EVIL}"),))))
    assert f"<bdi>not transcribed: broken {escape(EVIL)}</bdi>" in html
    assert "agreement" not in html


def test_the_models_of_a_page_are_named_once_each() -> None:
    other = replace(ROW, id="set/b.mp3", ser_model="")
    note = models_note([ROW, other, ROW])

    assert read(note).text == "Speech model: facebook/wav2vec2-large-960h · emotion model: a/tagger"

    second = read(models_note([replace(ROW, transcripts=(SECOND,)), ROW])).text
    assert "facebook/wav2vec2-large-960h · second speech model: whisper-tiny.en · emotion model" in second


def test_built_in_models_have_a_note() -> None:
    note = read(models_note([replace(ROW, asr_model="pocketsphinx-5", ser_model="classic-1")])).text

    assert "Speech model: pocketsphinx-5 (built in, less accurate" in note
    assert "emotion model: classic-1 (built in, labels most clips uncertain" in note


def test_models_are_escaped_and_without_models_there_is_no_note() -> None:
    assert "<script>" not in models_note([replace(ROW, asr_model=EVIL)])
    assert models_note([ClipRow("set/a.mp3")]) == ""
