"""A clip row survives a round trip through journal lines and cells, and rejects invalid values with a message."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearsay.errors import BadRow
from hearsay.records.clip import LONGEST_ID, TOLERANCE, ClipRow
from hearsay.records.schema import COLUMNS, CORPUS_COLUMNS, EMOTION, MISSING, OUR_COLUMNS, TRANSCRIPT
from hearsay.records.transcript import Alternative, Segment, Word

ids = st.text(min_size=1, max_size=LONGEST_ID // 4)
seconds = st.floats(min_value=0, max_value=1e6)
shares = st.floats(min_value=0, max_value=1)
counts = st.integers(min_value=0, max_value=10**9)
maybe_shares = st.none() | shares
alternatives = st.lists(st.builds(Alternative, st.text(), shares), max_size=2).map(tuple)
recognised_words = st.lists(st.builds(Word, st.text(), seconds, seconds, maybe_shares, alternatives), max_size=3).map(
    tuple
)
segments = st.lists(
    st.builds(Segment, seconds, seconds, st.text(), maybe_shares, st.text(), maybe_shares), max_size=3
).map(tuple)
# in a table, NA and its like in these columns mean an empty cell
values = st.text().filter(lambda value: value.strip().casefold() not in MISSING)
unknown_names = st.text(min_size=1).filter(lambda name: name not in {column.name for column in COLUMNS})
rows = st.builds(
    ClipRow,
    ids,
    text=st.text(),
    up_votes=st.none() | counts,
    down_votes=st.none() | counts,
    age=values,
    gender=values,
    accent=values,
    duration=st.none() | seconds,
    dataset=values,
    audio_digest=values,
    generated_text=st.text(),
    confidence=maybe_shares,
    words=recognised_words,
    segments=segments,
    emotion=values,
    emotion_score=maybe_shares,
    emotion_scores=st.dictionaries(st.text(), shares, max_size=3),
    sentiment=values,
    asr_model=values,
    ser_model=values,
    decoded_at=values,
    error=st.text(),
    deleted=st.booleans(),
    extra=st.dictionaries(unknown_names.filter(lambda name: name != "schema_version"), st.text(), max_size=3),
)


@given(rows)
def test_a_row_survives_a_round_trip_through_a_journal_line(row: ClipRow):
    assert ClipRow.from_json(json.loads(json.dumps(row.to_json()))) == row


@given(rows)
def test_a_row_survives_a_round_trip_through_csv_cells(row: ClipRow):
    cells = row.to_cells()
    assert ClipRow.from_cells(cells) == row
    assert all(isinstance(cell, str) for cell in cells.values())


@given(rows)
def test_merging_an_empty_row_changes_nothing(row: ClipRow):
    assert row.merged_with(ClipRow(row.id)) == row


@given(rows, rows)
def test_merging_prefers_the_later_nonempty_value(earlier: ClipRow, later: ClipRow):
    later = replace(later, id=earlier.id)
    merged = earlier.merged_with(later)
    assert merged.id == earlier.id
    assert merged.text == (later.text or earlier.text)
    ends = [item.end for item in (*merged.words, *merged.segments)]
    is_ignored = (
        later.duration is None
        or (earlier.is_measured and not later.is_measured)
        or any(end > later.duration + TOLERANCE for end in ends)
    )
    assert merged.duration == (earlier.duration if is_ignored else later.duration)
    assert merged.deleted == (earlier.deleted or later.deleted)
    assert {name: cell for name, cell in merged.extra.items() if cell} == {
        name: cell for name, cell in {**earlier.extra, **later.extra}.items() if cell
    }


def test_every_field_has_a_column_and_every_column_a_field():
    names = {field.name for field in fields(ClipRow)} - {"id", "extra", "given"}
    assert {column.name for column in COLUMNS} == names | {"filename"}
    assert len(CORPUS_COLUMNS) + len(OUR_COLUMNS) == len(COLUMNS)


def test_a_row_with_only_an_id_writes_only_the_id():
    assert ClipRow("a.mp3").to_json() == {"filename": "a.mp3"}


@pytest.mark.parametrize("members", [{}, {"filename": None}, {"filename": 7}])
def test_a_row_without_an_id_is_rejected(members: dict[str, Any]):
    with pytest.raises(BadRow, match="filename"):
        ClipRow.from_json(members)


@pytest.mark.parametrize("clip_id", ["", "x" * (LONGEST_ID + 1), "é" * (LONGEST_ID // 2 + 1), "\udcff.mp3"])
def test_an_id_that_the_index_cannot_store_is_rejected(clip_id: str):
    with pytest.raises(BadRow, match="clip id"):
        ClipRow(clip_id)


@pytest.mark.parametrize("clip_id", ["x" * LONGEST_ID, "é" * (LONGEST_ID // 2)])
def test_an_id_of_the_maximum_length_in_bytes_is_accepted(clip_id: str):
    assert ClipRow(clip_id).id == clip_id


@pytest.mark.parametrize("name", ["filename", "text", "emotion", "deleted", "schema_version"])
def test_a_corpus_column_cannot_replace_a_column_of_hearsay(name: str):
    with pytest.raises(BadRow, match=f"{name} is a column of Hearsay"):
        ClipRow("a", extra={name: "x"})


RUN = ClipRow(
    "a",
    text="reference",
    generated_text="OLD",
    confidence=0.5,
    words=(Word("OLD", 0.0, 1.0, 0.5, (Alternative("COLD", 0.4),)),),
    segments=(Segment(0.0, 1.0, "OLD", 0.5, "angry", 0.9),),
    emotion="angry",
    emotion_score=0.9,
    emotion_scores={"angry": 0.9},
    sentiment="negative",
    asr_model="m",
    ser_model="n",
    decoded_at="now",
    duration=1.0,
)


def read(**members: Any) -> ClipRow:
    return ClipRow.from_json({"filename": "a", **members})


def test_a_new_transcript_clears_the_other_transcript_columns_and_no_others():
    merged = RUN.merged_with(read(generated_text="NEW"))
    empty = {name: getattr(ClipRow("a"), name) for name in TRANSCRIPT}
    assert merged == replace(RUN, **empty | {"generated_text": "NEW"})


def test_an_identical_transcript_changes_nothing():
    assert RUN.merged_with(read(generated_text="OLD")) == RUN


def test_a_new_emotion_clears_the_other_emotion_columns_and_those_of_segments():
    merged = RUN.merged_with(read(emotion="calm"))
    empty = {name: getattr(ClipRow("a"), name) for name in EMOTION}
    segments = (Segment(0.0, 1.0, "OLD", 0.5),)
    assert merged == replace(RUN, **empty | {"emotion": "calm", "segments": segments})


@pytest.mark.parametrize("seconds", [0.0, 0.2, 60.0])
def test_a_measured_duration_takes_precedence_over_one_from_a_table(seconds: float):
    assert RUN.is_measured
    assert RUN.merged_with(read(duration=seconds)).duration == 1.0
    assert RUN.merged_with(read(duration=seconds, generated_text="NEW", asr_model="n")).duration == seconds


def test_a_duration_from_a_table_or_a_failed_clip_is_replaced():
    table = read(duration=7.0)
    assert table.merged_with(RUN).duration == 1.0
    failed = ClipRow("a", duration=7.0, error="no audio", asr_model="m", decoded_at="now")
    assert not failed.is_measured
    assert failed.merged_with(read(duration=3.0)).duration == 3.0


@pytest.mark.parametrize(
    ("later", "duration"),
    [
        (read(duration=0.5), 1.0),
        (read(duration=0.0), 1.0),
        (read(duration=0.96), 0.96),
        (read(duration=2.0), 2.0),
        (read(duration=0.5, generated_text="NEW"), 0.5),
    ],
)
def test_a_later_duration_shorter_than_the_kept_transcript_is_ignored(later: ClipRow, duration: float):
    by_hand = replace(RUN, asr_model="")
    merged = by_hand.merged_with(later)
    assert merged.duration == duration
    if merged.generated_text == RUN.generated_text:
        assert (merged.words, merged.segments) == (RUN.words, RUN.segments)


def test_a_later_success_clears_the_error_and_a_later_failure_clears_the_transcript():
    failed = ClipRow("a", error="no audio", asr_model="m", ser_model="n", decoded_at="now")
    assert failed.merged_with(read(generated_text="FOUND")).error == ""
    assert RUN.merged_with(failed).generated_text == ""


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_column_clears_the_value_and_a_missing_column_does_not(empty: str | None):
    known = replace(RUN, accent="us", up_votes=2, extra={"locale": "en", "scene": "7"})
    emptied = known.merged_with(read(text=empty, up_votes=empty, locale=empty, duration=empty))
    assert emptied == replace(known, text="", up_votes=None, extra={"locale": "", "scene": "7"})
    assert known.merged_with(read(age=empty)) == known


def test_a_log_record_replaces_all_results_of_an_earlier_run():
    silence = ClipRow("a", asr_model="m", ser_model="n", emotion="uncertain", decoded_at="later")
    line = {"schema_version": 1} | silence.to_record()
    merged = RUN.merged_with(ClipRow.from_json(line))
    assert (merged.generated_text, merged.words, merged.emotion_scores, merged.text) == ("", (), {}, "reference")


def test_a_log_record_contains_the_cleared_cells():
    emptied = RUN.merged_with(ClipRow.from_cells({"filename": "a", "text": "", "accent": ""}))
    assert {name: value for name, value in emptied.to_record().items() if value is None} == {
        "text": None,
        "accent": None,
    }
    assert RUN.merged_with(ClipRow.from_json(emptied.to_record())) == emptied


@given(rows, rows)
def test_merging_never_mixes_the_results_of_two_runs(earlier: ClipRow, later: ClipRow):
    later = replace(later, id=earlier.id).of_one_run()
    merged = earlier.merged_with(later)
    for name in TRANSCRIPT | EMOTION:
        assert getattr(merged, name) == getattr(later, name)


def test_rows_without_a_reference_or_a_transcript_are_not_scorable():
    assert ClipRow("a", text="word", generated_text="WORD").is_scorable
    assert ClipRow("a", text="word", asr_model="pocketsphinx").is_scorable, "the model recognised nothing"
    assert not ClipRow("a", text="word").is_scorable
    assert not ClipRow("a", text="?!", generated_text="WORD").is_scorable
    assert not ClipRow("a", text="word", asr_model="pocketsphinx", error="no sound in it").is_scorable
    assert not ClipRow("a", text="word", generated_text="WORD", deleted=True).is_scorable
