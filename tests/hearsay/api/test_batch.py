"""Decoding a folder from Python: as the command does, with the summary returned and errors raised."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hearsay
from asr.errors import ModelUnavailable
from hearsay.records.journal import read_journal
from tests.support.api_server import FakeApi
from tests.support.ports import free_port


@pytest.fixture
def folder(tmp_path: Path, samples: Path) -> Path:
    """Two clips, one damaged audio file, and one text file."""
    clips = tmp_path / "clips"
    clips.mkdir()
    for number in range(2):
        shutil.copy(samples / f"sample-00000{number}.mp3", clips)
    (clips / "broken.wav").write_bytes(b"RIFF")
    (clips / "notes.txt").write_text("no audio")
    return clips


def test_a_folder_is_decoded_once_and_a_damaged_file_has_a_record_with_its_error(folder: Path, tmp_path: Path):
    summary = hearsay.decode(folder, tmp_path / "out", asr_model="pocketsphinx", ser_model="classic", workers=1)
    assert (summary.decoded, summary.skipped, len(summary.records)) == (2, 0, 3)
    assert [record.id for record in summary.failed] == ["clips/broken.wav"]
    assert summary.failed[0].error
    assert summary.notes == ("1 file skipped, not audio by its extension: .txt",)
    assert set(read_journal(summary.log)) == {record.id for record in summary.records}
    assert summary.csv.is_file()
    assert "already done" in summary._repr_html_()
    models = {"asr_model": "pocketsphinx", "ser_model": "classic"}
    again = hearsay.decode(folder, tmp_path / "out", **models, workers=1, progress=False)
    assert (again.decoded, again.skipped, len(again.failed)) == (0, 2, 1)


def test_a_corpus_is_recognised_or_read_in_a_named_layout_with_columns(folder: Path, tmp_path: Path):
    (folder / "broken.wav").unlink()
    names = sorted(path.name for path in folder.glob("*.mp3"))
    (folder / "metadata.csv").write_text("file_name,said,mood\n" + "".join(f"{name},hello,calm\n" for name in names))
    with FakeApi() as there:
        found = hearsay.decode(folder, tmp_path / "own", via=there.address, columns={"said": "text"})
        alone = hearsay.decode(folder, tmp_path / "alone", via=there.address, layout="folder", progress=False)
        with pytest.raises(hearsay.HearsayError, match="has no table of NeMo manifest"):
            hearsay.decode(folder, tmp_path / "none", via=there.address, layout="nemo", progress=False)
    assert found.notes[0].startswith("recognised Hugging Face metadata.csv in ")
    assert [(record.text, record.extra) for record in found.records] == [("hello", {"mood": "calm"})] * 2
    assert [(record.text, record.extra) for record in alone.records] == [("", {})] * 2
    for of_tables in ({"layout": "nemo"}, {"columns": {"said": "text"}}):
        with pytest.raises(hearsay.BadArgument, match="watch works with a folder only"):
            hearsay.decode(folder, tmp_path / "watched", watch=True, **of_tables)


def test_an_api_can_decode_and_an_unreachable_api_is_an_error(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with FakeApi() as there:
        summary = hearsay.decode(folder, tmp_path / "out", via=there.address, limit=2)
    assert {record.asr_model for record in summary.records} == {"length"}
    assert "speech model: length" in capsys.readouterr().err
    with pytest.raises(hearsay.PipelineUnavailable, match="does not respond"):
        hearsay.decode(folder, tmp_path / "out", via=f"http://127.0.0.1:{free_port()}", progress=False)


def test_a_quiet_run_writes_nothing_to_the_terminal(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    with FakeApi() as there:
        hearsay.decode(folder, tmp_path / "out", via=there.address, progress=False)
    assert capfd.readouterr() == ("", "")


def test_a_missing_source_is_an_error(tmp_path: Path):
    with pytest.raises(hearsay.BadSource, match="does not exist or is not a folder"):
        hearsay.decode(tmp_path / "nowhere", tmp_path / "out")


def test_watching_cannot_be_combined_with_a_limit(folder: Path, tmp_path: Path):
    with pytest.raises(hearsay.BadArgument, match="watch works with a folder only"):
        hearsay.decode(folder, tmp_path / "out", watch=True, limit=1)


SCRIPT = """
import hearsay, sys
source, out, watch = sys.argv[1:]
try:
    summary = hearsay.decode(source, out, via={address!r}, watch=watch == "watch")
    print("returned", summary.decoded)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize(("watch", "end"), [("watch", "returned 3"), ("once", "interrupted")])
def test_ctrl_c_ends_a_run_after_the_decoded_clips_are_written(
    watch: str, end: str, folder: Path, tmp_path: Path, ctrl_c: None
):
    with FakeApi() as there:
        if watch == "once":
            there.before_reply = lambda data: time.sleep(600) if len(there.received) == 3 else None
        code = SCRIPT.format(address=there.address)
        command = [sys.executable, "-c", code, str(folder), str(tmp_path / "out"), watch]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "VIA_CLIPS": "1"})
        try:
            deadline = time.monotonic() + 100
            wanted = 3 if watch == "watch" else 2
            while time.monotonic() < deadline and _lines(tmp_path / "out" / "clips.jsonl") < wanted:
                time.sleep(0.05)
            running.send_signal(signal.SIGINT)
            printed, _ = running.communicate(timeout=100)
        finally:
            running.kill()
    assert printed.strip() == end
    assert (tmp_path / "out" / "clips.csv").is_file()


def _lines(file: Path) -> int:
    return len(file.read_bytes().splitlines()) if file.exists() else 0


def test_a_fallback_issues_a_warning_that_the_transcriber_keeps(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("asr.models.registry.has_torch", lambda: False)
    monkeypatch.setattr("asr.inference.checkpoints.has_torch", lambda: False)
    with pytest.warns(hearsay.FallbackWarning, match="Using pocketsphinx instead") as caught:
        transcriber = hearsay.load_transcriber("auto", workers=1)
    with transcriber:
        assert transcriber.name == "pocketsphinx"
        assert "are not available" in (transcriber.warning or "")
    assert caught[0].filename == __file__


def test_a_named_model_without_torch_is_a_missing_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("asr.inference.checkpoints.has_torch", lambda: False)
    with pytest.raises(hearsay.MissingExtra, match=r'run pip install "hearsay-search\[models\]"') as problem:
        hearsay.load_transcriber(str(tmp_path))
    assert isinstance(problem.value, ModelUnavailable)


def test_a_failed_clip_is_in_the_summary_and_nothing_is_logged(folder: Path, tmp_path: Path):
    code = "import hearsay, sys; print(len(hearsay.decode(*sys.argv[1:], workers=1, progress=False).failed))"
    command = [sys.executable, "-c", code, str(folder), str(tmp_path / "out")]
    embedded = os.environ | {"ASR_MODEL": "pocketsphinx", "SER_MODEL": "classic"}
    found = subprocess.run(command, env=embedded, capture_output=True, text=True, check=False)
    assert (found.stdout, found.stderr) == ("1\n", "")


def test_the_fallback_warning_points_to_the_caller_of_decode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("asr.models.registry.has_torch", lambda: False)
    monkeypatch.setattr("asr.inference.checkpoints.has_torch", lambda: False)
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "broken.mp3").write_bytes(b"no sound")
    with pytest.warns(hearsay.FallbackWarning) as caught:
        hearsay.decode(tmp_path / "clips", tmp_path / "out", asr_model="auto", workers=1, progress=False)
    assert {warning.filename for warning in caught} == {__file__}
