"""``hearsay demo``: the sample clips transcribed, indexed, searched and shown on the page, without touching other data.

Everything that the demo writes is in its own folder, so the user's index, records, inbox and deletions are
never touched, whatever the environment and ``config.yml`` say.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from hearsay.config import DEMO_INDEX, demo_folder, from_here, read_settings
from hearsay.errors import JournalInUse, MissingExtra
from hearsay.extras import how_to_install
from hearsay.http.listening import reached
from hearsay.records.locks import LockedFile
from hearsay.terminal.commands import Program, to_type
from hearsay.terminal.process import ALL_WELL, exit_status_of

SAMPLES: Final = Path(__file__).parents[1] / "samples"

GRACE_SECONDS: Final = 3.0
"""Ctrl-C reaches the demo's programs directly; those that do not end within this time are terminated."""

_Program = subprocess.Popen[bytes]

_NEEDED: Final = ("pocketsphinx", "av", "tantivy")
_NEEDED_BY_THE_PAGE: Final = ("streamlit",)


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Paths of the demo's files."""

    folder: Path

    @property
    def records(self) -> Path:
        return self.folder / "records"

    @property
    def index(self) -> Path:
        return self.folder / DEMO_INDEX

    def settings(self) -> dict[str, str]:
        """Settings, as environment variables, that separate the demo from other data, equal on every machine."""
        return {
            "ASR_MODEL": "auto",
            "ASR_LANGUAGE": "en",
            "SER_MODEL": "classic",
            "DEVICE": "cpu",
            "INDEX_URL": str(self.index),
            "INBOX_DIR": str(self.folder / "inbox"),
            "DELETIONS": str(self.folder / "deletions.jsonl"),
            "REJECTED_PASSAGES": str(self.folder / "refused.jsonl"),
            "PHONETIC_TABLES": str(self.folder / "sound-tables.json"),
            "AUDIO_DIR": str(SAMPLES),
            "WEIGHT_DIGESTS": str(self.folder / "weights.json"),
            "LOG_DIR": str(self.folder / "logs"),
        }


def main(arguments: Sequence[str] | None, program: Program) -> int:
    """Run the demo; the status is that of the first step that fails."""
    return exit_status_of(lambda: _run(parser(program).parse_args(arguments)), f"{program.name()}: {{}}".format)


def parser(program: Program) -> argparse.ArgumentParser:
    """The options of ``hearsay demo``."""
    words = argparse.ArgumentParser(
        prog=program.call(),
        description="Transcribe and index the sample clips, search them, and open the search page. The demo has its "
        "own index, records and inbox, under var/demo; your data is not changed.",
        epilog=f"example: {program.call()} --no-page",
    )
    page = words.add_mutually_exclusive_group()
    page.add_argument("--page", action="store_true", default=None, help="open the page (default: on a terminal)")
    page.add_argument("--no-page", dest="page", action="store_false", help="end after the search")
    return words


def _run(parsed: argparse.Namespace) -> int:
    has_page = parsed.page if parsed.page is not None else sys.stdin.isatty() and sys.stdout.isatty()
    check_installed(*_NEEDED, *(_NEEDED_BY_THE_PAGE if has_page else ()))
    files = DemoFiles(demo_folder())
    with _programs(files.settings()) as programs:
        if has_page and (status := programs.run("page", "--check")):
            return status
        with closing(_locked(files.folder)):
            status = _transcribe_and_search(files, programs)
        if status:
            return status
        search = to_type(f"search lighthouse --index {shlex.quote(from_here(files.index))}")
        if not has_page:
            _say("", f"next: {search}", f"or:   {to_type('demo --page')}")
            return ALL_WELL
        _say("", f"the page searches the demo's index; in another terminal: {search}")
        return programs.serve_page()


def check_installed(*modules: str) -> None:
    """Raise `MissingExtra` if a library of the demo is missing, before anything starts."""
    if missing := [module for module in modules if find_spec(module) is None]:
        raise MissingExtra(f"{', '.join(missing)} not installed; run: {how_to_install('asr,page')}")


def _locked(folder: Path) -> LockedFile:
    """The lock on the demo's folder; waits while another demo writes to it."""
    folder.mkdir(parents=True, exist_ok=True)
    is_waiting = False
    while True:
        try:
            return LockedFile(folder / "lock")
        except JournalInUse:
            if not is_waiting:
                _say(f"another demo writes to {folder}; this one continues when that has loaded its clips")
            is_waiting = True
            time.sleep(0.2)


def _transcribe_and_search(files: DemoFiles, programs: "_Programs") -> int:
    table, log = str(SAMPLES / "clips.csv"), str(files.records / "clips.jsonl")
    for what, words in (
        (
            "transcribing the sample clips",
            ("decode", str(SAMPLES), "--csv", table, "--out", str(files.records), "--model-change", "redo"),
        ),
        ("loading their records into the demo's index", ("load", log, "--audio", str(SAMPLES), "--no-inbox")),
        ("searching: blacksmith", ("search", "blacksmith")),
    ):
        _say("", f"── {what}")
        if status := programs.run(*words):
            return status
    return ALL_WELL


class _Programs:
    """Runs the commands of the demo as processes with the demo's settings; all of them end with it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._running: list[_Program] = []

    def run(self, *words: str) -> int:
        return self.start(*words).wait()

    def start(self, *words: str) -> _Program:
        # -P: a folder in the working folder with the name of one of our packages must not shadow it.
        started = _Program([sys.executable, "-P", "-m", "hearsay", *words], env=self._environment)
        self._running.append(started)
        return started

    def serve_page(self) -> int:
        """Serve the page, and index what is added on it, until it ends."""
        inbox, page = self.start("put", "--watch"), self.start("page")
        threading.Thread(target=_say_when_ready, args=(page,), daemon=True).start()
        status = page.wait()
        inbox.terminate()
        return status

    def end(self) -> None:
        """Wait until all have ended; terminate those that do not end by themselves."""
        for end, seconds in ((lambda _: None, GRACE_SECONDS), (_Program.terminate, 20.0), (_Program.kill, 20.0)):
            over = time.monotonic() + seconds
            for program in self._running:
                if program.poll() is None:
                    end(program)
            for program in self._running:
                with suppress(subprocess.TimeoutExpired):
                    program.wait(max(0.0, over - time.monotonic()))


@contextmanager
def _programs(settings: Mapping[str, str]) -> Iterator[_Programs]:
    """Programs that end when the block does; a termination signal ends the block as Ctrl-C does."""
    programs = _Programs({**os.environ, **settings})
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield programs
    finally:
        programs.end()
        signal.signal(signal.SIGTERM, before)


def _say_when_ready(page: _Program) -> None:
    from search_ui.settings import PageSettings

    settings = read_settings(PageSettings)
    while page.poll() is None:
        asking = HTTPConnection(reached(settings.page_host), settings.page_port, timeout=2)
        try:
            asking.request("GET", "/_stcore/health")
            if asking.getresponse().status == HTTPStatus.OK:
                _say("it is ready; try the words blacksmith, lighthouse or captain")
                return
        except (OSError, HTTPException):
            time.sleep(0.1)
        finally:
            asking.close()


def _say(*lines: str) -> None:
    print(*lines, sep="\n", file=sys.stderr, flush=True)
