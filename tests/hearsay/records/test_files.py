"""Files are replaced and added on file systems that lack common features."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.files import add_new, remove_leftovers, replaced_whole
from hearsay.records.table import read_csv, write_csv
from tests.support.mounts import FULL, READ_ONLY, mounted


def failing(number: int) -> Callable[..., NoReturn]:
    """A system call that fails with this error number."""

    def call(*_: Any, **__: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return call


UNSUPPORTED = [errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL]


@pytest.mark.parametrize("number", UNSUPPORTED)
def test_a_table_is_written_if_no_mode_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int):
    monkeypatch.setattr(Path, "chmod", failing(number))
    monkeypatch.setattr(os, "chmod", failing(number))
    write_csv(tmp_path / "clips.csv", [ClipRow("a")])
    assert list(read_csv(tmp_path / "clips.csv").cells) == ["a"]
    assert (tmp_path / "clips.csv").stat().st_mode & 0o600 == 0o600


@pytest.mark.parametrize("number", UNSUPPORTED)
def test_a_table_is_written_if_fsync_is_not_supported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int):
    monkeypatch.setattr(os, "fsync", failing(number))
    write_csv(tmp_path / "clips.csv", [ClipRow("a")])
    assert list(read_csv(tmp_path / "clips.csv").cells) == ["a"]


@pytest.mark.parametrize("number", [*UNSUPPORTED, errno.EACCES, errno.EBUSY, errno.EEXIST])
def test_a_table_is_overwritten_if_it_cannot_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int):
    write_csv(tmp_path / "clips.csv", [ClipRow("a")])
    monkeypatch.setattr(Path, "replace", failing(number))
    monkeypatch.setattr(os, "replace", failing(number))
    write_csv(tmp_path / "clips.csv", [ClipRow("b")])
    assert list(read_csv(tmp_path / "clips.csv").cells) == ["b"]
    assert [path.name for path in tmp_path.iterdir()] == ["clips.csv"]


def test_a_disk_failure_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)), replaced_whole(tmp_path / "clips.csv"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [*UNSUPPORTED, errno.EMLINK])
def test_a_file_is_added_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int):
    monkeypatch.setattr(os, "link", failing(number))
    monkeypatch.setattr(os, "chmod", failing(number))
    add_new(tmp_path / "a.mp3", b"sound")
    with pytest.raises(FileExistsError):
        add_new(tmp_path / "a.mp3", b"another")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"sound"]


def test_temporary_files_of_killed_writers_are_removed_and_other_files_are_kept(tmp_path: Path):
    others = {"clips.csv", ".clips.csv.notes", ".clips.csv.12345678.txt", ".other.csv.12345678", "x.clips.csv.12345678"}
    for name in (*others, ".clips.csv.12345678", ".clips.csv.0a9b8c7d"):
        (tmp_path / name).touch()
    (tmp_path / ".clips.csv.abcdef01").mkdir()
    remove_leftovers(tmp_path / "clips.csv")
    assert {path.name for path in tmp_path.iterdir()} == {*others, ".clips.csv.abcdef01"}


WRITE = """
import sys
from pathlib import Path
from hearsay.errors import ClipsError
from hearsay.records.clip import ClipRow
from hearsay.records.table import write_csv
try:
    write_csv(Path(sys.argv[1]), [ClipRow(f"clip-{number}", text="x" * 100) for number in range(9)])
except ClipsError as problem:
    sys.exit(str(problem))
"""


WRITE_TWICE = """
import sys
from pathlib import Path
from hearsay.errors import ClipsError
from hearsay.records.clip import ClipRow
from hearsay.records.table import read_csv, write_csv
path = Path(sys.argv[1])
write_csv(path, [ClipRow("of before")])
try:
    write_csv(path, [ClipRow(f"clip-{number}", text="x" * 100) for number in range(5000)])
except ClipsError as problem:
    print(problem)
print(list(read_csv(path).cells), [each.name for each in path.parent.iterdir()])
"""


def test_a_full_disk_keeps_the_previous_table(tmp_path: Path):
    ended = mounted(FULL, tmp_path, WRITE_TWICE, str(tmp_path / "clips.csv"))
    assert ended.stdout.splitlines() == [
        f"{tmp_path / 'clips.csv'} cannot be written: No space left on device",
        "['of before'] ['clips.csv']",
    ], ended.stderr


def test_a_read_only_folder_is_reported(tmp_path: Path):
    ended = mounted(READ_ONLY, tmp_path, WRITE, str(tmp_path / "clips.csv"))
    assert ended.stderr.splitlines() == [f"{tmp_path / 'clips.csv'} cannot be written: Read-only file system"]
