"""Word error rates of tables: hand-counted errors, slices, and excluded clips."""

import csv
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.score import score, scores
from hearsay.records.table import read_csv
from hearsay.records.transcript import TAGGING, FailedPiece

ROWS = [
    ClipRow("a", text="The cat sat.", generated_text="THE CAT SAT", accent="us", asr_model="m"),
    ClipRow("b", text="don't go home now", generated_text="DONT GO HOME", accent="us", asr_model="m"),
    ClipRow("c", text="two words", generated_text="too words here", extra={"mood": "glad"}, asr_model="m"),
    ClipRow("d", text="silence was recorded", generated_text="", asr_model="m"),
    ClipRow("e", text="never transcribed"),
    ClipRow("f", generated_text="no reference", asr_model="m"),
    ClipRow("g", text="failed", asr_model="m", error="not audio"),
    ClipRow("h", text="deleted", generated_text="deleted", asr_model="m", deleted=True),
    ClipRow("i", text="...", generated_text="", asr_model="m"),
]


def test_errors_are_summed_over_all_scored_clips():
    whole = score(ROWS, normalizer="plain").errors.whole
    assert (whole.texts, whole.errors.reference_words) == (4, 3 + 4 + 2 + 3)
    assert (whole.errors.substitutions, whole.errors.deletions, whole.errors.insertions) == (1, 1 + 3, 1)
    assert whole.errors.rate == pytest.approx(6 / 12)


def test_clips_that_cannot_be_scored_are_counted_as_excluded():
    assert score(ROWS).left_out == 5


def test_clips_with_failed_transcript_pieces_are_excluded_but_not_those_without_emotion():
    one = ClipRow("a", text="two words", generated_text="two", asr_model="m", error="0:30.0–1:00.0 could not be …")
    speech, emotion = FailedPiece(30.0, 60.0, "no memory"), FailedPiece(0.0, 90.0, "no memory", TAGGING)
    assert score([replace(one, failed_pieces=(speech,))]).left_out == 1
    assert score([replace(one, failed_pieces=(emotion, speech))]).left_out == 1
    assert score([replace(one, failed_pieces=(emotion,))]).errors.whole.texts == 1


def test_slices_include_unknown_values_and_are_ordered_by_number_of_clips():
    by = score(ROWS, ["accent", "mood"], "plain").errors.by
    assert {value: part.texts for value, part in by["accent"].items()} == {"unknown": 2, "us": 2}
    assert by["accent"]["us"].errors.rate == pytest.approx(1 / 7)
    assert list(by["mood"]) == ["unknown", "glad"]


def test_the_json_object_contains_rates_and_slices():
    found = score(ROWS, ["accent"], "plain").to_json()
    assert found["wer"] == 0.5
    assert (found["normalizer"], found["normalizer_version"], found["normalized_plainly"]) == ("plain", None, 0)
    assert found["by"]["accent"]["us"] == {
        "clips": 2, "words": 7, "wer": 0.1429, "interval": None, "substitutions": 0, "deletions": 1, "insertions": 0,
    }  # fmt: skip


SPELLING_VARIANTS = [
    ClipRow("a", text="he won't pay twenty two dollars", generated_text="He will not pay $22.", asr_model="m"),
    ClipRow("b", text="a neighbour’s favourite colour", generated_text="A neighbor's favorite color", asr_model="m"),
]  # fmt: skip


def test_english_spelling_variants_are_not_errors():
    found = score(SPELLING_VARIANTS).to_json()
    assert (found["wer"], found["clips"]) == (0, 2)
    assert (found["normalizer"], found["normalizer_version"]) == ("whisper", version("whisper-normalizer"))
    plain = score(SPELLING_VARIANTS, normalizer="plain").errors.whole.errors
    assert (plain.reference_words, plain.errors) == (6 + 4, 5 + 3)


def test_clips_in_other_languages_use_plain_normalisation_and_are_counted():
    german = ClipRow("a", text="die Farbe won't", generated_text="Die Farbe will not", asr_model="m")
    named = [replace(german, language="de"), replace(german, extra={"locale": "de"})]
    chinese = ClipRow("b", text="今天二十度", generated_text="今天20度", asr_model="m")
    scored = score([*named, replace(german, extra={"locale": "en-GB"}), chinese])
    assert scored.plain == 3
    assert scored.errors.whole.errors.reference_words == 3 + 3 + 4 + 5


def test_the_language_of_the_corpus_decides_before_that_of_the_transcript():
    row = ClipRow("a", text="won't", generated_text="will not", language="en", extra={"locale": "de"}, asr_model="m")
    assert score([row]).plain == 1
    assert score([replace(row, extra={})]).plain == 0


def test_character_error_rate_counts_characters_without_spaces():
    rows = [ClipRow("a", text="今天 二十度", generated_text="今天二十二度", language="zh", asr_model="m")]
    found = score(rows, metric="cer").to_json()
    assert (found["metric"], found["characters"], found["insertions"], found["cer"]) == ("cer", 5, 1, 0.2)


def test_auto_chooses_the_metric_by_language_and_keeps_the_two_apart():
    rows = [
        ClipRow("a", text="ราคาเท่าไร", generated_text="ราคาเท่าไหร่", language="th", asr_model="m"),
        ClipRow("b", text="one two", generated_text="one too", language="en", asr_model="m"),
        ClipRow("c", text="three", generated_text="three", asr_model="m"),
        ClipRow("d", text="never transcribed"),
    ]
    words, characters = scores(rows)
    assert (words.metric, words.errors.whole.texts, words.left_out) == ("wer", 2, 1)
    assert (characters.metric, characters.errors.whole.texts, characters.left_out) == ("cer", 1, 0)
    assert characters.errors.whole.errors.rate == pytest.approx(2 / 10)
    assert [found.metric for found in scores(rows, metric="wer")] == ["wer"]
    assert [found.metric for found in scores([])] == ["wer"]


def test_intervals_resample_speakers_where_the_corpus_names_them():
    good = [ClipRow(str(n), text="cats purr", generated_text="cats purr", asr_model="m") for n in range(40)]
    bad = [replace(row, id=f"b{row.id}", generated_text="bats fur") for row in good]
    by_clip = score([*good, *bad], fewest_clips=2).errors.whole.estimate
    assert by_clip is not None
    assert 0.3 < by_clip.low < 0.5 < by_clip.high < 0.7
    named = [replace(row, extra={"client_id": row.generated_text}) for row in (*good, *bad)]
    by_speaker = score(named, fewest_clips=2).errors.whole.estimate
    assert by_speaker is not None
    assert (by_speaker.low, by_speaker.high) == (0, 1)
    assert score(named[:1], fewest_clips=2).errors.whole.estimate is None


def test_clips_are_grouped_by_any_column():
    rows = [replace(row, asr_model=model) for row, model in zip(ROWS[:2], ("one", "two"), strict=True)]
    by = score(rows, ["asr_model", "language", "filename"]).errors.by
    assert set(by["asr_model"]) == {"one", "two"}
    assert set(by["language"]) == {"unknown"}
    assert set(by["filename"]) == {"a", "b"}


def test_a_reference_that_is_empty_after_normalisation_is_excluded():
    scored = score([ClipRow("a", text="um", generated_text="", asr_model="m")])
    assert (scored.left_out, scored.errors.whole.texts) == (1, 0)


def test_an_empty_table_has_no_error_rate():
    assert score([]).to_json()["wer"] is None


def test_published_transcripts_have_the_measured_error_rates(real_data: Path):
    """wav2vec2-large-960h has 10.8 % with plain normalisation on the corpus; these 1,860 clips are half of it."""
    folder = real_data / "common-voice"
    references = read_csv(folder / "cv-valid-dev.csv").rows()
    with (folder / "wav2vec2-large-960h.csv").open() as file:
        decoded = [
            ClipRow(line["filename"], generated_text=line["generated_text"], asr_model="large-960h")
            for line in csv.DictReader(file)
        ]
    rows = [references[row.id].merged_with(row) for row in decoded]
    assert score(rows).errors.whole.errors.rate == pytest.approx(0.1002, abs=0.0005)
    found = score(rows, ["accent"], "plain")
    assert found.errors.whole.texts == 1860
    assert found.errors.whole.errors.rate == pytest.approx(0.105, abs=0.0005)
    assert found.errors.by["accent"]["indian"].errors.rate > 2 * found.errors.by["accent"]["us"].errors.rate
