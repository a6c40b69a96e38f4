"""A corpus as a source of clips: their audio is read, and missing audio is reported."""

from pathlib import Path

import pytest

from asr.errors import BadSource
from asr.sources.corpora import CorpusSource, open_corpus, open_corpus_table
from asr.sources.listing import ClipSource, FolderSource
from tests.support.corpora import put


def source(folder: Path, name: str | None = None, *, allow_missing: bool = False) -> ClipSource:
    return open_corpus(FolderSource(folder, folder.name), name, None, {}, allow_missing=allow_missing)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    put(folder, "metadata.csv", "file_name,sentence\na.wav,hello\nb/c.wav,there\n")
    put(folder, "a.wav", "bytes of a")
    put(folder, "b/c.wav", "bytes of c")
    return folder


def test_each_clip_has_the_bytes_of_its_file_and_the_text_of_its_line(folder: Path):
    clips = {clip.row.id: clip for clip in source(folder).list().clips}
    assert {clip_id: clip.row.text for clip_id, clip in clips.items()} == {
        "set/a.wav": "hello",
        "set/b/c.wav": "there",
    }
    assert [clips[clip_id].read() for clip_id in ("set/a.wav", "set/b/c.wav")] == [b"bytes of a", b"bytes of c"]
    assert {clip.row.dataset for clip in clips.values()} == {"set"}


def test_missing_audio_is_an_error_that_names_three_clips(folder: Path):
    lines = "".join(f"gone{number}.wav,hello\n" for number in range(4))
    put(folder, "metadata.csv", f"file_name,sentence\na.wav,hello\n{lines}")
    expected = r"^4 of 5 clips in the tables of .* have no audio file, for example set/gone0.wav, .*1.wav, .*2.wav; add"
    with pytest.raises(BadSource, match=expected):
        source(folder).list()


def test_missing_audio_can_be_accepted(folder: Path):
    (folder / "b" / "c.wav").unlink()
    clips = {clip.row.id: clip for clip in source(folder, allow_missing=True).list().clips}
    assert clips["set/b/c.wav"].read is None
    assert clips["set/a.wav"].read is not None


def test_audio_that_no_table_names_is_a_remark(folder: Path):
    for number in range(4):
        put(folder, f"other{number}.wav")
    assert source(folder).list().remarks == (
        "left out, because no table names them: 4 audio files, other0.wav, other1.wav, other2.wav, …",
    )


def test_a_table_without_lines_is_an_error(folder: Path):
    put(folder, "metadata.csv", "file_name,sentence\n")
    with pytest.raises(BadSource, match=r"name no clip: metadata\.csv$"):
        source(folder).list()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("timit", "there is no layout timit; the layouts are common-voice, .*folder$"),
        ("nemo", r"has no table of NeMo manifest: \*\.json or \*\.jsonl with the columns audio_filepath$"),
        ("librispeech", r"has no table of LibriSpeech: \*\*/\*\.trans\.txt$"),
    ],
)
def test_a_layout_that_the_folder_does_not_have_is_an_error(folder: Path, name: str, message: str):
    with pytest.raises(BadSource, match=message):
        source(folder, name)


def test_the_layout_folder_ignores_tables(folder: Path):
    assert source(folder, "folder") == FolderSource(folder, folder.name)


def test_one_table_is_read_relative_to_its_own_folder(folder: Path):
    put(folder, "manifest.jsonl", '{"audio_filepath": "b/c.wav", "text": "there"}\n')
    found = open_corpus_table(folder, folder / "manifest.jsonl", None, {})
    assert isinstance(found, CorpusSource)
    assert [clip.row.id for clip in found.list().clips] == ["set/b/c.wav"]


def test_a_table_outside_the_folder_is_an_error(folder: Path, tmp_path: Path):
    put(tmp_path / "other", "manifest.jsonl", '{"audio_filepath": "a.wav", "text": "hello"}\n')
    with pytest.raises(BadSource, match="names files relative to its own folder; name that folder instead"):
        open_corpus_table(folder, tmp_path / "other" / "manifest.jsonl", None, {})


def test_a_table_in_no_known_layout_is_not_a_corpus(folder: Path):
    put(folder, "notes.csv", "a,b\n1,2\n")
    assert open_corpus_table(folder, folder / "notes.csv", None, {}) is None
