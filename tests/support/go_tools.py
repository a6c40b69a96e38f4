"""Programs written in Go that tests need: built once per machine, and kept in the user's cache."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from hearsay.config import user_cache
from tests.conftest import leave_out

BUILD_SECONDS = 1500
"""Two busy cores took more than five minutes."""


def go_tool(package: str, need: str, purpose: str) -> Path:
    """The program of a Go package such as ``example.org/cmd/tool@v1.2.3``; concurrent processes wait in turn.

    ``need`` is its name in ``HEARSAY_REQUIRE``, ``purpose`` is its description in messages.
    """
    path, _, version = package.rpartition("@")
    name = path.rpartition("/")[2]
    caches = user_cache() / "hearsay"
    program = caches / f"{name}-{version}" / name
    caches.mkdir(parents=True, exist_ok=True)
    with (caches / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _build(package, program, need, purpose)
    return program


def _build(package: str, program: Path, need: str, purpose: str) -> None:
    if not shutil.which("go"):
        leave_out(need, f"install Go, which builds {purpose}")
    half = program.parent.with_name(f"{program.parent.name}.half")
    environment = {**os.environ, "GOBIN": str(half)}
    try:
        built = subprocess.run(
            ["go", "install", package],
            env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        leave_out(need, f"{purpose} was not built within {BUILD_SECONDS} s; the next run continues it")
    if built.returncode:
        leave_out(need, f"{purpose} could not be built: {built.stderr[-500:]}")
    program.parent.mkdir(exist_ok=True)
    (half / program.name).replace(program)
    half.rmdir()
