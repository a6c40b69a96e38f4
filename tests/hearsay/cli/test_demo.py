"""The demo must not change the user's own index, inbox or deletions."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hearsay.cli import demo, main
from hearsay.errors import MissingExtra
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal, read_journal
from hearsay.terminal.commands import Program
from tests.conftest import PROJECT, SAMPLES
from tests.support.pages import wait_for_health
from tests.support.ports import free_port

CLIPS = 2


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first sample clips, in place of all of them."""
    folder = tmp_path / "package" / "samples"
    folder.mkdir(parents=True)
    lines = (SAMPLES / "clips.csv").read_text(encoding="utf-8").splitlines()[: CLIPS + 1]
    (folder / "clips.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    for line in lines[1:]:
        shutil.copy(SAMPLES / Path(line.partition(",")[0]).name, folder)
    monkeypatch.setattr(demo, "SAMPLES", folder)
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user who has loaded clips twice, added one on the page, deleted one, and has a config.yml."""
    home = tmp_path / "home"
    (home / "var").mkdir(parents=True)
    monkeypatch.chdir(home)
    monkeypatch.setenv("HEARSAY_HOME", str(home))
    monkeypatch.delenv("INBOX_DIR", raising=False)
    (home / "config.yml").write_text("asr_model: no-such-model\nindex_url: var/mine\naudio_dir: recordings\n")
    with Journal(home / "var" / "inbox" / "clips.jsonl") as inbox:
        inbox.append([ClipRow("inbox/hello.wav", generated_text="hello from the inbox")])
    for number, words in enumerate(("one blacksmith", "two cats", "gone"), 1):
        (home / f"{number}.csv").write_text(f"filename,generated_text\nmine/{number}.mp3,{words}\n")
    assert main(["load", "1.csv"]) == 0
    assert main(["load", "1.csv", "2.csv", "3.csv"]) == 0
    assert main(["delete", "mine/3.mp3"]) == 0
    return home


def contents(home: Path) -> dict[str, bytes]:
    """The content of every file of the user."""
    demos = home / "var" / "demo"
    files = (path for path in home.rglob("*") if path.is_file() and not path.is_relative_to(demos))
    return {str(path.relative_to(home)): path.read_bytes() for path in files}


def total(capfd: pytest.CaptureFixture[str], *words: str) -> int:
    capfd.readouterr()
    assert main(["search", *words, "--mode", "exact", "--json"]) == 0
    return int(json.loads(capfd.readouterr().out)["total"])


def test_the_demo_changes_no_user_data_and_later_commands_ignore_it(
    samples: Path, here: Path, capfd: pytest.CaptureFixture[str]
):
    before = contents(here)
    capfd.readouterr()
    assert main(["demo", "--no-page"]) == 0
    output = capfd.readouterr()
    assert contents(here) == before
    assert (here / "var" / "demo" / "weights.json").is_file()
    assert f"{CLIPS} passages found" in output.out
    assert "next: hearsay search lighthouse --index var/demo/index" in output.err

    assert total(capfd, "blacksmith", "--index", "var/demo/index") == CLIPS
    assert total(capfd, "blacksmith") == 1
    (here / "4.csv").write_text("filename,generated_text\nmine/4.mp3,four blacksmith\n")
    assert main(["put", "4.csv"]) == 0
    assert total(capfd, "blacksmith") == 2
    assert main(["rollback"]) == 0
    assert total(capfd) == 2, "clip 1 and the clip in the inbox"
    assert main(["load", "2.csv"]) == 0
    assert total(capfd) == 2, "clip 2 and the clip in the inbox"
    assert total(capfd, "blacksmith", "--index", "var/demo/index") == CLIPS


def test_a_second_demo_only_retranscribes_clips_of_other_models(
    samples: Path, here: Path, capfd: pytest.CaptureFixture[str]
):
    assert main(["demo", "--no-page"]) == 0
    log = here / "var" / "demo" / "records" / "clips.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines()
    first = json.loads(lines[0])
    log.write_text("\n".join([json.dumps(first | {"asr_model": "another", "generated_text": "x"}), *lines[1:], ""]))
    capfd.readouterr()
    assert main(["demo", "--no-page"]) == 0
    assert "1 already done, 0 failed" in capfd.readouterr().out
    assert read_journal(log)[first["filename"]].generated_text == first["generated_text"]


def test_two_demos_at_the_same_time_both_succeed(samples: Path, here: Path):
    program = (
        f"import sys; from pathlib import Path; from hearsay.cli import demo; demo.SAMPLES = Path({str(samples)!r})\n"
        "from hearsay.cli import main; sys.exit(main(['demo', '--no-page']))"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONPATH": str(PROJECT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    outputs = [one.communicate(timeout=250) for one in running]
    assert [one.returncode for one in running] == [0, 0], outputs
    assert all(f"{CLIPS} passages found" in output for output, _ in outputs)
    assert sum("another demo writes to" in messages for _, messages in outputs) <= 1
    assert len(read_journal(here / "var" / "demo" / "records" / "clips.jsonl")) == CLIPS


def test_the_demo_page_uses_the_demo_index_and_inbox_and_ctrl_c_ends_all(samples: Path, here: Path, ctrl_c: None):
    port = free_port()
    program = (
        f"import sys; from pathlib import Path; from hearsay.cli import demo; demo.SAMPLES = Path({str(samples)!r})\n"
        "from hearsay.cli import main; sys.exit(main(['demo', '--page']))"
    )
    before = contents(here)
    with (here.parent / "output").open("w+") as output:
        running = subprocess.Popen(
            [sys.executable, "-c", program], env=os.environ | {"PAGE_PORT": str(port), "PYTHONPATH": str(PROJECT)},
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        try:
            wait_for_health(f"http://127.0.0.1:{port}", running, here.parent / "output")
            with Journal(here / "var" / "demo" / "inbox" / "clips.jsonl") as inbox:
                inbox.append([ClipRow("inbox/new.wav", generated_text="a new clip")])
            deadline = time.monotonic() + 200
            while "put 1 and deleted 0 clips (inbox/new.wav)" not in (here.parent / "output").read_text():
                assert time.monotonic() < deadline
                time.sleep(0.1)
        finally:
            os.killpg(running.pid, signal.SIGINT)
            status = running.wait(100)
        text = (here.parent / "output").read_text()
    assert status == 130
    assert "Traceback" not in text
    assert "search lighthouse --index var/demo/index" in text
    assert contents(here) == before
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)


def test_a_missing_library_of_the_demo_is_reported_with_the_install_command(here: Path):
    with pytest.raises(
        MissingExtra, match=r'no_such_module not installed; run: pip install "hearsay-search\[asr,page\]"'
    ):
        demo.check_installed("json", "no_such_module")


def test_a_failed_step_ends_the_demo_with_its_status(samples: Path, here: Path, capfd: pytest.CaptureFixture[str]):
    (here / "var" / "demo").write_text("a file in the way")
    assert demo.main(["--no-page"], Program("hearsay.cli.demo", is_hearsay=True)) not in (0, None)
    assert "searching" not in capfd.readouterr().err
