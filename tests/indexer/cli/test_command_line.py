"""What all commands share: options, exit statuses, errors in one line, help, and output that cannot be written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.cli.command_line import main
from tests.conftest import PROJECT


def test_the_index_can_be_given_on_the_command_line(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    elsewhere = str(tmp_path / "elsewhere")
    assert main(["load", *files, "--index", elsewhere]) == 0
    assert main(["count", "--index", elsewhere]) == 0
    assert capsys.readouterr().out.endswith("\n4\n")
    assert main(["count"]) == 2
    assert capsys.readouterr().err.endswith("hearsay load FILE\n")
    assert main(["count", "--index", nowhere := str(tmp_path / "no where")]) == 2
    assert capsys.readouterr().err.endswith(f"hearsay load FILE --index '{nowhere}'\n")


@pytest.mark.usefixtures("files")
def test_a_missing_index_is_reported_with_the_index_of_the_demo_if_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("HEARSAY_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home" / "var" / "demo" / "index").mkdir(parents=True)
    assert main(["search", "lighthouse"]) == 2
    assert capsys.readouterr().err.endswith("; the demo's index is searched with --index home/var/demo/index\n")
    assert main(["search", "lighthouse", "--index", "mine"]) == 2
    assert "demo" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["search", "x", "--duration", "8-2"], 2, "written as 2-8"),
        (["search", "x", "--wer", "low"], 2, "wer must be written as 0.1-0.3"),
        (["search", "x", "--sort", "-length"], 2, "not by -length"),
        (["search", "x", "--queries", "q.jsonl"], 2, "use only one of"),
        (["search", "--queries", "no-such-file"], 2, "no-such-file cannot be read"),
        (["search", "x"], 2, "indexer search: there is no index in"),
        (["export", "x", "--out", "found"], 2, "indexer export: there is no index in"),
        (["load", "no-such.csv"], 2, "indexer load: there is no file no-such.csv"),
        (["count", "--index", "s3://bucket"], 2, "s3://bucket is neither"),
        (["count", "--index", "127.0.0.1:9200"], 2, "write http://127.0.0.1:9200"),
        (["count", "--index", "http://me:sesame@127.0.0.1:1"], 1, "no response from http://127.0.0.1:1"),
        (["count", "--index", "http://127.0.0.1:1"], 1, "or correct --index"),
        (
            ["count", "--index", __file__],
            1,
            f"{__file__} is a file, or is inside of one; set --index to a folder",
        ),
    ],
)
@pytest.mark.usefixtures("files")
def test_an_invalid_command_is_reported_in_one_line(
    words: list[str], status: int, sentence: str, capsys: pytest.CaptureFixture[str]
):
    assert main(words) == status
    output = capsys.readouterr()
    assert sentence in output.err
    assert output.err.count("\n") == 1
    assert output.out == ""


@pytest.mark.usefixtures("files")
def test_an_invalid_setting_is_reported_by_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("INDEX_SHARDS", "many")
    assert main(["count"]) == 2
    assert "index_shards" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [[], ["dance"], ["search", "--size", "0"], ["search", "--page", "x"], ["search", "--mode", "x"], ["load"]]
)
def test_unknown_commands_and_invalid_options_exit_with_status_2(words: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["load", "put", "delete", "rollback", "count", "search", "score", "learn"])
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"example:\n  python -m indexer {command}" in capsys.readouterr().out


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("words", [["search", "--json"], ["search"], ["count"]])
def test_the_program_exits_cleanly_if_its_output_is_closed_early(words: list[str]):
    program = [sys.executable, "-m", "indexer", *words]
    with subprocess.Popen(program, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        output = running.stderr.read()
    assert (running.returncode, output) == (0, b"")


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("words", [["search", "--json"], ["search"], ["count"]])
def test_a_full_disk_is_reported_in_one_line(words: list[str]):
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "indexer", *words], cwd=PROJECT, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (ended.returncode, ended.stderr.count(b"\n")) == (1, 1), ended.stderr
    assert b"the disk is full" in ended.stderr


def test_the_command_line_does_not_import_elasticsearch_at_startup(tmp_path: Path):
    program = "import sys, indexer.cli.command_line; print('elasticsearch' in sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=os.environ, capture_output=True, text=True, check=True
    )
    assert output.stdout == "False\n"
