"""Records of one table of a corpus, wherever its audio is."""

from pathlib import Path

import pytest

from hearsay.corpora.layouts import LAYOUTS
from hearsay.corpora.recognition import layout_of_table
from hearsay.corpora.table_records import read_records
from hearsay.errors import BadTable
from tests.support.corpora import HEADER, common_voice, put


def test_the_records_of_a_table_are_read(tmp_path: Path, clips: list[Path]):
    table = common_voice(tmp_path, clips) / "validated.tsv"
    layout = layout_of_table(table)
    assert layout is not None
    rows, account = read_records(table, layout)
    row = rows["cv-corpus-27.0-2026-09-11-en/clips/common_voice_en_1.mp3"]
    assert (row.dataset, row.speaker, row.split, row.duration) == (
        "cv-corpus-27.0-2026-09-11-en",
        "speaker1",
        "validated",
        2.001,
    )
    assert row.extra == {"sentence_id": "s1", "locale": "en"}
    assert "empty: sentence_domain, variant, segment" in account


@pytest.mark.parametrize(
    ("audio", "clip_id"),
    [("2009/2009-x.ogg", "en/2009/2009-x.ogg"), ("train/2009-x.wav", "en/train/2009-x.wav"), ("", "en/2009-x")],
)
def test_clips_named_without_a_suffix_have_the_ids_of_their_audio_beside_the_table(
    tmp_path: Path, audio: str, clip_id: str
):
    table = tmp_path / "en" / "asr_train.tsv"
    put(tmp_path / "en", table.name, "id\tnormalized_text\n2009-x\thi\n")
    if audio:
        put(tmp_path / "en", audio)
        put(tmp_path / "en", "notes/2009-x.txt")
    layout = layout_of_table(table)
    assert layout is not None
    assert list(read_records(table, layout)[0]) == [clip_id]


def test_a_table_without_a_header_is_recognised_by_its_name_next_to_its_audio(tmp_path: Path):
    table = tmp_path / "lj" / "metadata.csv"
    put(table.parent, table.name, "LJ001-0001|Printing, 1|printing, one\n")
    assert layout_of_table(table) is None
    put(table.parent, "wavs/LJ001-0001.wav")
    layout = layout_of_table(table)
    assert layout is not None
    rows, account = read_records(table, layout)
    assert [(row.id, row.text, row.extra) for row in rows.values()] == [
        ("lj/wavs/LJ001-0001.wav", "printing, one", {"raw_text": "Printing, 1"})
    ]
    assert account == (
        "metadata.csv: clip: filename; reference: text; other columns (searched as extra.NAME): raw_text (LJSpeech)"
    )
    table.rename(other := table.with_name("mine.csv"))
    assert layout_of_table(other) is None


@pytest.mark.parametrize(("folder", "split"), [("train", "train"), ("test", "test"), ("training", "")])
def test_a_table_in_the_folder_of_a_split_has_that_split(folder: str, split: str, tmp_path: Path):
    put(tmp_path / folder, "metadata.csv", "file_name,sentence\na.wav,hello\n")
    layout = layout_of_table(table := tmp_path / folder / "metadata.csv")
    assert layout is not None
    rows, account = read_records(table, layout)
    assert [(row.id, row.split) for row in rows.values()] == [(f"{folder}/a.wav", split)]
    assert "empty" not in account
    assert "renamed: sentence to text, file_name to filename" in account


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"spoken": "text"}, ("there", {"sentence": "hello"})),
        ({"sentence": "written", "spoken": "text"}, ("there", {"written": "hello"})),
        ({"mood": "text"}, "has no column mood, which --column names"),
        (
            {"spoken": "accent"},
            "another column accent, so spoken cannot be read as accent; .* --column accent=OTHER",
        ),
        ({"spoken": "accent", "accent": "text"}, ("us", {"sentence": "hello"})),
    ],
)
def test_columns_are_renamed_by_request_before_the_layout_renames_them(
    columns: dict[str, str], expected: str | tuple[str, dict[str, str]], tmp_path: Path
):
    put(tmp_path / "set", "metadata.csv", "file_name,sentence,spoken,accent\na.wav,hello,there,us\n")
    layout = layout_of_table(table := tmp_path / "set" / "metadata.csv")
    assert layout is not None
    if isinstance(expected, str):
        with pytest.raises(BadTable, match=expected):
            read_records(table, layout, columns=columns)
        return
    (row,) = read_records(table, layout, columns=columns)[0].values()
    assert (row.text, row.extra) == expected


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path):
    put(tmp_path, "cv-corpus-1-x/en/validated.tsv", f"{HEADER}\nspeaker\ta.mp3\n")
    table = tmp_path / "cv-corpus-1-x/en/validated.tsv"
    with pytest.raises(BadTable, match="line 2: 2 cells under a header of 13 columns"):
        read_records(table, LAYOUTS[0])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.csv", "file_name,text\na.wav,hi,,\n"),
        ("clips.tsv", "audio_path\ttranscription\na.wav\thi\t\t\n"),
    ],
)
def test_empty_cells_after_the_last_column_are_ignored(tmp_path: Path, name: str, text: str):
    put(tmp_path, f"set/{name}", text)
    layout = layout_of_table(tmp_path / "set" / name)
    assert layout is not None
    rows, _ = read_records(tmp_path / "set" / name, layout)
    assert [(row.id, row.text) for row in rows.values()] == [("set/a.wav", "hi")]
