"""What is taken away from the page: that it is all there, opens elsewhere, and can be loaded again."""

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

from hearsay.records.clip import ClipRow, Word
from hearsay.records.table import columns_of, read_csv
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

HEARD = tuple(ClipRow(f"samples/{name}", generated_text="the blacksmith", duration=2.0) for name in SAMPLES)
ROWS = (*ALL, *ODD, *HEARD, SPOKEN)

Client = TestClient


@pytest.fixture
def client(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Asks the routes over an index of made rows, two of which have the sound of samples."""
    load(tmp_path / "index", list(ROWS), samples)
    monkeypatch.setenv("INDEX_URL", str(tmp_path / "index"))
    monkeypatch.setenv("INDEX_API_KEY", "hidden-key")
    st.cache_resource.clear()
    routes = export_routes(ExportSource(the_settings, the_index, audio_store, request_of))
    yield TestClient(Starlette(routes=routes))
    st.cache_resource.clear()


def documents(rows: Iterable[ClipRow]) -> dict[str, dict[str, Any]]:
    """The documents of rows by id; that a column which only the corpus knows is there and empty says nothing."""
    found = {passage.id: document_of(passage) for row in rows for passage in passages_of(row)}
    for document in found.values():
        document["extra"] = {name: value for name, value in document.get("extra", {}).items() if value}
    return found


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_csv_of_everything_is_loaded_again_as_the_same_documents(client: Client, tmp_path: Path) -> None:
    answer = client.get("/export/clips.csv")
    (tmp_path / "taken.csv").write_bytes(answer.content)
    again = list(read_csv(tmp_path / "taken.csv").rows().values())

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert documents(again) == documents(ROWS)


def test_the_columns_are_those_of_decode_with_the_corpus_s_own(client: Client) -> None:
    head = next(csv.reader(io.StringIO(client.get("/export/clips.csv").text)))

    unknown = {name for row in (*ALL, *ODD) for name in row.extra}
    assert {"note", "über"} <= unknown
    assert head == columns_of(unknown)


def test_what_a_spreadsheet_may_take_for_a_formula_is_not_changed(client: Client) -> None:
    rows = {
        row["filename"]: row for row in csv.DictReader(io.StringIO(client.get("/export/clips.csv").text, newline=""))
    }

    for odd in ODD:
        assert (rows[odd.id]["text"], rows[odd.id]["generated_text"]) == (odd.text, odd.generated_text)


def test_a_search_takes_its_hits_away_in_their_order_with_its_filters_whatever_the_page(client: Client) -> None:
    taken = lines(client.get("/export/manifest.jsonl?q=boy&gender=male&gender=female&duration=3-&page=7").text)

    assert [line["id"] for line in taken] == ["set/a2.mp3", "set/a3.mp3"]


def test_hits_are_taken_away_in_the_order_that_was_chosen(client: Client) -> None:
    taken = lines(client.get("/export/manifest.jsonl?q=boy+home&mode=exact&sort=-duration").text)

    assert [line["id"] for line in taken] == ["set/a3.mp3", "set/a2.mp3", "set/a1.mp3"]
    assert '"duration": {' in client.get("/export/query.json?q=boy&sort=-duration").text


def test_a_recording_found_in_several_places_is_one_row_and_several_lines(client: Client) -> None:
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


def test_a_line_of_the_manifest_has_the_fields_of_nemo_and_ours(client: Client) -> None:
    (line,) = lines(client.get("/export/manifest.jsonl?q=dog&mode=exact").text)

    assert {name: line[name] for name in ("audio_filepath", "offset", "duration", "text", "pred_text")} == {
        "audio_filepath": "set/a5.mp3",
        "offset": 0.0,
        "duration": 3.25,
        "text": "a dog a frog",
        "pred_text": "A DOG A DOG A DOG",
    }
    assert (line["id"], line["confidence"], line["up_votes"]) == ("set/a5.mp3", 1.0, 2)


def test_a_column_of_the_corpus_does_not_stand_in_for_a_field_of_nemo(client: Client, tmp_path: Path) -> None:
    load(tmp_path / "index", [ClipRow("a.mp3", generated_text="x", extra={"offset": "9", "pred_text": "y"})])

    (line,) = lines(client.get("/export/manifest.jsonl").text)
    assert (line["offset"], line["pred_text"], line["text"]) == (0.0, "x", "")


def test_a_zip_has_each_audio_once_where_its_manifest_says_and_tells_what_is_missing(
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
def test_no_name_in_a_zip_leads_out_of_the_folder_it_is_unpacked_into(clip: str) -> None:
    name = zip_stream.name_of(clip, ".MP3")

    assert name.startswith("audio/renamed/")
    assert name.endswith(".mp3")
    assert name == zip_stream.name_of(clip, ".MP3") != zip_stream.name_of(f"{clip}x", ".MP3")


def test_a_zip_of_too_much_is_refused_with_a_sentence(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_stream, "MOST_HITS", 1)
    many = client.get("/export/clips.zip?q=blacksmith&mode=exact")
    monkeypatch.setattr(zip_stream, "MOST_HITS", 100)
    monkeypatch.setattr(zip_stream, "MOST_BYTES", 1000)
    large = client.get("/export/clips.zip?q=blacksmith&mode=exact")

    assert (many.status_code, large.status_code) == (400, 400)
    assert many.text == "a zip holds up to 1 hits and these are 2; filter further, or take the CSV"
    assert "GB of audio" in large.text


def test_subtitles_of_a_clip_say_what_was_said_when(client: Client) -> None:
    answer = client.get("/subtitles/set/spoken.mp3.srt")

    assert answer.text == "1\n00:00:00,100 --> 00:00:00,900\ngood day\n\n2\n00:00:01,750 --> 00:00:02,000\nsir\n\n"
    assert answer.headers["content-disposition"].startswith('attachment; filename="spoken.srt"')
    assert client.get("/subtitles/set/spoken.mp3.vtt").text.startswith("WEBVTT\n\n00:00:00.100 --> 00:00:00.900\ngood")


def test_subtitles_of_a_recording_are_those_of_all_its_passages(client: Client) -> None:
    answer = client.get(f"/subtitles/{INTERVIEW.id}.srt").text

    assert [cue.split("\n")[2] for cue in answer.strip().split("\n\n")] == ["first part", "second", "third"]


@pytest.mark.parametrize("path", ["set/a1.mp3.srt", "set/nowhere.mp3.vtt", "set/a1.mp3", "x", "../../etc/passwd.srt"])
def test_where_there_are_no_subtitles_a_sentence_says_why(client: Client, path: str) -> None:
    answer = client.get(f"/subtitles/{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert " " in answer.text


@pytest.mark.parametrize("kind", KINDS)
def test_bad_searches_are_answered_with_a_sentence_and_leave_room_for_others(client: Client, kind: str) -> None:
    for _ in range(5):
        endless = client.get(f"/export/{kind}", params={"q": "x" * 2000})
        assert (endless.status_code, endless.text[:17]) == (400, "a search takes up")
    unknown = client.get(f"/export/{kind}", params={"like": "set/nowhere.mp3"})
    assert unknown.status_code == 400
    assert client.get(f"/export/{kind}").status_code == 200


def test_before_the_first_load_a_sentence_says_so(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDEX_URL", str(tmp_path / "nothing"))
    st.cache_resource.clear()

    answer = client.get("/export/clips.csv")
    assert answer.status_code == 503
    assert "load" in answer.text
    assert client.get("/subtitles/x.srt").status_code == 503


def test_only_reading_is_answered_and_other_files_are_not_there(client: Client) -> None:
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
def test_a_file_is_named_for_what_was_looked_for(client: Client, search: str, name: str) -> None:
    disposition = client.get(f"/export/clips.csv{search}").headers["content-disposition"]

    assert disposition.endswith(f"filename*=UTF-8''{name}")
    assert disposition.isascii()


def test_no_secret_is_in_what_the_query_is_taken_away_as(client: Client) -> None:
    for kind in ("query.json", "query.sh"):
        assert "hidden-key" not in client.get(f"/export/{kind}?q=dog").text
    assert "$INDEX_API_KEY" in client.get("/export/query.sh?q=dog").text
