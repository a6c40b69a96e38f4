"""An index of a few clips, and the page as a process."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from hearsay.http.listening import in_url
from hearsay.records.clip import ClipRow
from indexer.open import open_writer
from indexer.passages import passages_of
from indexer.settings import IndexSettings
from tests.support.ports import free_port

PROJECT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 250


def load(folder: Path, rows: list[ClipRow], audio: Path | None = None) -> None:
    """Create an embedded index of these records in a folder."""
    index = open_writer(IndexSettings(), str(folder))
    try:
        index.replace((passage for row in rows for passage in passages_of(row)), str(audio) if audio else None)
    finally:
        index.close()


@contextmanager
def served_page(settings: Mapping[str, str], log: Path, command: Sequence[str] = ("search_ui",)) -> Iterator[str]:
    """The page with these settings on a free port, for the duration of the block: its address.

    ``command`` is what follows ``python -m``.
    """
    port = free_port()
    environment = os.environ | dict(settings) | {"PAGE_PORT": str(port), "PYTHONPATH": str(PROJECT)}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], env=environment, cwd=log.parent, stdout=output, stderr=output
        )
    try:
        address = f"http://{in_url(settings.get('PAGE_HOST', '127.0.0.1'))}:{port}"
        wait_for_health(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(SECONDS_TO_START)


def wait_for_health(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return when the page responds; fail with its output if it ends or takes too long."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{address}/_stcore/health", timeout=5) as answer:
                assert answer.read() == b"ok"
                return
        except OSError:  # refused, closed, or timed out
            time.sleep(0.05)
    raise AssertionError(f"the page does not respond at {address}: {log.read_text()}")
