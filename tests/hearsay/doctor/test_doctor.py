"""hearsay doctor: its findings, that it changes nothing, and that no check can block it or make it fail."""

import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from hearsay.cli import main
from hearsay.doctor.command_line import CHECKS
from hearsay.doctor.configuration import look_at_configuration
from hearsay.doctor.examination import examined
from hearsay.doctor.files import look_at_folders
from hearsay.doctor.findings import Finding, ok
from hearsay.doctor.models import look_at_models
from hearsay.doctor.services import look_at_api, look_at_index, look_at_ports
from hearsay.errors import HearsayError
from hearsay.http.listening import listen
from tests.conftest import PROJECT
from tests.support.ports import free_port
from tests.support.without_libraries import hearsay_without_extras


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder for the test, and free ports."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HEARSAY_HOME", str(folder))
    monkeypatch.delenv("INBOX_DIR", raising=False)
    for name in ("API_PORT", "PAGE_PORT", "ES_PORT"):
        monkeypatch.setenv(name, str(free_port()))
    monkeypatch.setenv("API_URL", f"http://127.0.0.1:{free_port()}")
    return folder


@pytest.fixture
def server() -> Iterator[tuple[int, dict[str, str]]]:
    """The port of a server, and its responses by path."""
    answers: dict[str, str] = {}

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path in answers else 404)
            self.end_headers()
            self.wfile.write(answers.get(self.path, "").encode())

        def log_message(self, *_: object) -> None:
            """Do not log requests."""

    with HTTPServer(("127.0.0.1", 0), Answers) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield serving.server_port, answers
        serving.shutdown()
        thread.join()


def messages(found: Iterator[Finding], status: str) -> str:
    return "\n".join(f"{one.what} — {one.advice}" for one in found if one.status == status)


def test_a_working_installation_has_no_problems_and_is_not_changed(home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("0 problems, ")
    assert {line.split()[1] for line in lines[:-1]} == set(CHECKS)
    assert list(home.iterdir()) == []


def test_json_output_contains_every_finding(capsys: pytest.CaptureFixture[str]):
    assert main(["doctor", "--json"]) == 0
    output = json.loads(capsys.readouterr().out)
    assert output["problems"] == 0
    assert output["warnings"] == sum(finding["status"] == "warning" for finding in output["findings"])
    assert {finding["part"] for finding in output["findings"]} == set(CHECKS)
    assert all(set(finding) == {"part", "status", "what", "advice"} for finding in output["findings"])


def test_doctor_works_without_extras_and_shows_how_to_install_them():
    ended = subprocess.run(
        hearsay_without_extras("doctor"), env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    for extra in ("asr", "indexer", "page"):
        assert f"{extra} is not installed: without " in ended.stdout
        assert f'run: pip install "hearsay-search[{extra}]"' in ended.stdout
    assert "this check failed" not in ended.stdout


def test_an_invalid_setting_is_a_problem_and_the_exit_status_is_1(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (home / "config.yml").write_text("page_port: high\nasr_modle: auto\n")
    monkeypatch.delenv("PAGE_PORT")
    monkeypatch.setenv("BATCH_CLIPS", "-1")
    monkeypatch.setenv("HEARSAY_HOEM", "x")
    monkeypatch.setenv("HEARSAY_CALLED", "./run.sh")
    assert main(["doctor"]) == 1
    output = capsys.readouterr().out
    assert "page_port: " in output
    assert "batch_clips: " in output
    assert "has the key asr_modle, which is not a setting — did you mean asr_model?" in output
    assert "HEARSAY_HOEM, which is not a setting — did you mean HEARSAY_HOME?" in output
    assert "HEARSAY_CALLED" not in output
    assert "not checked, because a setting is wrong" in output


@pytest.mark.parametrize("text", ["asr_model: [", "- a list", "\xff"])
def test_an_unreadable_config_file_is_a_problem(home: Path, text: str):
    (home / "config.yml").write_bytes(text.encode("latin-1"))
    assert "config.yml cannot be read" in messages(look_at_configuration(), "problem")


def test_keys_of_other_programs_are_accepted(home: Path):
    (home / "config.yml").write_text("asr_model: auto\npage_size: 20\nindex_versions: 2\n")
    assert messages(look_at_configuration(), "ok")


def test_a_file_in_place_of_a_folder_is_a_problem_that_names_the_setting(home: Path):
    (home / "var").write_text("")
    assert "is a file, but must be a folder — move it away, or set INDEX_URL" in messages(look_at_folders(), "problem")


def test_a_folder_that_does_not_exist_is_not_called_writable(home: Path):
    assert f"{home / 'var' / 'inbox'} can be created" in messages(look_at_folders(), "ok")
    (home / "var" / "inbox").mkdir(parents=True)
    assert f"{home / 'var' / 'inbox'} is writable" in messages(look_at_folders(), "ok")


def test_a_port_used_by_another_program_is_a_warning_and_the_api_is_recognised(
    server: tuple[int, dict[str, str]], monkeypatch: pytest.MonkeyPatch
):
    port, answers = server
    monkeypatch.setenv("API_PORT", str(port))
    assert f"127.0.0.1:{port} is in use by another program than the API — set API_PORT" in messages(
        look_at_ports(), "warning"
    )
    answers["/ping"] = "pong"
    assert f"127.0.0.1:{port}: the API answers" in messages(look_at_ports(), "ok")
    assert messages(look_at_ports(), "warning") == ""


def test_the_port_check_knows_addresses_of_ipv6(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("API_HOST", "[::1]")
    with listen("::1", 0, "API") as taken:
        monkeypatch.setenv("API_PORT", str(port := taken.getsockname()[1]))
        assert f"[::1]:{port} is in use by another program than the API" in messages(look_at_ports(), "warning")
    assert f"[::1]:{port} is free for the API" in messages(look_at_ports(), "ok")


def test_the_api_check_reports_the_models(server: tuple[int, dict[str, str]], monkeypatch: pytest.MonkeyPatch):
    port, answers = server
    assert "run: hearsay api" in messages(look_at_api(), "warning")
    monkeypatch.setenv("API_URL", f"http://127.0.0.1:{port}/")
    answers |= {"/ping": "pong", "/health": '{"status": "ready", "asr_model": "a", "ser_model": "b"}'}
    assert "ready, speech: a, emotion: b" in messages(look_at_api(), "ok")
    answers["/health"] = "not for you"
    assert "answers" in messages(look_at_api(), "ok")


def test_the_index_check_reports_the_size_and_an_invalid_address_is_a_problem(
    home: Path, monkeypatch: pytest.MonkeyPatch
):
    assert "the index does not exist yet" in messages(look_at_index(), "warning")
    (home / "clips.csv").write_text("filename,generated_text,asr_model\na,one,whisper-tiny.en\nb,two,whisper-tiny.en\n")
    assert main(["load", "clips.csv"]) == 0
    assert ", 2 passages" in messages(look_at_index(), "ok")
    assert re.search("phonetic tables learned from .* by whisper-tiny.en", messages(look_at_index(), "ok"))
    monkeypatch.setenv("INDEX_URL", "ftp://user:secret@host")
    ((_, found),) = examined({"index": look_at_index})
    assert found.status == "problem"
    assert "secret" not in found.what


def test_a_missing_gpu_is_a_problem(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEVICE", "cuda:99")
    assert "DEVICE is cuda:99" in messages(look_at_models(), "problem")


def test_an_unavailable_configured_model_is_a_problem_and_an_available_one_is_ok(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("SER_MODEL", "nobody/no-such-model")
    assert "nobody/no-such-model (named by SER_MODEL" in messages(look_at_models(), "problem")
    monkeypatch.setenv("ASR_MODEL", "pocketsphinx")
    assert "speech: pocketsphinx (named by ASR_MODEL)" in messages(look_at_models(), "ok")


def test_checks_that_hang_or_fail_do_not_prevent_the_others():
    released = threading.Event()

    def hangs() -> Iterator[Finding]:
        released.wait()
        yield ok("too late")

    def breaks() -> Iterator[Finding]:
        yield ok("before")
        raise RuntimeError("ours")

    def refuses() -> Iterator[Finding]:
        raise HearsayError("a sentence")

    found = list(examined({"a": hangs, "b": breaks, "c": refuses, "d": lambda: [ok("last")]}, limit=1))
    released.set()
    assert [(part, one.status) for part, one in found] == [
        ("a", "problem"), ("b", "ok"), ("b", "problem"), ("c", "problem"), ("d", "ok"),
    ]  # fmt: skip
    assert "did not finish within 1 s" in found[0][1].what
    assert "RuntimeError: ours" in found[2][1].what


def test_a_server_that_accepts_a_connection_but_never_responds_is_a_warning(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("API_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert "no response from an API" in messages(look_at_api(), "warning")
