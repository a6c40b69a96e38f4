"""Time from a clean clone to the first page: ``./run.sh demo`` with an empty cache.

    python bench/demo.py [--json]

``set_up_seconds`` is the time of ``./run.sh setup`` alone in another clean clone with its own empty cache, measured in
the same run; ``page_over_set_up`` is the ratio of the total time until the page is available to it.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 600


def clone(folder: Path) -> dict[str, str]:
    """A clean clone in ``folder/project`` and an environment with empty caches."""
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(folder / "project")], check=True)
    cache = folder / "cache"
    return os.environ | {
        "UV_CACHE_DIR": str(cache / "uv"), "PIP_CACHE_DIR": str(cache / "pip"), "XDG_CACHE_HOME": str(cache),
    }  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def seconds_of_set_up(folder: Path) -> float:
    environment = clone(folder)
    started = time.monotonic()
    subprocess.run(["./run.sh", "setup"], cwd=folder / "project", env=environment, check=True, capture_output=True)
    return time.monotonic() - started


def seconds_to_page(folder: Path) -> float:
    port = free_port()
    environment = clone(folder) | {"PAGE_PORT": str(port)}
    with (folder / "demo.log").open("w") as log:
        started = time.monotonic()
        demo = subprocess.Popen(
            ["./run.sh", "demo", "--page"],
            cwd=folder / "project", env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            wait_for_page(port, demo, started)
            return time.monotonic() - started
        except TimeoutError:
            sys.exit((folder / "demo.log").read_text())
        finally:
            os.killpg(demo.pid, signal.SIGTERM)
            demo.wait()


def wait_for_page(port: int, demo: subprocess.Popen[bytes], started: float) -> None:
    while demo.poll() is None and time.monotonic() - started < LIMIT_SECONDS:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        set_up, page = seconds_of_set_up(Path(first)), seconds_to_page(Path(second))
    found = {
        "cores": os.cpu_count(),
        "set_up_seconds": round(set_up, 1),
        "page_seconds": round(page, 1),
        "page_over_set_up": round(page / set_up, 2),
    }
    print(json.dumps(found) if options.json else "\n".join(f"{name:20} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
