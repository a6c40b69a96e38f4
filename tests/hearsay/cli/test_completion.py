"""Shell completion in a real bash with its own terminal."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hearsay.cli import main

Type = Callable[[str, str], str]


@pytest.fixture
def bash(tmp_path: Path) -> Iterator[Type]:
    """A function that types into a bash with completion installed, and waits for the expected output."""
    master, slave = pty.openpty()
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "> "}
    (tmp_path / "recording.m4a").touch()
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"], stdin=slave, stdout=slave, stderr=slave, cwd=tmp_path,
        env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(slave)

    def typed(text: str, wanted: str) -> str:
        os.write(master, text.encode())
        shown, deadline = "", time.monotonic() + 100
        while wanted not in shown:
            assert time.monotonic() < deadline, shown
            if select.select([master], [], [], 1)[0]:
                shown += os.read(master, 65536).decode()
        return shown

    typed('eval "$(hearsay completion bash)" && echo in""stalled\n', "installed")
    yield typed
    shell.kill()
    shell.wait()
    os.close(master)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("hearsay doc", "hearsay doctor"),
        ("hearsay evaluate-s", "hearsay evaluate-search"),
        ("hearsay decode --all", "--allow-missing"),
        ("hearsay search --mode bas", "--mode baseline"),
        ("hearsay load rec", "load recording.m4a"),
        ("hearsay completion z", "completion zsh"),
        ("hearsay models fetch whisper-b", "fetch whisper-base"),
    ],
)
def test_the_tab_key_completes_commands_options_values_and_files(typed: str, completed: str, bash: Type):
    assert completed in bash(f"{typed}\t", completed)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_completion_script(shell: str, capsys: pytest.CaptureFixture[str]):
    assert main(["completion", shell]) == 0
    assert "hearsay" in capsys.readouterr().out


def test_completing_a_command_imports_no_other_package():
    program = (
        "import os, sys\n"
        "from hearsay.cli import completion\n"
        "completion.autocomplete = lambda top: sys.exit(bool({'asr', 'search_ui'} & set(sys.modules)))\n"
        "completion.complete()"
    )
    environment = os.environ | {"COMP_LINE": "hearsay count --", "_ARGCOMPLETE": "1"}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert ended.returncode == 0
