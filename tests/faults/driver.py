"""Runs commands that are killed, or run out of disk space, at random moments, fast enough for many runs.

A `Starter` is one Python process that has imported what the commands need; each command is a process forked from it.
This avoids import time, during which nothing can be damaged, so that kills occur during the actual work.
"""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, Self

import pytest

from tests.conftest import PROJECT

SEED: Final = 16

KILLS: Final = [
    pytest.param(5, marks=pytest.mark.long),
    pytest.param(50, marks=[pytest.mark.campaign, pytest.mark.timeout(3600)]),
]
"""How often each command is killed: in the long tests, and in the campaign (``./run.sh test -m campaign``)."""

_PROGRAM = textwrap.dedent("""
    import json, os, resource, sys
    from importlib import import_module

    program = import_module(sys.argv[1])
    exec(sys.argv[2])
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            print(os.waitpid(order["wait"], 0)[1], flush=True)
        elif child := os.fork():
            print(child, flush=True)
        else:
            os.environ |= order["environment"]
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for stream in (1, 2):
                os.dup2(os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
            if limit := order["limit"]:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            status = program.main(order["words"])
            sys.stdout.flush()
            os._exit(status)  # unloading the imported modules takes longer than the command
""")


@dataclass(frozen=True, slots=True)
class Ended:
    """The result of a command; a negative status is the signal that killed it."""

    status: int
    output: str
    seconds: float

    @property
    def was_killed(self) -> bool:
        return self.status == -signal.SIGKILL


class Running:
    """A running command; it is not reaped before `ended`, so that its process id cannot be reused."""

    def __init__(self, starter: "Starter", pid: int, output: Path) -> None:
        self.pid = pid
        self._starter, self._output, self._began = starter, output, time.monotonic()

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def ended(self) -> Ended:
        status = os.waitstatus_to_exitcode(int(self._starter.ask(wait=self.pid)))
        return Ended(status, self._output.read_text(encoding="utf-8"), time.monotonic() - self._began)


class Starter:
    """Starts commands of one program, such as ``asr.cli``, after a shared preparation."""

    def __init__(self, program: str, folder: Path, preparation: str = "", **environment: str) -> None:
        self._folder, self._number = folder, 0
        self._environment = environment
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, program, preparation],
            cwd=PROJECT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},  # torch can be forked safely with one thread
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def ask(self, **order: Any) -> str:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def start(self, words: Sequence[object], *, limit: int = 0, **environment: str) -> Running:
        """Start a command; with a ``limit``, it can write at most this many bytes to a file."""
        self._number += 1
        output = self._folder / f"output-{self._number}"
        output.touch()  # a command may be killed before it prints anything
        order = {"words": [str(word) for word in words], "output": str(output), "limit": limit}
        return Running(self, int(self.ask(**order, environment=self._environment | environment)), output)

    def run(self, words: Sequence[object], *, limit: int = 0, **environment: str) -> Ended:
        return self.start(words, limit=limit, **environment).ended()

    def run_well(self, words: Sequence[object], **environment: str) -> Ended:
        ended = self.run(words, **environment)
        assert ended.status == 0, ended.output
        return ended

    def kill(self, words: Sequence[object], after: float, **environment: str) -> Ended:
        """Run a command and kill it after this many seconds, if it is still running."""
        running = self.start(words, **environment)
        time.sleep(after)
        running.send(signal.SIGKILL)
        return running.ended()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def moments(number: int, chance: Random) -> Iterator[float]:
    """Endless random fractions of a duration: in each round of ``number``, one per equal interval."""
    while True:
        yield from chance.sample([(stretch + chance.random()) / number for stretch in range(number)], number)


class Hits:
    """When the kills occurred, for the report of the campaign: ``pytest -rP`` shows it."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add(self, *, has_begun: bool, is_done: bool) -> None:
        where = "after the last write" if is_done else "during the writing" if has_begun else "before the first write"
        self.counts[where] += 1

    @property
    def total(self) -> int:
        return self.counts.total()

    def report(self, of: str, **more: int) -> None:
        counted = [f"{number} {where}" for where, number in sorted(self.counts.items())]
        print(f"{of}: {self.total} kills;", ", ".join([*counted, *(f"{name} {value}" for name, value in more.items())]))


def everything(folder: Path) -> dict[str, bytes | None]:
    """The content of a folder, to compare it before and after."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@contextmanager
def foreign_files_unchanged(folder: Path) -> Iterator[None]:
    """Check that the block does not change a folder of another program with files of the same names."""
    (folder / "versions" / "20200101").mkdir(parents=True)
    for name in ("notes.txt", "clips.csv", "clips.jsonl", "current", "versions/20200101/notes.txt"):
        (folder / name).write_text("not Hearsay's\n", encoding="utf-8")
    before = everything(folder)
    yield
    assert everything(folder) == before
