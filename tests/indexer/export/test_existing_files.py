"""An export replaces the files of an earlier export, and no others."""

import json
from pathlib import Path

import pytest

from indexer.cli.command_line import main
from indexer.export.collection import FORMATS

WORDS = [{"text": "good", "start": 0.1, "end": 0.4}]
FOREIGN = {
    "csv": b"my,own,table\n1,2,3\n",
    "jsonl": b'{"schema_version": 1, "filename": "a.mp3", "generated_text": "good day"}\n',
    "nemo": b'{"audio_filepath": "a.wav", "duration": 1, "text": "good", "pred_text": "day", "wer": 1.0}\n',
    "parquet": b"PAR1 but not a table",
    "metadata.csv": b"LJ001-0001|Printing, in the only sense|Printing, in the only sense\n",
}
"""Of each format, a file of somebody else: also a log of Hearsay, and a manifest that NeMo evaluated."""


@pytest.fixture
def index(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    log, made = tmp_path / "records.jsonl", tmp_path / "index"
    record = {"filename": "samples/sample-000000.mp3", "generated_text": "good day", "text": "good", "words": WORDS}
    log.write_text(json.dumps({"schema_version": 1} | record) + "\n", encoding="utf-8")
    assert main(["load", str(log), "--audio", str(samples), "--index", str(made), "--no-inbox"]) == 0
    return made


def export(index: Path, form: str, out: Path, *more: str) -> int:
    return main(["export", "--format", form, "--out", str(out), "--index", str(index), *more])


@pytest.mark.parametrize("form", FOREIGN)
def test_a_file_of_somebody_else_is_not_overwritten(
    form: str, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    out.mkdir()
    (file := out / FORMATS[form]).write_bytes(FOREIGN[form])
    assert export(index, form, out, "--audio") == 2
    assert f"{file} was not written by an export" in (said := capsys.readouterr().err)
    assert "nothing was changed. Name another folder in --out" in said
    assert file.read_bytes() == FOREIGN[form]
    assert list(out.iterdir()) == [file]


@pytest.mark.parametrize("form", FORMATS)
def test_an_earlier_export_is_replaced(form: str, index: Path, tmp_path: Path):
    out = tmp_path / "out"
    assert export(index, form, out, "--audio") == 0
    first = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    if FORMATS[form] and form != "parquet":
        (file := out / FORMATS[form]).write_bytes(file.read_bytes() + b"\n")
    assert export(index, form, out, "--audio") == 0
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == first


@pytest.mark.parametrize("name", ["samples/sample-000000.srt", "audio/samples/sample-000000.mp3"])
def test_subtitles_and_audio_of_somebody_else_are_not_overwritten(
    name: str, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "out" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(b"corrected by hand")
    assert export(index, "srt", tmp_path / "out", "--audio") == 2
    assert f"{file} exists with other contents, and was not overwritten; name another" in capsys.readouterr().err
    assert file.read_bytes() == b"corrected by hand"
