"""The API under load: 1, 8, 32 and 128 clients that send clips one after the other, with concurrent /ping requests.

    python bench/api.py [--clients 1,8,32,128] [--seconds 15] [--asr-model pocketsphinx] [--ser-model classic] [--json]

A server is started in its own process on a free port. Each client waits for the response before it sends the next
sample clip; a rejected client (429) retries after a second. ``p50``, ``p95`` and ``p99`` are milliseconds of responses
with status 200; ``ping`` are the same percentiles for ``GET /ping``, sent every 20 ms by a separate process on its own
connection.
"""

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path
from queue import Queue

import httpx

PROJECT = Path(__file__).resolve().parent.parent
CLIPS = [path.read_bytes() for path in sorted((PROJECT / "hearsay" / "samples").glob("sample-*.mp3"))[:24]]
START_SECONDS = 120
PING_EVERY = 0.02

Found = dict[str, float | int | None]


@contextmanager
def server(asr_model: str, ser_model: str) -> Iterator[int]:
    """The port of a running server."""
    port = free_port()
    with tempfile.TemporaryDirectory() as logs:
        environment = os.environ | {"ASR_MODEL": asr_model, "SER_MODEL": ser_model, "LOG_DIR": logs}
        command = [sys.executable, "-m", "asr", "api", "--port", str(port)]
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.DEVNULL)
        try:
            wait_until_ready(port, process)
            yield port
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    sys.exit("the server did not become ready")


def ping(port: int, over: Event, found: "Queue[list[float]]") -> None:
    """Seconds of each /ping request until the load ends."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took: list[float] = []
    while not over.is_set():
        began = time.monotonic()
        connection.request("GET", "/ping")
        connection.getresponse().read()
        took.append(time.monotonic() - began)
        time.sleep(PING_EVERY)
    found.put(took)


async def send_clips(client: httpx.AsyncClient, first: int, until: float) -> list[tuple[int, float]]:
    """Status and seconds of each response to one client."""
    answers: list[tuple[int, float]] = []
    while time.monotonic() < until:
        began = time.monotonic()
        clip = CLIPS[(first + len(answers)) % len(CLIPS)]
        status = (await client.post("/asr", files={"file": clip})).status_code
        answers.append((status, time.monotonic() - began))
        if status == 429:
            await asyncio.sleep(1)
    return answers


async def load(port: int, clients: int, seconds: float) -> list[tuple[int, float]]:
    limits = httpx.Limits(max_connections=clients)
    until = time.monotonic() + seconds
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=600, limits=limits) as client:
        answers = await asyncio.gather(*(send_clips(client, first, until) for first in range(clients)))
    return [answer for of_one in answers for answer in of_one]


def level(port: int, clients: int, seconds: float) -> Found:
    """The figures for this number of clients, under names that begin with it."""
    spawned = multiprocessing.get_context("spawn")
    over, pings = spawned.Event(), spawned.Queue()
    probe = spawned.Process(target=ping, args=(port, over, pings))
    probe.start()
    began = time.monotonic()
    answers = asyncio.run(load(port, clients, seconds))
    took = time.monotonic() - began
    over.set()
    pinged = pings.get()
    probe.join()
    statuses = Counter(status for status, _ in answers)
    answered = [seconds for status, seconds in answers if status == 200]
    found: Found = {
        "answered": len(answered),
        "refused": statuses[429],
        "failed": len(answers) - len(answered) - statuses[429],
        "clips_a_second": round(len(answered) / took, 2),
        **percentiles("", answered),
        **percentiles("ping_", pinged),
        "ping_slowest": round(max(pinged) * 1000, 1),
    }
    return {f"clients_{clients}_{name}": value for name, value in found.items()}


def percentiles(prefix: str, seconds: Sequence[float]) -> Found:
    """The 50th, 95th and 99th percentile in milliseconds, by nearest rank."""
    ordered = sorted(seconds)
    ranks = {share: min(len(ordered) - 1, len(ordered) * share // 100) for share in (50, 95, 99)}
    return {f"{prefix}p{share}": round(ordered[rank] * 1000, 1) if ordered else None for share, rank in ranks.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", default="1,8,32,128", help="numbers of concurrent clients, separated by commas")
    parser.add_argument("--seconds", type=float, default=15, help="duration of each measurement")
    parser.add_argument("--asr-model", default="pocketsphinx")
    parser.add_argument("--ser-model", default="classic")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    options = parser.parse_args()
    found: Found = {"cores": os.cpu_count()}
    with server(options.asr_model, options.ser_model) as port:
        for clients in map(int, options.clients.split(",")):
            found |= level(port, clients, options.seconds)
    print(json.dumps(found) if options.json else "\n".join(f"{name:28} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
