"""Exports of found clips are read back as the same records, in every format that has records."""

import json
from pathlib import Path
from typing import Any

import pytest

from indexer.cli.command_line import main
from indexer.export.collection import FORMATS

WORDS = [{"text": "good", "start": 0.1, "end": 0.4, "confidence": 0.9}, {"text": "day", "start": 0.5, "end": 0.9}]
RECORDS: list[dict[str, Any]] = [
    {
        "filename": "corpus/a.mp3", "dataset": "corpus", "text": "good day", "generated_text": "good day",
        "words": WORDS, "duration": 1.5, "confidence": 0.875, "language": "en", "language_probability": 0.5,
        "up_votes": 2, "accent": "us,england", "speaker": "s1", "split": "train", "asr_model": "m", "mood": "fair",
    },
    {"filename": "corpus/deeper/b.wav", "dataset": "corpus", "text": 'a "quoted", text', "generated_text": "Qu’elle\n"},
    {"filename": "other/c.flac", "dataset": "other", "generated_text": "今天天气很好", "emotion": "angry"},
]  # fmt: skip


def exported(index: Path, form: str, out: Path) -> Path:
    assert main(["export", "--format", form, "--out", str(out), "--index", str(index)]) == 0
    return out / FORMATS[form]


def lines(index: Path, out: Path) -> list[Any]:
    return [json.loads(line) for line in exported(index, "jsonl", out).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("form", [form for form, name in FORMATS.items() if name])
def test_an_export_is_loaded_as_equal_records(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "clips.jsonl"
    log.write_text("".join(f"{json.dumps({'schema_version': 1} | record)}\n" for record in RECORDS), encoding="utf-8")
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(["load", str(log), "--index", str(first), "--no-inbox"]) == 0
    file = exported(first, form, tmp_path / "export")
    assert main(["load", str(file), "--index", str(second), "--no-inbox"]) == 0
    expected = lines(first, tmp_path / "before")
    assert lines(second, tmp_path / "after") == expected
    assert [line["filename"] for line in expected] == [record["filename"] for record in RECORDS]
    assert [line["dataset"] for line in expected] == ["corpus", "corpus", "other"]


@pytest.mark.parametrize("form", FORMATS)
def test_the_audio_is_copied_for_every_format(
    form: str, tmp_path: Path, samples: Path, capsys: pytest.CaptureFixture[str]
):
    log, index, out = tmp_path / "clips.jsonl", tmp_path / "index", tmp_path / "export"
    names = ["sample-000000.mp3", "sample-000001.mp3"]
    records = [{"filename": f"samples/{name}", "generated_text": "good day", "words": WORDS} for name in names]
    log.write_text("".join(f"{json.dumps({'schema_version': 1} | record)}\n" for record in records), encoding="utf-8")
    assert main(["load", str(log), "--audio", str(samples), "--index", str(index), "--no-inbox"]) == 0
    assert main(["export", "--format", form, "--out", str(out), "--audio", "--index", str(index)]) == 0
    assert f"their audio is in {out / 'audio'}: name that folder for load --audio" in capsys.readouterr().out
    copied = {path.name: path.read_bytes() for path in (out / "audio").rglob("*.mp3")}
    assert copied == {name: (samples / name).read_bytes() for name in names}
