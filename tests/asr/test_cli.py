"""The command line of speech recognition: files, exit statuses and messages."""

import json
import logging
import socket
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from asr.cli import main
from hearsay.records.table import read_csv
from tests.support.models import tone


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, value in {"ASR_MODEL": "pocketsphinx", "SER_MODEL": "classic", "WORKERS": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOG_DIR", str(tmp_path / "logs"))
    root = logging.getLogger()
    before = list(root.handlers)
    yield tmp_path
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()


def test_decode_writes_journal_csv_and_log_and_prints_a_summary(
    embedded: Path, samples: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    arguments = ["decode", str(samples), "--csv", str(samples / "clips.csv"), "--out", str(embedded), "--limit", "3"]
    assert main(arguments) == 0
    cells = read_csv(embedded / "clips.csv").cells
    assert list(cells) == [f"samples/sample-00000{number}.mp3" for number in range(3)]
    assert all(row["generated_text"] and row["sentiment"] and not row["error"] for row in cells.values())
    assert (embedded / "clips.jsonl").read_text().count("\n") == 3
    assert len(list((embedded / "logs").rglob("*.log"))) == 1
    shown = capsys.readouterr()
    assert "3 clips transcribed" in shown.out
    assert "word error rate" in shown.out
    assert "pocketsphinx" in shown.err
    assert "\x1b" not in shown.out + shown.err, "output that is not a terminal has no colours and no progress bar"


def test_a_failed_clip_has_an_error_in_its_row_and_exit_status_1(embedded: Path, capsys: pytest.CaptureFixture[str]):
    corpus = embedded / "corpus"
    corpus.mkdir()
    (corpus / "good.wav").write_bytes(tone(8000))
    (corpus / "bad.wav").write_bytes(b"no sound at all, only words" * 50)
    assert main(["decode", str(corpus), "--out", str(embedded / "out")]) == 1
    cells = read_csv(embedded / "out" / "clips.csv").cells
    assert cells["corpus/bad.wav"]["error"]
    assert not cells["corpus/good.wav"]["error"]
    assert "failed: corpus/bad.wav" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["decode", "no/such/folder", "--out", "x"], "not a folder"),
        (["decode", "", "--out", "x"], "the source is empty"),
        (["score", "no-such.csv"], "cannot be read"),
    ],
)
def test_invalid_arguments_print_a_message_and_exit_with_status_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
):
    assert main(arguments) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["decode"], ["decode", "a", "--out", "b", "--limit", "0"], ["dance"]])
def test_an_invalid_command_line_exits_with_status_2(arguments: list[str]):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize("command", ["decode", "score", "api"])
def test_the_help_of_each_command_has_an_example(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "example" in capsys.readouterr().out


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    path = tmp_path / "clips.csv"
    path.write_text("filename,text,generated_text,accent\na,good day,GOOD DAZE,us\nb,three,3,\n")
    return path


def test_score_prints_one_json_object(scored: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["score", str(scored), "--by", "accent", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["clips"], found["wer"], found["normalizer"]) == (2, 0.3333, "whisper")
    assert found["by"]["accent"]["us"]["wer"] == 0.5
    assert main(["score", str(scored), "--normalizer", "plain", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["wer"], found["normalizer"]) == (0.6667, "plain")


def test_score_prints_a_readable_table(scored: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["score", str(scored), "--by", "accent"]) == 0
    shown = capsys.readouterr().out
    assert "word error rate 33.3 % over 2 clips" in shown
    assert f"normalised by whisper-normalizer {version('whisper-normalizer')} (English" in shown
    assert "50.0 % (n < 20)" in shown
    assert "United States (us)" in shown, "the label, as search shows it, and the spelling of the corpus"
    assert shown.endswith("n < 20: fewer than 20 clips, so that the rate may be due to chance\n")


def test_score_uses_character_errors_for_languages_without_spaces(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "clips.csv"
    path.write_text("filename,text,generated_text\na,今天二十度,今天二十二度\nb,good day,good daze\nc,hello,hello\n")
    assert main(["score", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["metric"], found["wer"], found["clips"]) == ("wer", 0.3333, 2)
    assert found["interval"] == [0.0, 0.5]
    assert (found["other_metric"]["cer"], found["other_metric"]["characters"]) == (0.2, 5)
    assert main(["score", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "word error rate 33.3 % over 2 clips, 3 words; 95 % interval 0.0 % to 50.0 %" in shown
    assert "character error rate 20.0 % over 1 clip, 5 characters\n" in shown
    assert main(["score", str(path), "--metric", "cer"]) == 0
    assert "character error rate 17.6 % over 3 clips, 17 characters" in capsys.readouterr().out


def test_score_marks_groups_of_few_clips_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "clips.csv"
    rows = [f"{number},good day,good daze,{'us' if number < 20 else 'india'}\n" for number in range(39)]
    path.write_text("filename,text,generated_text,accent\n" + "".join(rows))
    assert main(["score", str(path), "--by", "accent"]) == 0
    lines = capsys.readouterr().out.splitlines()
    us, india = (line for line in lines if line.strip().startswith(("United States (us) ", "india ")))
    assert "50.0 %" in us
    assert "n < 20" not in us
    assert india.rstrip().endswith("50.0 % (n < 20)  50.0 % to 50.0 %")


def test_score_rejects_an_unknown_column(scored: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["score", str(scored), "--by", "mood"]) == 2
    assert "there is no column" in capsys.readouterr().err


def test_score_rejects_a_table_without_references(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "a.csv").write_text("filename,generated_text\na,one\n")
    assert main(["score", str(tmp_path / "a.csv")]) == 2
    assert "no row with both" in capsys.readouterr().err


def test_a_port_in_use_is_reported(embedded: Path, capsys: pytest.CaptureFixture[str]):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["api", "--port", str(taken.getsockname()[1])]) == 2
    assert "set API_PORT" in capsys.readouterr().err
