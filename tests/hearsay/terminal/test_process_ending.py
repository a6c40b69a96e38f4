"""How every command ends: exit statuses, Ctrl-C, a closed output pipe, a full disk."""

import errno
import json
import os
import subprocess
import sys

import pytest

from hearsay.errors import BadRow, ClipsError, HearsayError
from hearsay.terminal.commands import COMMANDS
from hearsay.terminal.process import exit_status_of
from tests.conftest import PROJECT

EVERY_COMMAND = pytest.mark.parametrize("name", [command.name for command in COMMANDS])

# Runs each command in its own process, forked from one that has imported all of them, because imports take seconds.
RUNS_ALL = """
import argparse, json, os, signal, sys
from importlib import import_module
from hearsay.cli import command as cli
from hearsay.terminal.commands import COMMANDS

signal.signal(signal.SIGINT, signal.default_int_handler)
for command in COMMANDS:
    import_module(command.module)

def works_until_stopped(*_):
    print("works", file=sys.stderr, flush=True)
    signal.pause()

def ended(words, stdout, is_stopped=False):
    reads, writes = os.pipe()
    if not (child := os.fork()):
        os.dup2(stdout, 1)
        os.dup2(writes, 2)
        if is_stopped:
            argparse.ArgumentParser.parse_args = works_until_stopped
        sys.exit(cli.main(words))
    os.close(writes)
    with os.fdopen(reads) as errors:
        if is_stopped:
            assert errors.readline() == "works\\n"
            os.kill(child, signal.SIGINT)
        return errors.read(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

reads, no_reader = os.pipe()
os.close(reads)
full, away = (os.open(device, os.O_WRONLY) for device in ("/dev/full", os.devnull))
print(json.dumps({
    command.name: {
        "a reader that leaves": ended([command.name, "--help"], no_reader),
        "a full disk": ended([command.name, "--help"], full),
        "Ctrl-C": ended([command.name], away, is_stopped=True),
        "wrong use": ended([command.name, "--no-such-option"], away),
    }
    for command in COMMANDS
}))
"""


@pytest.fixture(scope="module")
def endings() -> dict[str, dict[str, tuple[str, int]]]:
    """The error output and the exit status of each command, by the reason why it ends."""
    buffered = os.environ | {
        "PYTHONUNBUFFERED": "",
        "PYTHONPATH": str(PROJECT),
    }  # argparse hides errors of immediate writes
    ran = subprocess.run(
        [sys.executable, "-c", RUNS_ALL], env=buffered, capture_output=True, text=True, check=True, timeout=280
    )
    return {name: {why: tuple(how) for why, how in ways.items()} for name, ways in json.loads(ran.stdout).items()}


def failing(problem: BaseException) -> int:
    def run() -> int:
        raise problem

    return exit_status_of(run, lambda problem: f"in words: {problem}", BadRow)


@pytest.mark.parametrize(
    ("problem", "status", "sentence"),
    [
        (BadRow("row"), 2, "in words: row\n"),
        (ClipsError("file"), 1, "in words: file\n"),
        (HearsayError("any"), 1, "in words: any\n"),
        (KeyboardInterrupt(), 130, "stopped\n"),
        (BrokenPipeError(errno.EPIPE, "pipe"), 0, ""),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "the disk is full, so not all could be written; "),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "x"), 1, "the disk is full, so not all could be written; "),
        (PermissionError(errno.EACCES, "Permission denied", "var/x"), 1, "var/x: Permission denied\n"),
        (OSError(errno.EROFS, "Read-only file system", b"a"), 1, "a: Read-only file system\n"),
    ],
)
def test_each_error_has_a_message_and_an_exit_status(
    problem: BaseException, status: int, sentence: str, capsys: pytest.CaptureFixture[str]
):
    assert failing(problem) == status
    message = capsys.readouterr().err
    assert message.startswith(sentence)
    assert bool(message) == bool(sentence)


@pytest.mark.parametrize("problem", [ValueError("ours"), OSError(errno.EBADF, "no file is named")])
def test_an_internal_error_is_raised(problem: Exception):
    with pytest.raises(type(problem)):
        failing(problem)


@EVERY_COMMAND
def test_a_closed_output_pipe_is_not_an_error(name: str, endings: dict[str, dict[str, tuple[str, int]]]):
    assert endings[name]["a reader that leaves"] == ("", 0)


@EVERY_COMMAND
def test_a_full_disk_causes_one_message_and_exit_status_1(name: str, endings: dict[str, dict[str, tuple[str, int]]]):
    message, status = endings[name]["a full disk"]
    assert (status, message.count("\n")) == (1, 1), message
    assert "the disk is full" in message


@EVERY_COMMAND
def test_ctrl_c_exits_with_130_and_no_traceback(name: str, endings: dict[str, dict[str, tuple[str, int]]]):
    assert endings[name]["Ctrl-C"] == ("stopped\n", 130)


@EVERY_COMMAND
def test_an_unknown_option_is_a_usage_error(name: str, endings: dict[str, dict[str, tuple[str, int]]]):
    message, status = endings[name]["wrong use"]
    assert status == 2
    assert message.startswith("usage: hearsay ")
    assert "python -m" not in message


def test_a_program_without_standard_streams_exits_with_its_status():
    ended = subprocess.run(
        f"exec {sys.executable} -m hearsay serch >&- 2>&-", shell=True, cwd=PROJECT, timeout=100, check=False
    )
    assert ended.returncode == 2
