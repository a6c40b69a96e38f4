import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import ModelTranscript, Segment, Word
from indexer.passages import LONGEST_PASSAGE, Passage, _warn, clip_of, lacks_word_times, passages_of
from tests.hearsay.records.test_checked import any_segments, any_words
from tests.support.rows import ALL, INTERVIEW, passages


def test_a_short_clip_is_one_passage_with_the_id_of_the_clip():
    row = ClipRow("a.mp3", duration=LONGEST_PASSAGE, generated_text="words", segments=(Segment(0, 1, "words"),))
    assert list(passages_of(row)) == [Passage("a.mp3", 0.0, LONGEST_PASSAGE, row)]


@pytest.mark.parametrize("row", [ClipRow("a"), ClipRow("a", duration=90.0, generated_text="no times known")], ids=str)
def test_a_clip_with_unknown_duration_or_times_is_one_passage(row: ClipRow):
    assert list(passages_of(row)) == [Passage("a", 0.0, row.duration, row)]


@pytest.mark.parametrize("name", ["a#0001", "a#0000", "a#12345"])
def test_a_clip_id_that_looks_like_a_part_gets_a_distinct_passage_id(name: str):
    row = ClipRow(name, text="words", generated_text="words")
    (passage,) = passages_of(row)
    assert (passage.id, passage.clip, passage.is_whole, passage.wer()) == (f"{name}#0000", name, True, 0.0)


@pytest.mark.parametrize("name", ["a#1", "a#0001.mp3", "#", "a#00x1"])
def test_other_number_signs_in_a_clip_id_do_not_change_the_passage_id(name: str):
    (passage,) = passages_of(ClipRow(name))
    assert (passage.id, passage.is_whole) == (name, True)


def test_a_long_clip_is_split_at_its_pauses():
    first, second, third = passages_of(INTERVIEW)
    assert [passage.id for passage in (first, second, third)] == [f"{INTERVIEW.id}#000{number}" for number in (1, 2, 3)]
    assert (second.start, second.end, second.row.duration) == (26.0, 50.0, 24.0)
    assert (second.row.generated_text, second.row.emotion, second.row.sentiment) == (
        "second part",
        "happiness",
        "positive",
    )
    assert [word.text for word in second.row.words] == ["second"]
    assert third.row.emotion == "neutral", "a segment without its own emotion has the clip's emotion"
    assert {passage.clip for passage in (first, second, third)} == {INTERVIEW.id}


def test_passages_of_a_language_without_spaces_have_none_between_segments():
    segments = tuple(Segment(10.0 * n, 10.0 * n + 9, "今日は") for n in range(6))
    text = "".join(segment.text for segment in segments)
    row = ClipRow("a", duration=60.0, generated_text=text, language="ja", segments=segments)
    parts = list(passages_of(row))
    assert [part.row.generated_text for part in parts] == ["今日は" * 3] * 2
    assert clip_of(parts).generated_text == text
    spaced = list(passages_of(replace(row, language="")))
    assert [part.row.generated_text for part in spaced] == ["今日は 今日は 今日は"] * 2


def test_short_segments_are_joined_up_to_the_longest_passage():
    segments = tuple(Segment(start, start + 9.0, str(start)) for start in range(0, 100, 10))
    found = list(passages_of(ClipRow("a", duration=100.0, segments=segments)))
    assert [passage.row.generated_text for passage in found] == ["0 10 20", "30 40 50", "60 70 80", "90"]
    assert all(passage.end is not None and passage.end - passage.start <= LONGEST_PASSAGE for passage in found)


def test_a_segment_longer_than_a_passage_is_split_between_words():
    words = tuple(Word(f"w{second}", second, second + 0.5) for second in range(70))
    row = ClipRow(
        "a", duration=70.0, words=words, segments=(Segment(0.0, 70.0, "all", emotion="fear", emotion_score=0.9),)
    )
    found = list(passages_of(row))
    assert sum((list(passage.row.words) for passage in found), []) == list(words)  # noqa: RUF017 - three lists
    assert [passage.row.emotion for passage in found] == ["fear"] * 3
    assert [passage.start for passage in found] == [0.0, 30.0, 60.0]


def test_a_clip_with_words_and_no_segments_is_split_without_losing_or_repeating_words():
    words = tuple(Word(f"w{second}", second * 1.7, second * 1.7 + 1.0) for second in range(50))
    found = list(passages_of(ClipRow("a", duration=86.0, words=words)))
    assert " ".join(passage.row.generated_text for passage in found) == " ".join(word.text for word in words)


@pytest.mark.parametrize("passage", passages(ALL), ids=lambda passage: passage.id[:24])
def test_a_passage_is_unchanged_by_a_round_trip_through_its_source(passage: Passage):
    assert Passage.from_source(passage.source()) == passage


def test_the_source_has_plain_names_and_no_empty_members():
    row = ClipRow("a.mp3", text="the dog", generated_text="THE FROG", duration=2.0, extra={"locale": "en"})
    (passage,) = passages_of(row)
    assert passage.source() == {
        "id": "a.mp3",
        "clip": "a.mp3",
        "start": 0.0,
        "end": 2.0,
        "text": "the dog",
        "generated_text": "THE FROG",
        "duration": 2.0,
        "wer": 0.5,
        "extra": {"locale": "en"},
    }


@pytest.mark.parametrize(
    ("row", "wer"),
    [
        (ClipRow("a", text="the dog", generated_text="THE DOG"), 0.0),
        (ClipRow("a", text="red dog sang", generated_text="red dog"), 0.333),
        (ClipRow("a", text="spoken", decoded_at="2026-01-01"), 1.0),
        (ClipRow("a", text="never decoded"), None),
        (ClipRow("a", generated_text="no reference"), None),
        (ClipRow("a", text="?!", generated_text="words"), None),
        (ClipRow("a", text="um", generated_text="words"), None),
        (ClipRow("a", text="he won't say twenty two", generated_text="He will not say 22."), 0.0),
        (ClipRow("a", text="zwanzig twenty", generated_text="zwanzig 20", extra={"locale": "de"}), 0.5),
    ],
    ids=str,
)
def test_a_passage_with_reference_and_transcript_has_a_word_error_rate(row: ClipRow, wer: float | None):
    (passage,) = passages_of(row)
    assert passage.wer() == wer


def test_a_part_of_a_clip_has_no_word_error_rate():
    assert {passage.wer() for passage in passages_of(replace(INTERVIEW, decoded_at="now"))} == {None}


@pytest.mark.parametrize("row", ALL, ids=str)
def test_a_clip_rebuilt_from_its_passages_has_the_same_passages(row: ClipRow):
    made = list(passages_of(row))
    assert list(passages_of(clip_of(reversed(made)))) == made


def test_a_rebuilt_clip_with_speech_only_at_its_beginning_has_the_same_part():
    row = ClipRow("a", duration=90.0, segments=(Segment(1.0, 9.0, "so little"),))
    assert [passage.id for passage in passages_of(clip_of(passages_of(row)))] == ["a#0001"]


def test_a_clip_that_was_split_between_words_is_rebuilt():
    spoken = tuple(Word(f"w{at}", at * 2.0, at * 2.0 + 1.5) for at in range(40))
    text = " ".join(word.text for word in spoken)
    row = ClipRow("a", generated_text=text, duration=80.0, words=spoken, segments=(Segment(0.0, 79.5, text),))
    made = list(passages_of(row))
    assert len(made) == 3
    assert list(passages_of(clip_of(made))) == made
    assert clip_of(made).generated_text == text


@given(any_words, any_segments, st.none() | st.floats(0, 200), st.booleans())
def test_passages_of_a_record_with_any_times_can_be_stored_and_keep_every_word(
    words: tuple[Word, ...], segments: tuple[Segment, ...], duration: float | None, is_of_words: bool
):
    text = " ".join(item.text for item in (words if is_of_words else segments))
    made = list(passages_of(ClipRow("a", generated_text=text, words=words, segments=segments, duration=duration)))
    for passage in made:
        source = json.loads(json.dumps(passage.source(), allow_nan=False))
        assert ClipRow.from_json({"filename": "a"} | {"duration": source.get("duration")}) is not None
        assert Passage.from_source(source) == passage
        assert passage.end is None or 0 <= passage.start <= passage.end
    texts = " ".join(passage.row.generated_text for passage in made)
    assert not text.strip() or sorted(texts.split()) == sorted(text.split())


def test_segments_out_of_order_are_split_into_passages_in_order_of_time():
    found = tuple(
        Segment(start, start + 20.0, text) for start, text in ((60.0, "later"), (0.0, "first"), (20.0, "then"))
    )
    row = ClipRow("a", generated_text="later first then", duration=90.0, segments=found)
    made = [(part.start, part.end, part.row.duration, part.row.generated_text) for part in passages_of(row)]
    assert made == [(0.0, 20.0, 20.0, "first"), (20.0, 40.0, 20.0, "then"), (60.0, 80.0, 20.0, "later")]


@pytest.mark.parametrize("parts", ["segments", "words"])
def test_a_transcript_that_differs_from_its_segments_or_words_is_one_passage(parts: str):
    old = [("the captain spoke", 0.0, 25.0), ("then the mate", 30.0, 55.0)]
    items = {
        "segments": tuple(Segment(start, end, text) for text, start, end in old),
        "words": tuple(Word(text, start, end) for text, start, end in old),
    }
    row = ClipRow("a", generated_text="the skipper spoke then the mate", duration=60.0, **{parts: items[parts]})
    (passage,) = passages_of(row)
    assert (passage.id, passage.row.generated_text, passage.row.segments) == ("a", row.generated_text, ())


def test_impossible_values_of_a_stored_passage_are_dropped_with_a_warning(caplog: pytest.LogCaptureFixture):
    _warn.cache_clear()  # each warning is logged once
    stored = {"id": "old.mp3#0001", "clip": "old.mp3", "start": 60, "end": 40, "duration": -20.0, "text": "kept"}
    assert Passage.from_source(stored) == Passage("old.mp3#0001", 60, None, ClipRow("old.mp3", text="kept"))
    assert [record.message.startswith("old.mp3#0001 was stored") for record in caplog.records] == [True, True]


def test_columns_that_distinguish_models_of_one_name_are_not_indexed():
    row = ClipRow("a", generated_text="the dog", asr_model="m", asr_weights="1", ser_weights="2", asr_precision="int8")
    (passage,) = passages_of(row)
    assert {name for name in passage.source() if "weights" in name or "precision" in name} == set()
    assert passage.source()["asr_model"] == "m"


def test_words_of_another_segment_are_not_repeated_in_a_long_segment_without_text():
    words = (Word("one", 0.0, 1.0), Word("two", 1.0, 2.0))
    segments = (Segment(0.0, 0.0, "one two"), Segment(0.0, 31.0, ""))
    made = list(passages_of(ClipRow("a", generated_text="one two", duration=31.0, words=words, segments=segments)))
    assert " ".join(passage.row.generated_text for passage in made) == "one two"


def test_further_transcripts_are_divided_by_their_word_times_and_left_out_without():
    words = (Word("First", 0.5, 1.0), Word("parts", 1.0, 1.5), Word("second", 27.0, 28.0), Word("third", 52.0, 53.0))
    timed = ModelTranscript("timed", "First parts, second third.", words)
    untimed = ModelTranscript("untimed", "First part second part third part.")
    row = replace(INTERVIEW, transcripts=(timed, untimed))
    found = list(passages_of(row))
    assert [[further.text for further in passage.row.transcripts] for passage in found] == [
        ["First parts"],
        ["second"],
        ["third"],
    ]
    assert lacks_word_times(row)
    assert not lacks_word_times(replace(row, transcripts=(timed,)))
    assert not lacks_word_times(replace(row, duration=20.0))
    assert not lacks_word_times(replace(row, segments=(), words=())), "it is one passage"
    assert clip_of(found).transcripts[0].words == words
