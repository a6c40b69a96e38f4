"""Exports are complete, can be opened by other programs, and can be loaded again."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from hearsay.records.clip import ClipRow
from hearsay.records.table import columns_of, read_csv
from hearsay.records.transcript import Word
from indexer.documents import document_of
from indexer.passages import passages_of
from search_ui.connection import audio_store, the_index, the_settings
from search_ui.export import zip_stream
from search_ui.export.routes import KINDS, ExportSource, export_routes
from search_ui.search.request import request_of
from tests.support.pages import load
from tests.support.rows import ALL, INTERVIEW

ODD = (
    ClipRow("set/=cmd|' /C calc'!A0.mp3", text='=HYPERLINK("http://elsewhere")', generated_text="-1 +2 @three"),
    ClipRow("set/lines.mp3", generated_text='said "so", twice\r\nand again\r', extra={"note": "a,b\n", "über": "中文"}),
)
SAMPLES = ("sample-000000.mp3", "sample-000001.mp3")
SPOKEN = ClipRow(
    "set/spoken.mp3",
    generated_text="good day sir",
    duration=2.5,
    words=(Word("good", 0.1, 0.4), Word("day", 0.5, 0.9), Word("sir", 1.75, 2.0)),
)

WITH_AUDIO = tuple(ClipRow(f"samples/{name}", generated_text="the blacksmith", duration=2.0) for name in SAMPLES)
ROWS = (*ALL, *ODD, *WITH_AUDIO, SPOKEN)

Client = TestClient


@pytest.fixture
def client(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The routes with an index of generated records, two of which have audio files."""
    load(tmp_path / "index", list(ROWS), samples)
    monkeypatch.setenv("INDEX_URL", str(tmp_path / "index"))
    monkeypatch.setenv("INDEX_API_KEY", "hidden-key")
    st.cache_resource.clear()
    routes = export_routes(ExportSource(the_settings, the_index, audio_store, request_of))
    yield TestClient(Starlette(routes=routes))
    st.cache_resource.clear()


def documents(rows: Iterable[ClipRow]) -> dict[str, dict[str, Any]]:
    """The documents of records by id, without empty additional columns of the corpus."""
    found = {passage.id: document_of(passage) for row in rows for passage in passages_of(row)}
    for document in found.values():
        document["extra"] = {name: value for name, value in document.get("extra", {}).items() if value}
    return found


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_csv_of_all_clips_loads_as_the_same_documents(client: Client, tmp_path: Path) -> None:
    answer = client.get("/export/clips.csv")
    (tmp_path / "exported.csv").write_bytes(answer.content)
    again = list(read_csv(tmp_path / "exported.csv").rows().values())

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert documents(again) == documents(ROWS)


def test_the_columns_are_those_of_decode_and_of_the_corpus(client: Client) -> None:
    head = next(csv.reader(io.StringIO(client.get("/export/clips.csv").text)))

    unknown = {name for row in (*ALL, *ODD) for name in (*row.extra, *row.optional)} - {"deleted", "transcripts"}
    assert {"note", "über", "generated_text_2", "asr_model_3", "agreement"} <= unknown
    assert head == columns_of(unknown)


def test_text_that_a_spreadsheet_may_read_as_a_formula_is_unchanged(client: Client) -> None:
    rows = {
        row["filename"]: row for row in csv.DictReader(io.StringIO(client.get("/export/clips.csv").text, newline=""))
    }

    for odd in ODD:
        assert (rows[odd.id]["text"], rows[odd.id]["generated_text"]) == (odd.text, odd.generated_text)


def test_an_export_contains_all_filtered_results_in_order_whatever_the_page(client: Client) -> None:
    exported = lines(client.get("/export/manifest.jsonl?q=boy&gender=male&gender=female&duration=3-&page=7").text)

    assert [line["id"] for line in exported] == ["set/a2.mp3", "set/a3.mp3"]


def test_results_are_exported_in_the_chosen_order(client: Client) -> None:
    exported = lines(client.get("/export/manifest.jsonl?q=boy+home&mode=exact&sort=-duration").text)

    assert [line["id"] for line in exported] == ["set/a3.mp3", "set/a2.mp3", "set/a1.mp3"]
    assert '"duration": {' in client.get("/export/query.json?q=boy&sort=-duration").text


def test_a_recording_with_several_results_is_one_csv_row_and_several_manifest_lines(client: Client) -> None:
    search = "?q=part&mode=exact"
    rows = list(csv.DictReader(io.StringIO(client.get(f"/export/clips.csv{search}").text)))
    found = sorted(lines(client.get(f"/export/manifest.jsonl{search}").text), key=lambda line: line["id"])

    assert [row["filename"] for row in rows] == [INTERVIEW.id]
    assert rows[0]["generated_text"] == INTERVIEW.generated_text
    assert [(line["audio_filepath"], line["offset"], line["duration"]) for line in found] == [
        (INTERVIEW.id, 0.0, 25.0),
        (INTERVIEW.id, 26.0, 24.0),
        (INTERVIEW.id, 51.0, 29.0),
    ]
    assert {line["text"] for line in found} == {""}, "the reference is that of the whole recording"


def test_a_manifest_line_has_the_fields_of_nemo_and_of_hearsay(client: Client) -> None:
    (line,) = lines(client.get("/export/manifest.jsonl?q=dog&mode=exact").text)

    assert {name: line[name] for name in ("audio_filepath", "offset", "duration", "text", "pred_text")} == {
        "audio_filepath": "set/a5.mp3",
        "offset": 0.0,
        "duration": 3.25,
        "text": "a dog a frog",
        "pred_text": "A DOG A DOG A DOG",
    }
    assert (line["id"], line["confidence"], line["up_votes"]) == ("set/a5.mp3", 1.0, 2)


def test_a_column_of_the_corpus_does_not_replace_a_field_of_nemo(client: Client, tmp_path: Path) -> None:
    load(tmp_path / "index", [ClipRow("a.mp3", generated_text="x", extra={"offset": "9", "pred_text": "y"})])

    (line,) = lines(client.get("/export/manifest.jsonl").text)
    assert (line["offset"], line["pred_text"], line["text"]) == (0.0, "x", "")


def test_a_zip_has_each_audio_file_once_at_its_manifest_path_and_lists_missing_audio(
    client: Client, samples: Path
) -> None:
    answer = client.get("/export/clips.zip?q=blacksmith+OR+dog")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        manifest = lines(archive.read("manifest.jsonl").decode())
        assert [line["audio_filepath"] for line in manifest] == [f"audio/samples/{name}" for name in SAMPLES]
        for name in SAMPLES:
            assert archive.read(f"audio/samples/{name}") == (samples / name).read_bytes()
        csv_rows = list(csv.DictReader(io.StringIO(archive.read("clips.csv").decode())))
        missing = archive.read("missing-audio.txt").decode().splitlines()[1:]
    assert "set/a5.mp3" in missing
    assert sorted(row["filename"] for row in csv_rows) == sorted([*missing, *(f"samples/{name}" for name in SAMPLES)])


@pytest.mark.parametrize(
    "clip", ["../up.mp3", "set/../up.mp3", "/root.mp3", "a\\b.mp3", "set/C:.mp3", "set//x.mp3", "set/dot./x.mp3"]
)
def test_no_path_in_a_zip_leaves_the_folder_it_is_unpacked_into(clip: str) -> None:
    name = zip_stream.name_of(clip, ".MP3")

    assert name.startswith("audio/renamed/")
    assert name.endswith(".mp3")
    assert name == zip_stream.name_of(clip, ".MP3") != zip_stream.name_of(f"{clip}x", ".MP3")


def test_a_zip_over_a_limit_is_rejected_with_a_message(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_stream, "MOST_HITS", 1)
    many = client.get("/export/clips.zip?q=blacksmith&mode=exact")
    monkeypatch.setattr(zip_stream, "MOST_HITS", 100)
    monkeypatch.setattr(zip_stream, "MOST_BYTES", 1000)
    large = client.get("/export/clips.zip?q=blacksmith&mode=exact")

    assert (many.status_code, large.status_code) == (400, 400)
    assert many.text == (
        "a ZIP archive may contain up to 1 results, and this search has 2; add filters, or export the CSV"
    )
    assert "GB of audio" in large.text


def test_subtitles_of_a_clip_have_its_words_and_times(client: Client) -> None:
    answer = client.get("/subtitles/set/spoken.mp3.srt")

    assert answer.text == "1\n00:00:00,100 --> 00:00:00,900\ngood day\n\n2\n00:00:01,750 --> 00:00:02,000\nsir\n\n"
    assert answer.headers["content-disposition"].startswith('attachment; filename="spoken.srt"')
    assert client.get("/subtitles/set/spoken.mp3.vtt").text.startswith("WEBVTT\n\n00:00:00.100 --> 00:00:00.900\ngood")


def test_subtitles_of_a_recording_are_those_of_all_its_passages(client: Client) -> None:
    answer = client.get(f"/subtitles/{INTERVIEW.id}.srt").text

    assert [cue.split("\n")[2] for cue in answer.strip().split("\n\n")] == ["first part", "second", "third"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("set/a1.mp3.srt", "clip set/a1.mp3 has no subtitles, because its words have no times"),
        ("set/nowhere.mp3.vtt", "the index contains no clip set/nowhere.mp3"),
        ("set/a1.mp3", "subtitles are available as CLIP.srt and CLIP.vtt, not as set/a1.mp3"),
        ("x", "subtitles are available as CLIP.srt and CLIP.vtt, not as x"),
        ("..%2f..%2fetc/passwd.srt", "the index contains no clip ../../etc/passwd"),
    ],
)
def test_without_subtitles_a_message_says_why(client: Client, path: str, message: str) -> None:
    answer = client.get(f"/subtitles/{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == message


@pytest.mark.parametrize("kind", KINDS)
def test_invalid_searches_return_a_message_and_release_their_slots(client: Client, kind: str) -> None:
    for _ in range(5):
        endless = client.get(f"/export/{kind}", params={"q": "x" * 2000})
        assert (endless.status_code, endless.text[:17]) == (400, "a query may have ")
    unknown = client.get(f"/export/{kind}", params={"like": "set/nowhere.mp3"})
    assert unknown.status_code == 400
    assert client.get(f"/export/{kind}").status_code == 200


def test_before_the_first_load_a_message_says_so(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDEX_URL", str(tmp_path / "nothing"))
    st.cache_resource.clear()

    answer = client.get("/export/clips.csv")
    assert answer.status_code == 503
    assert "load" in answer.text
    assert client.get("/subtitles/x.srt").status_code == 503


def test_only_get_and_head_are_allowed_and_other_files_do_not_exist(client: Client) -> None:
    assert client.post("/export/clips.csv").status_code == 405
    assert client.get("/export/clips.xlsx").status_code == 404
    head = client.head("/export/clips.csv?q=dog")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-disposition"] == client.get("/export/clips.csv?q=dog").headers["content-disposition"]


@pytest.mark.parametrize(
    ("search", "name"),
    [
        ("", "clips.csv"),
        ("?q=black+Smith%21&gender=male", "clips-black-smith-male.csv"),
        ("?q=%E4%BD%A0%E5%A5%BD", "clips-%E4%BD%A0%E5%A5%BD.csv"),
        ("?q=%22%0D%0ASet-Cookie%3A+x%22", "clips-set-cookie-x.csv"),
        (f"?q={'long+' * 100}", f"clips-{'-'.join(['long'] * 12)}.csv"),
    ],
)
def test_a_file_is_named_after_the_search(client: Client, search: str, name: str) -> None:
    disposition = client.get(f"/export/clips.csv{search}").headers["content-disposition"]

    assert disposition.endswith(f"filename*=UTF-8''{name}")
    assert disposition.isascii()


def test_an_exported_query_contains_no_secret(client: Client) -> None:
    for kind in ("query.json", "query.sh"):
        assert "hidden-key" not in client.get(f"/export/{kind}?q=dog").text
    assert "$INDEX_API_KEY" in client.get("/export/query.sh?q=dog").text
