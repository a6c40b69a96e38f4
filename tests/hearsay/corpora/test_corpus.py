"""Corpora: every layout is recognised, and its tables become one table of clips."""

import unicodedata
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from hearsay.corpora.corpus import Corpus, read_corpus
from hearsay.corpora.recognition import recognised
from hearsay.errors import BadTable
from tests.support.corpora import common_voice, put, spontaneous_speech


def corpus_in(folder: Path, dataset: str | None = None) -> Corpus:
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    found = recognised(folder, files)
    assert found is not None, files
    return read_corpus(folder, *found, files, dataset)


def test_a_current_release_of_common_voice_is_one_collection(tmp_path: Path, clips: list[Path]):
    corpus = corpus_in(common_voice(tmp_path, clips))
    ids = [f"cv-corpus-27.0-2026-09-11-en/clips/common_voice_en_{number}.mp3" for number in range(4)]
    assert sorted(corpus.audio) == ids
    assert corpus.audio[ids[0]] == "clips/common_voice_en_0.mp3"
    rows = corpus.table.cells
    assert rows[ids[0]]["split"] == "train,validated"
    assert rows[ids[2]]["split"] == "dev,validated"
    assert rows[ids[0]]["text"] == '"Clip 0, said she'
    assert rows[ids[1]]["accent"] == "India and South Asia (India, Pakistan, Sri Lanka)"
    assert (rows[ids[3]]["speaker"], rows[ids[3]]["duration"], rows[ids[3]]["down_votes"]) == ("speaker0", "2.003", "3")
    assert "4 clips by 3 speakers" in corpus.account
    assert "client_id to speaker" in corpus.account
    assert "left out: reported.tsv, validated_sentences.tsv" in corpus.account
    assert "sentence_id, locale" in corpus.account


def test_a_release_with_several_locales_is_a_dataset_for_each(tmp_path: Path, clips: list[Path]):
    release = common_voice(tmp_path, clips[:2]).parent
    common_voice(tmp_path, clips[2:3], "cy")
    corpus = corpus_in(release)
    assert sorted(corpus.audio.items()) == [
        ("cv-corpus-27.0-2026-09-11-cy/clips/common_voice_cy_0.mp3", "cy/clips/common_voice_cy_0.mp3"),
        ("cv-corpus-27.0-2026-09-11-en/clips/common_voice_en_0.mp3", "en/clips/common_voice_en_0.mp3"),
        ("cv-corpus-27.0-2026-09-11-en/clips/common_voice_en_1.mp3", "en/clips/common_voice_en_1.mp3"),
    ]


def test_a_release_without_a_name_needs_one(tmp_path: Path, clips: list[Path]):
    folder = common_voice(tmp_path, clips[:1]).rename(tmp_path / "en")
    with pytest.raises(BadTable, match="--dataset RELEASE-LOCALE"):
        corpus_in(folder)
    assert list(corpus_in(folder, "mine").audio) == ["mine/clips/common_voice_en_0.mp3"]


@pytest.mark.parametrize(
    ("table", "line", "file"),
    [
        ("metadata.csv", "file_name,sentence\nGrüße/é.wav,hello\n", "Grüße/é.wav"),
        ("metadata.csv", "é|Hello|hello\n", "wavs/é.wav"),
        ("asr_en.tsv", "id\tnormalized_text\né\thello\n", "deep/é.ogg"),
        ("é.txt", "hello\n", "é.flac"),
    ],
    ids=["huggingface", "ljspeech", "voxpopuli", "text"],
)
@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_name_in_another_unicode_normal_form_is_found(
    table: str, line: str, file: str, forms: tuple[str, str], tmp_path: Path
):
    (named, there) = (unicodedata.normalize(form, text) for form, text in zip(forms, (line, file), strict=True))
    put(tmp_path / "set", unicodedata.normalize(forms[0], table), named)
    put(tmp_path / "set", there)
    corpus = corpus_in(tmp_path / "set")
    assert list(corpus.audio.values()) == [there]
    assert list(corpus.table.column("text")) == ["hello"]
    assert corpus.unnamed == ()


def test_two_lines_for_one_file_are_an_error(tmp_path: Path):
    composed, decomposed = (unicodedata.normalize(form, "é.wav") for form in ("NFC", "NFD"))
    put(tmp_path, "set/metadata.csv", f"file_name,sentence\n{composed},one\n{decomposed},two\n")
    put(tmp_path, f"set/{composed}")
    with pytest.raises(BadTable, match=f"name the file {composed}: set/{composed}, set/{decomposed}; keep one line"):
        corpus_in(tmp_path / "set")
    put(tmp_path, f"set/{decomposed}")
    assert list(corpus_in(tmp_path / "set").audio.values()) == [composed, decomposed]


def test_a_release_of_spontaneous_speech_is_read(tmp_path: Path, clips: list[Path]):
    corpus = corpus_in(spontaneous_speech(tmp_path, clips))
    cells = corpus.table.cells["sps-corpus-3.0-2026-09-11-en/audios/spontaneous-speech-en-1.mp3"]
    assert (cells["text"], cells["duration"], cells["speaker"]) == ("I cook soup 1.", "2.5", "speaker1")
    assert cells["prompt"] == "What do you cook?"


LIBRI = "84-121123-0000"
VOXPOPULI = "id\traw_text\tnormalized_text\tspeaker_id\tsplit\tgender\tis_gold_transcript\taccent\n"


@pytest.mark.parametrize(
    ("layout", "files", "cells"),
    [
        (
            "common-voice-1",
            {
                "cv-valid-dev.csv": "filename,text,up_votes,down_votes,age,gender,accent,duration\n"
                "cv-valid-dev/sample-000000.mp3,be careful,1,0,fourties,,us,\n",
                "cv-valid-dev/sample-000000.mp3": "",
            },
            {
                "filename": "cv-valid-dev/sample-000000.mp3",
                "split": "dev",
                "age": "fourties",
                "dataset": "cv-valid-dev",
            },
        ),
        (
            "librispeech",
            {
                f"dev-clean/84/121123/{LIBRI[:9]}.trans.txt": f"{LIBRI} GO ON\n",
                f"dev-clean/84/121123/{LIBRI}.flac": "",
                "SPEAKERS.TXT": ";ID |SEX| SUBSET |MINUTES| NAME\n14 | M | train | 25 | A\n84 | F | dev | 8 | B\n",
            },
            {
                "filename": f"set/dev-clean/84/121123/{LIBRI}.flac",
                "text": "GO ON",
                "speaker": "84",
                "gender": "F",
                "split": "dev-clean",
            },
        ),
        (
            "ljspeech",
            {"metadata.csv": 'LJ001-0001|In "1", a|In one, a\n', "wavs/LJ001-0001.wav": ""},
            {"filename": "set/wavs/LJ001-0001.wav", "text": "In one, a", "raw_text": 'In "1", a'},
        ),
        (
            "voxpopuli",
            {"asr_dev.tsv": f"{VOXPOPULI}2009-x\tHi.\thi\t7\tdev\tmale\tTrue\tNone\n", "2009/2009-x.ogg": ""},
            {"filename": "set/2009/2009-x.ogg", "text": "hi", "speaker": "7", "split": "dev"},
        ),
        (
            "huggingface",
            {"train/metadata.csv": "file_name,transcription,mood\na/b.wav,hello,good\n", "train/a/b.wav": ""},
            {"filename": "set/train/a/b.wav", "text": "hello", "split": "train", "mood": "good"},
        ),
        (
            "huggingface-jsonl",
            {"metadata.jsonl": '{"file_name": "a/b.wav", "sentence": "hello", "mood": "good"}\n', "a/b.wav": ""},
            {"filename": "set/a/b.wav", "text": "hello", "mood": "good"},
        ),
        (
            "nemo",
            {
                "train_manifest.json": '{"audio_filepath": "w/a.wav", "text": "hi", "duration": 2.5, "speaker": 7}\n',
                "w/a.wav": "",
            },
            {"filename": "set/w/a.wav", "text": "hi", "duration": "2.5", "speaker": "7", "split": "train"},
        ),
        (
            "data-collective",
            {"clips.tsv": "audio_path\ttranscription\tspeaker_id\nx/a.wav\thi\t7\n", "x/a.wav": ""},
            {"filename": "set/x/a.wav", "text": "hi", "speaker": "7"},
        ),
        (
            "text",
            {"x/a.wav": "", "x/a.txt": "hello\nthere", "README.txt": "about"},
            {"filename": "set/x/a.wav", "text": "hello there"},
        ),
    ],
)
def test_each_layout_is_recognised_and_read(tmp_path: Path, layout: str, files: dict[str, str], cells: dict[str, str]):
    for path, text in files.items():
        put(tmp_path / "set", path, text)
    corpus = corpus_in(tmp_path / "set")
    assert corpus.layout.name == layout
    (found,) = corpus.table.cells.values()
    assert {name: found[name] for name in cells} == cells
    assert list(corpus.audio.values()) == [
        next(path for path in files if path.endswith((".wav", ".mp3", "flac", "ogg")))
    ]


@pytest.mark.parametrize(
    ("layout", "path", "name", "split"),
    [
        ("huggingface-parquet", "metadata.parquet", "file_name", ""),
        ("huggingface-parquet", "train/metadata.parquet", "file_name", "train"),
        ("parquet", "clips.parquet", "filename", ""),
    ],
)
def test_a_parquet_table_is_read_as_its_column_of_paths_says(
    tmp_path: Path, layout: str, path: str, name: str, split: str
):
    put(tmp_path / "set", path)
    table = tmp_path / "set" / path
    put(table.parent, "a/b.wav")
    line = {name: "a/b.wav", "text": "hello", "votes": 7, "duration": 2.5, "mood": None, "clear": True}
    parquet.write_table(pa.Table.from_pylist([line]), table)
    corpus = corpus_in(tmp_path / "set")
    assert corpus.layout.name == layout
    audio = path.replace(table.name, "a/b.wav")
    assert corpus.audio == {f"set/{audio}": audio}
    cells = corpus.table.cells[f"set/{audio}"]
    assert (cells["text"], cells["votes"], cells["duration"], cells["clear"]) == ("hello", "7", "2.5", "true")
    assert (cells.get("mood", ""), cells.get("split", "")) == ("", split)


def test_the_table_of_speakers_may_be_above_the_subset_that_is_read(tmp_path: Path):
    put(tmp_path, "SPEAKERS.TXT", "84 | F | dev-clean | 8 | B C\n")
    put(tmp_path / "dev-clean", f"84/121123/{LIBRI[:9]}.trans.txt", f"{LIBRI} GO ON\n")
    put(tmp_path / "dev-clean", f"84/121123/{LIBRI}.flac")
    assert list(corpus_in(tmp_path / "dev-clean").table.column("gender")) == ["F"]


def test_another_file_of_the_name_of_the_table_of_speakers_is_reported(tmp_path: Path):
    put(tmp_path, "SPEAKERS.TXT", "Names of speakers\n")
    put(tmp_path, f"84/121123/{LIBRI[:9]}.trans.txt", f"{LIBRI} GO ON\n")
    put(tmp_path, f"84/121123/{LIBRI}.flac")
    with pytest.raises(BadTable, match="not LibriSpeech's table of speakers"):
        corpus_in(tmp_path)


@pytest.mark.parametrize(
    ("offset", "is_whole"), [("0", True), ("0.0", True), ("null", True), ("1.5", False), ("10", False)]
)
def test_parts_of_files_are_refused(tmp_path: Path, offset: str, is_whole: bool):
    put(tmp_path / "set", "a.json", f'{{"audio_filepath": "a.wav", "text": "hi", "duration": 2, "offset": {offset}}}\n')
    put(tmp_path / "set", "a.wav")
    if is_whole:
        assert list(corpus_in(tmp_path / "set").table.lines) == ["set/a.wav"]
        return
    with pytest.raises(BadTable, match=f"line 1: offset is {offset}, but clips are whole files; cut the audio"):
        corpus_in(tmp_path / "set")


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.wav", "x/../../a.wav"])
def test_paths_that_lead_outside_are_refused(tmp_path: Path, path: str):
    put(tmp_path / "set", "manifest.json", f'{{"audio_filepath": "{path}", "text": "hi"}}\n')
    put(tmp_path, "a.wav")
    with pytest.raises(BadTable, match=r"line 1: .* leads outside"):
        corpus_in(tmp_path / "set")


def test_audio_that_no_table_names_is_reported(tmp_path: Path):
    put(tmp_path, "metadata.csv", "file_name,text\na.wav,hi\n")
    put(tmp_path, "a.wav")
    put(tmp_path, "b.wav")
    assert corpus_in(tmp_path).unnamed == ("b.wav",)
