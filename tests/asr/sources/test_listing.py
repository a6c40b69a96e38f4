"""Folders and tables of clips: ids, order, missing files and skipped files."""

from pathlib import Path

import pytest

from asr.errors import BadSource
from asr.pipeline.assembly import open_source
from asr.sources.listing import FolderSource, remarks_of
from hearsay.audio.formats import FORMATS
from hearsay.errors import BadTable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    corpus = tmp_path / "corpus"
    for name in ("b.mp3", "a.wav", "deep/c.FLAC", "notes.txt", ".hidden.wav", ".cache/d.wav"):
        (corpus / name).parent.mkdir(parents=True, exist_ok=True)
        (corpus / name).write_bytes(name.encode())
    return corpus


def test_a_folder_lists_its_audio_files_by_path_with_the_folder_as_dataset(folder: Path):
    listing = open_source(str(folder), None, None, allow_missing=False).list()
    assert [clip.row.id for clip in listing.clips] == ["corpus/a.wav", "corpus/b.mp3", "corpus/deep/c.FLAC"]
    assert {clip.row.dataset for clip in listing.clips} == {"corpus"}
    assert listing.clips[2].read is not None
    assert listing.clips[2].read() == b"deep/c.FLAC"


def test_files_without_an_audio_extension_are_reported(folder: Path):
    listing = open_source(str(folder), None, None, allow_missing=False).list()
    assert [path.name for path in listing.passed_over] == ["notes.txt"]


def test_a_dataset_can_be_named(folder: Path):
    listing = open_source(str(folder), None, "interviews", allow_missing=False).list()
    assert listing.clips[0].row.id == "interviews/a.wav"


def test_a_relative_folder_is_resolved_to_its_dataset_name(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    assert open_source(".", None, None, allow_missing=False).list().clips[0].row.id == "corpus/a.wav"


def test_a_file_name_that_is_not_valid_utf_8_is_rejected_and_the_others_are_listed(folder: Path):
    broken = folder.as_posix().encode() + b"/\xff.wav"
    Path(broken.decode("utf-8", "surrogateescape")).write_bytes(b"x")
    listing = FolderSource(folder, "corpus").list()
    assert len(listing.clips) == 3
    assert "rename the file" in listing.rejected[0]


def test_the_error_for_a_folder_without_audio_lists_the_accepted_extensions(tmp_path: Path):
    with pytest.raises(BadSource, match=r"\.mp3"):
        FolderSource(tmp_path, "empty").list()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.csv"
    path.write_text("filename,text,age,mood\ncorpus/b.mp3,second,fourties,glad\ndeep/c.FLAC,third,,\n")
    return path


def test_a_table_lists_its_rows_in_order_with_file_names_as_ids(folder: Path, table: Path):
    listing = open_source(str(folder), str(table), None, allow_missing=False).list()
    first, second = listing.clips
    assert (first.row.id, first.row.text, first.row.age) == ("corpus/b.mp3", "second", "fourties")
    assert first.row.extra == {"mood": "glad"}
    assert second.row.id == "deep/c.FLAC"
    assert first.read is not None
    assert first.read() == b"b.mp3"


def test_a_table_matches_files_from_the_parent_folder(folder: Path, table: Path):
    table.write_text("filename\ncorpus/b.mp3\n")
    listing = open_source(str(folder.parent), str(table), None, allow_missing=False).list()
    assert listing.clips[0].read is not None


def test_rows_without_a_file_are_an_error_with_an_example(folder: Path, table: Path):
    table.write_text("filename\ncorpus/b.mp3\ncorpus/gone.mp3\n")
    with pytest.raises(BadSource, match=r"1 of 2 rows .* corpus/gone\.mp3.*--allow-missing"):
        open_source(str(folder), str(table), None, allow_missing=False).list()


def test_rows_without_a_file_can_be_allowed(folder: Path, table: Path):
    table.write_text("filename\ncorpus/b.mp3\ncorpus/gone.mp3\n")
    clips = open_source(str(folder), str(table), None, allow_missing=True).list().clips
    assert [clip.read is None for clip in clips] == [False, True]


def test_generated_columns_of_an_earlier_run_are_not_read_from_the_table(folder: Path, table: Path):
    table.write_text("filename,text,generated_text,emotion\ncorpus/b.mp3,second,SECOND,angry\n")
    row = open_source(str(folder), str(table), None, allow_missing=False).list().clips[0].row
    assert (row.text, row.generated_text, row.emotion) == ("second", "", "")


def test_a_table_without_rows_is_rejected(folder: Path, table: Path):
    table.write_text("filename,text\n")
    with pytest.raises(BadSource, match="no rows"):
        open_source(str(folder), str(table), None, allow_missing=False).list()


def test_a_table_without_a_filename_column_is_rejected(folder: Path, table: Path):
    table.write_text("path,sentence\na.wav,hello\n")
    with pytest.raises(BadTable, match="no filename column"):
        open_source(str(folder), str(table), None, allow_missing=False).list()


def test_a_linked_folder_is_followed_once_and_otherwise_named(folder: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "d.mp3").write_bytes(b"d")
    (folder / "linked").symlink_to(elsewhere)
    (folder / "same").symlink_to(elsewhere)
    (folder / "round").symlink_to(folder)
    (folder / "above").symlink_to(tmp_path)
    (folder / "deep/again").symlink_to(folder / "deep")
    (elsewhere / "back").symlink_to(folder / "deep")
    listing = open_source(str(folder), None, None, allow_missing=False).list()
    ids = [clip.row.id for clip in listing.clips]
    assert ids == ["corpus/a.wav", "corpus/b.mp3", "corpus/deep/c.FLAC", "corpus/linked/d.mp3"]
    skipped = [remark for remark in remarks_of(listing) if remark.startswith("linked folder")]
    assert [remark.split()[2] for remark in skipped] == ["above", "deep/again", "linked/back", "round", "same"]


@pytest.mark.parametrize("suffix", [suffix for each in FORMATS for suffix in each.suffixes])
def test_files_of_every_format_are_listed(suffix: str, tmp_path: Path):
    (tmp_path / f"a{suffix.upper()}").write_bytes(b"x")
    assert len(open_source(str(tmp_path), None, "set", allow_missing=False).list().clips) == 1
