"""Ctrl-C while a program starts: it ends immediately, without a traceback."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hearsay.terminal.process import quiet_ctrl_c
from tests.conftest import PROJECT
from tests.support.ports import free_port

pytestmark = pytest.mark.usefixtures("ctrl_c")

STARTS = """
import time
from hearsay.terminal.process import quiet_ctrl_c

with quiet_ctrl_c():
    print("imports", flush=True)
    time.sleep({seconds})
print("works", flush=True)
time.sleep(1000)
"""
IGNORES = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"

STOPS_AT_AN_IMPORT = """
import runpy, sys, time

class Stops:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            print("imports", flush=True)
            time.sleep(1000)

sys.meta_path.insert(0, Stops())
sys.argv = {command}
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@contextmanager
def program(*command: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as started:
        yield started
        started.kill()


def wait_for(started: subprocess.Popen[str], sign: str) -> None:
    assert started.stdout
    assert any(sign in line for line in started.stdout), "the state was never reached"


def interrupted(at: str, *command: str) -> tuple[int, str]:
    """The exit status of a program that gets Ctrl-C when it prints ``at``, and its output after that."""
    with program(*command) as started:
        wait_for(started, at)
        started.send_signal(signal.SIGINT)
        output, _ = started.communicate()
        return started.returncode, output


def test_ctrl_c_during_imports_ends_the_program_silently():
    assert interrupted("imports", "-c", STARTS.format(seconds=1000)) == (-signal.SIGINT, "")


def test_ctrl_c_after_imports_raises_keyboard_interrupt():
    status, output = interrupted("works", "-c", STARTS.format(seconds=0))
    assert status == -signal.SIGINT
    assert output.endswith("KeyboardInterrupt\n")


def test_an_ignored_ctrl_c_remains_ignored():
    with program("-c", IGNORES + STARTS.format(seconds=1)) as started:
        wait_for(started, "imports")
        started.send_signal(signal.SIGINT)
        wait_for(started, "works")
        assert started.poll() is None, "the process was started again although it was still running"


def test_an_exception_restores_the_ctrl_c_handler():
    with pytest.raises(ImportError), quiet_ctrl_c():
        raise ImportError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("pydantic", ["asr", "api"]),
        ("pydantic", ["indexer", "count"]),
        ("pydantic", ["search_ui"]),
        ("streamlit", ["search_ui"]),
    ],
)
def test_ctrl_c_during_the_imports_of_each_program_shows_no_traceback(
    module: str, command: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PAGE_PORT", str(free_port()))
    program = STOPS_AT_AN_IMPORT.format(module=module, command=command)
    assert interrupted("imports", "-c", program) == (-signal.SIGINT, "")
