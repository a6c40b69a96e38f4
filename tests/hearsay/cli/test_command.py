"""The hearsay command: its table of commands, its help, and unknown commands."""

import argparse
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from hearsay.cli import main
from hearsay.terminal.commands import COMMANDS, HEARSAY, Command, Program
from hearsay.version import VERSION
from tests.conftest import PROJECT
from tests.support.ports import free_port
from tests.support.without_libraries import hearsay_without_extras

BY_NAME = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
ONE_OF_EACH_MODULE = [*{command.module: command for command in COMMANDS if command.extra}.values()]


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The output of a command, which must succeed."""
    try:
        status = main(words)
    except SystemExit as ended:
        status = ended.code
    assert status == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_help_fits_on_one_screen_and_lists_every_command_in_its_group(word: str, capsys: pytest.CaptureFixture[str]):
    lines = shown(capsys, word).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) < 80
    for command in COMMANDS:
        assert any(f" {command.name} " in line and line.endswith(command.summary) for line in lines)
    assert [line.split()[0] for line in lines if line[:1].strip()][1:-1] == list(
        dict.fromkeys(command.group for command in COMMANDS)
    )


@BY_NAME
def test_the_help_of_a_command_shows_its_name_and_an_example(command: Command, capsys: pytest.CaptureFixture[str]):
    text = shown(capsys, command.name, "--help")
    assert text.startswith(f"usage: hearsay {command.name} ")
    assert f"hearsay {command.name}" in text.partition("example")[2]
    assert "python -m" not in text


@pytest.mark.parametrize("module", ["asr.cli", "indexer.cli.command_line", "search_ui.cli"])
def test_every_command_of_a_package_is_in_the_table(module: str):
    parser: argparse.ArgumentParser = import_module(module).parser()
    (words,) = [tuple(action.choices) for action in parser._actions if isinstance(action, argparse._SubParsersAction)] or [("",)]  # fmt: skip # noqa: E501
    assert set(words) == {command.word for command in COMMANDS if command.module == module}


def test_the_help_of_a_package_run_directly_shows_the_package_name(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        import_module("indexer.cli.command_line").main(["score", "--help"])
    text = capsys.readouterr().out
    assert text.startswith("usage: python -m indexer score ")
    assert "example:\n  python -m indexer score clips.csv" in text


def test_advice_uses_the_hearsay_name_of_a_package_command():
    assert Program("indexer", is_hearsay=True).call("score") == "hearsay evaluate-search"
    assert Program("asr", is_hearsay=True).call("score") == "hearsay score"
    assert Program("search_ui").call() == "python -m search_ui"


def test_an_error_names_the_command_that_was_typed(capsys: pytest.CaptureFixture[str]):
    assert main(["score", "no-such.csv"]) == 2
    assert capsys.readouterr().err.startswith("hearsay score: ")
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate-search"])
    assert "hearsay evaluate-search: error: " in capsys.readouterr().err


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]):
    assert shown(capsys, "--version") == f"hearsay {VERSION}\n"


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        (["dance"], "there is no command dance; hearsay --help lists them"),
        (["serch"], "there is no command serch; did you mean search?"),
        (["score-search"], "did you mean"),
        ([], "name a command; hearsay --help lists them"),
        (["--dance"], "there is no command --dance"),
    ],
)
def test_an_unknown_command_is_a_usage_error(typed: list[str], advice: str, capsys: pytest.CaptureFixture[str]):
    assert main(typed) == 2
    assert advice in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [*{command.module: command for command in COMMANDS if command.extra}.values()],
    ids=lambda command: command.name,
)
def test_a_missing_extra_is_reported_with_the_command_that_installs_it(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    """In an interpreter with only the code and the base libraries of ``hearsay``."""
    monkeypatch.setenv("PAGE_PORT", str(free_port()))
    ended = subprocess.run(
        hearsay_without_extras(command.name), cwd=PROJECT, capture_output=True, text=True, check=False, timeout=100
    )
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert f'run: pip install "hearsay-search[{command.extra}]"' in ended.stderr


def test_the_console_script_and_the_module_are_the_same_program():
    script = shutil.which(HEARSAY, path=str(Path(sys.executable).parent))
    assert script, "install the project again: uv pip install -e ."
    for program in ([script], [sys.executable, "-m", "hearsay"]):
        ended = subprocess.run([*program, "--version"], cwd=PROJECT, capture_output=True, text=True, check=True)
        assert ended.stdout == f"hearsay {VERSION}\n"


def test_help_imports_no_package_of_a_command():
    program = (
        "import sys; from hearsay.cli import main; main(['--help'])\n"
        "sys.exit(bool({'asr', 'indexer', 'search_ui', 'numpy', 'rich', 'pydantic'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.DEVNULL, check=False)
    assert ended.returncode == 0


@pytest.mark.parametrize(
    ("called", "advice"), [({}, "hearsay load FILE"), ({"HEARSAY_CALLED": "./run.sh"}, "./run.sh load FILE")]
)
def test_advice_names_the_program_that_was_called(called: dict[str, str], advice: str, tmp_path: Path):
    shown = subprocess.run(
        [sys.executable, "-m", "hearsay", "count", "--index", "nowhere"],
        cwd=tmp_path,
        env=os.environ | called,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shown.returncode, shown.stderr.rstrip()) == (
        2,
        f"hearsay count: there is no index in nowhere yet; load your clips with: {advice} --index nowhere",
    )
