"""The sample clips match their README and the demo."""

import csv
from pathlib import Path

import pytest
import soundfile

from hearsay.records.clip import ClipRow
from hearsay.records.table import EMPTY_TABLE, Table, read_csv
from hearsay.storage.local import find_audio
from hearsay.text.normalize import words

INTERVIEW = "samples/sample-interview.mp3"


@pytest.fixture(scope="module")
def table(samples: Path) -> Table:
    return read_csv(samples / "clips.csv")


@pytest.fixture(scope="module")
def rows(table: Table) -> dict[str, ClipRow]:
    return table.rows()


@pytest.fixture(scope="module")
def seconds(samples: Path, rows: dict[str, ClipRow]) -> dict[str, float]:
    lengths = {}
    for clip_id in rows:
        path = find_audio(samples, clip_id)
        assert path is not None, clip_id
        audio, rate = soundfile.read(path, dtype="float32")
        assert audio.ndim == 1, f"{clip_id} is not mono"
        assert abs(audio).max() > 0.05, f"{clip_id} is silent"
        lengths[clip_id] = len(audio) / rate
    return lengths


def test_the_csv_has_the_columns_of_common_voice(table: Table):
    assert table.columns == EMPTY_TABLE.columns


def test_every_clip_has_a_row_and_every_row_a_clip(samples: Path, rows: dict[str, ClipRow]):
    assert {f"samples/{path.name}" for path in samples.glob("*.mp3")} == set(rows)


def test_about_sixty_clips_are_short_sentences(seconds: dict[str, float]):
    short = {clip_id: length for clip_id, length in seconds.items() if clip_id != INTERVIEW}
    assert 55 <= len(short) <= 70
    assert all(1 <= length <= 4 for length in short.values()), short
    assert sum(short.values()) < 180


def test_one_clip_is_an_interview_of_about_two_minutes(seconds: dict[str, float], rows: dict[str, ClipRow]):
    assert 100 <= seconds[INTERVIEW] <= 140
    assert len(words(rows[INTERVIEW].text)) > 200


def test_the_audio_takes_less_than_two_megabytes(samples: Path):
    assert sum(path.stat().st_size for path in samples.glob("*.mp3")) < 2_000_000


@pytest.mark.parametrize("name", ["age", "gender", "accent"])
def test_metadata_is_missing_about_as_often_as_in_common_voice(rows: dict[str, ClipRow], name: str):
    blank = sum(not getattr(row, name) for row in rows.values()) / len(rows)
    assert 0.55 <= blank <= 0.70


def test_metadata_is_consistent(rows: dict[str, ClipRow]):
    assert {row.gender for row in rows.values()} == {"", "female", "male"}
    assert all(row.gender in ("", "male") for row in rows.values() if row.accent == "scotland")


def test_durations_are_empty(rows: dict[str, ClipRow]):
    assert all(row.duration is None for row in rows.values())


def test_texts_are_formatted_as_in_common_voice(rows: dict[str, ClipRow]):
    for row in rows.values():
        assert row.text == row.text.lower().strip()
        assert row.text.replace("'", "").replace(" ", "").isalpha(), row.text


def test_some_sentences_occur_more_than_once(rows: dict[str, ClipRow]):
    texts = [row.text for row in rows.values()]
    assert len(texts) - len(set(texts)) >= 3


def test_the_words_searched_for_in_the_readme_occur_in_the_references(rows: dict[str, ClipRow]):
    found = {word for row in rows.values() for word in words(row.text)}
    assert {"blacksmith", "hammer", "lighthouse", "harbor", "telescope"} <= found


def test_the_references_match_the_recorded_sentences(samples: Path, rows: dict[str, ClipRow]):
    with (samples / "sentences.csv").open(encoding="utf-8", newline="") as file:
        sentences = [line["sentence"] for line in csv.DictReader(file)]
    short = [row.text for clip_id, row in rows.items() if clip_id != INTERVIEW]
    assert [words(text) for text in short] == [words(sentence) for sentence in sentences]
