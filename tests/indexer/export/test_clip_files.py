"""Search results as CSV and as a manifest, from an index in a folder, without the page."""

import json
from pathlib import Path

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.table import read_csv
from hearsay.records.transcript import Segment
from indexer.embedded.writer import EmbeddedWriter
from indexer.export.clip_files import csv_lines, manifest_lines
from indexer.index import Request
from indexer.passages import passages_of
from indexer.query_tree import Term

ROWS = (
    ClipRow("set/a.mp3", text="the boy runs", generated_text="THE BOY RUNS", duration=2.5, extra={"room": "hall"}),
    ClipRow(
        "set/long.mp3",
        generated_text="the boy sang and sang",
        duration=60.0,
        segments=(Segment(0.5, 29.0, "the boy sang"), Segment(31.0, 60.0, "and sang")),
    ),
)


@pytest.fixture
def index(tmp_path: Path) -> EmbeddedWriter:
    made = EmbeddedWriter(tmp_path / "index")
    made.replace(passage for row in ROWS for passage in passages_of(row))
    return made


def test_the_csv_has_each_clip_once_with_the_columns_of_the_corpus(index: EmbeddedWriter, tmp_path: Path):
    file = tmp_path / "found.csv"
    file.write_text("".join(csv_lines(index, Request())), encoding="utf-8", newline="")
    rows = read_csv(file).rows()
    assert {name: row.generated_text for name, row in rows.items()} == {row.id: row.generated_text for row in ROWS}
    assert rows["set/a.mp3"].extra == {"room": "hall"}


def test_the_manifest_has_each_result_with_its_place_in_the_clip(index: EmbeddedWriter):
    lines = [json.loads(line) for line in manifest_lines(index, Request(Term("tokens", "sang")))]
    places = sorted((line["id"], line["offset"], line["duration"], line["text"]) for line in lines)
    assert places == [("set/long.mp3#0001", 0.5, 28.5, ""), ("set/long.mp3#0002", 31.0, 29.0, "")]


def test_the_manifest_leaves_out_clips_without_a_path(index: EmbeddedWriter):
    paths = {"set/a.mp3": "audio/a.mp3"}
    (line,) = [json.loads(line) for line in manifest_lines(index, Request(), paths.get)]
    assert (line["audio_filepath"], line["text"], line["pred_text"]) == ("audio/a.mp3", "the boy runs", "THE BOY RUNS")
