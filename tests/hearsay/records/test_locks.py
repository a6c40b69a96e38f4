"""A log has one writer, even on a file system without locks."""

import errno
import fcntl
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hearsay.errors import JournalInUse
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal, read_journal
from hearsay.records.repair import repair
from tests.conftest import PROJECT
from tests.hearsay.records.test_files import failing
from tests.support.mounts import FULL, READ_ONLY, mounted

NO_LOCKS = [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, 524]  # 524 is ENOTSUPP, which some kernels return


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "clips.jsonl"


@pytest.fixture(params=NO_LOCKS)
def no_locks(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr(fcntl, "flock", failing(request.param))


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_log_is_written_with_a_warning_and_no_lock_file_remains(path: Path):
    with Journal(path) as journal:
        journal.append([ClipRow("a")])
        assert journal.warning.startswith(f"the file system of {path} has no locks")
    assert list(read_journal(path)) == ["a"]
    assert [each.name for each in path.parent.iterdir()] == ["clips.jsonl"]


def test_a_file_system_with_locks_causes_no_warning(path: Path):
    with Journal(path) as journal:
        assert journal.warning == ""


WITHOUT_LOCKS = """
import errno, fcntl, os, sys
from pathlib import Path
from hearsay.errors import ClipsError
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal
def flock(file, operation):
    raise OSError(errno.ENOSYS, "Function not implemented")
fcntl.flock = flock
try:
    with Journal(Path(sys.argv[1])) as journal:
        journal.append([ClipRow("second")])
        if "die" in sys.argv:
            os.kill(os.getpid(), 9)
except ClipsError as problem:
    sys.exit(f"{type(problem).__name__}: {problem}")
"""


def second(path: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", WITHOUT_LOCKS, str(path), *words]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_second_writer_is_rejected(path: Path):
    with Journal(path) as journal:
        refused = second(path)
        assert refused.stderr.splitlines()[-1].startswith("JournalInUse: ")
        assert f"process {os.getpid()} on {socket.gethostname()}" in refused.stderr
        with pytest.raises(JournalInUse):
            Journal(path)
        with pytest.raises(JournalInUse):
            repair(path)
        journal.append([ClipRow("first")])
    assert second(path).returncode == 0
    assert list(read_journal(path)) == ["first", "second"]


def test_a_killed_writer_does_not_block_others(path: Path):
    assert second(path, "die").returncode == -9
    assert path.with_name("clips.jsonl.lock").exists()
    assert second(path).returncode == 0
    assert not path.with_name("clips.jsonl.lock").exists()


@pytest.mark.usefixtures("no_locks")
def test_a_reused_process_id_does_not_block_others(path: Path):
    owner = {"host": socket.gethostname(), "pid": os.getpid(), "started": "1"}
    path.with_name("clips.jsonl.lock").write_text(json.dumps(owner))
    with Journal(path) as journal:
        journal.append([ClipRow("a")])
    assert read_journal(path) == {"a": ClipRow("a")}


@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize("owner", ['{"host": "elsewhere", "pid": 1}', "", "[]", "no JSON"])
def test_a_lock_file_with_an_unverifiable_owner_is_respected_and_reported(path: Path, owner: str):
    lock = path.with_name("clips.jsonl.lock")
    lock.write_text(owner)
    with pytest.raises(JournalInUse, match=f"If that run has ended, remove {re.escape(str(lock))}"):
        Journal(path)
    assert lock.read_text() == owner


APPEND = """
import sys
from pathlib import Path
from hearsay.errors import ClipsError
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal, read_journal
path = Path(sys.argv[1])
batches = 0
try:
    with Journal(path) as journal:
        while batches < 5000:
            journal.append([ClipRow(f"{batches}-{number}", text="x" * 100) for number in range(20)])
            batches += 1
except ClipsError as problem:
    print(problem)
print(len(read_journal(path)) == 20 * batches > 0 if path.exists() else "nothing")
"""


def test_a_full_disk_keeps_the_complete_batches(path: Path):
    ended = mounted(FULL, path.parent, APPEND, str(path))
    assert ended.stdout.splitlines() == [f"{path} cannot be written: No space left on device", "True"], ended.stderr


def test_a_read_only_folder_is_reported(path: Path):
    ended = mounted(READ_ONLY, path.parent, APPEND, str(path))
    assert ended.stdout.splitlines() == [f"{path} cannot be written: Read-only file system", "nothing"], ended.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to somebody else")
def test_a_log_of_another_user_is_reported(path: Path):
    with Journal(path) as journal:
        journal.append([ClipRow("a")])
    script = APPEND.replace("batches = 0", "batches = 0\nimport os\nos.setuid(65534)").replace(
        "print(len", "0 and print(len"
    )
    command = [sys.executable, "-c", script, str(path)]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=200, check=False)
    assert ended.stdout == f"{path} cannot be written: Permission denied\n", ended.stderr
