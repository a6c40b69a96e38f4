"""Full and read-only file systems, mounted for a single command, if the system allows it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import PROJECT, leave_out


def mounted(setup: str, folder: Path, script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a Python script after the shell command ``setup`` has mounted something that only the script sees.

    ``setup`` has ``$folder``; the script gets the arguments.
    """
    command = ["unshare", "--mount", "sh", "-ec", f'{setup}; exec "$0" "$@"', sys.executable, "-c", script, *arguments]
    if (
        not shutil.which("unshare")
        or _run(["unshare", "--mount", "mount", "-t", "tmpfs", "none", str(folder)]).returncode
    ):
        leave_out("mounts", "run the tests as root, with unshare and mount")
    return _run(command, folder=str(folder))


def _run(command: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, env=os.environ | environment, cwd=PROJECT, capture_output=True, text=True, timeout=250, check=False
    )


FULL = 'mount -t tmpfs -o size=64k none "$folder"'
READ_ONLY = 'mount --bind -o ro "$folder" "$folder"; mount -o remount,bind,ro "$folder"'
