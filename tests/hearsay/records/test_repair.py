"""Repair moves unreadable lines to a separate file, and keeps every byte."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asr.cli import main
from hearsay.errors import BadRow, ClipsError, JournalInUse, NewerRecord
from hearsay.records.clip import SCHEMA_VERSION, ClipRow
from hearsay.records.journal import Journal, read_journal, read_journal_from, row_of_line
from hearsay.records.repair import Repaired, repair

GOOD = b'{"filename": "a", "generated_text": "ONE"}\n'
BAD = (
    b'{"filename": "b", "emotion_scores": {"angry": NaN}}\n',
    b'{"filename": "b", "confidence": Infinity}\n',
    b'{"filename": "b", "text": "\\ud800"}\n',
    b'{"filename": ""}\n',
    b'{"filename": 7}\n',
    b'{"filename": "b", "text": "\xff"}\n',
    b"\x00\x00\x00\x00\n",
    b"[]\n",
    b"{\n",
    b'{"filename": "b", "schema_version": "1"}\n',
    b'{"filename": "b", "schema_version": null}\n',
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "clips.jsonl"


@pytest.mark.parametrize("bad", BAD)
def test_an_unreadable_line_is_moved_unchanged(log: Path, bad: bytes):
    log.write_bytes(GOOD + bad + b"\n" + GOOD)
    with pytest.raises(BadRow, match=rf"line 2.* hearsay repair {log}$"):
        read_journal(log)
    with pytest.raises(BadRow, match=rf"byte {len(GOOD)}.* hearsay repair {log}$"):
        read_journal_from(log, 0)
    beside = log.with_name("clips.jsonl.unreadable")
    assert repair(log) == Repaired(2, 1, beside)
    assert (log.read_bytes(), beside.read_bytes()) == (GOOD + b"\n" + GOOD, bad)
    assert read_journal(log) == {"a": ClipRow("a", generated_text="ONE")}


def test_a_second_repair_changes_nothing_and_a_later_one_appends(log: Path):
    log.write_bytes(GOOD + BAD[0])
    repair(log)
    before = log.stat()
    assert repair(log).set_aside == 0
    assert log.stat() == before
    with log.open("ab") as file:
        file.write(BAD[1] + b'{"filename": "torn')
    assert repair(log).set_aside == 2
    assert log.with_name("clips.jsonl.unreadable").read_bytes() == BAD[0] + BAD[1] + b'{"filename": "torn\n'


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line) | st.just(GOOD.strip()), max_size=6))
def test_a_repair_keeps_every_byte_and_the_repaired_log_is_readable(log: Path, lines: list[bytes]):
    beside = log.with_name("clips.jsonl.unreadable")
    beside.unlink(missing_ok=True)
    log.write_bytes(b"\n".join(lines))
    before = sorted(line for line in log.read_bytes().split(b"\n") if line)
    if before and GOOD.strip() not in lines:  # a file without a record is not a log
        with suppress(ClipsError):
            repair(log)
        assert sorted(line for line in log.read_bytes().split(b"\n") if line) == before
        return
    repair(log)
    read_journal(log)
    after = log.read_bytes() + (beside.read_bytes() if beside.exists() else b"")
    assert sorted(line for line in after.split(b"\n") if line) == before


def test_a_line_of_a_newer_version_is_not_treated_as_damaged(log: Path):
    newer = json.dumps({"filename": "b", "schema_version": SCHEMA_VERSION + 1}).encode() + b"\n"
    log.write_bytes(BAD[0] + newer)
    with pytest.raises(NewerRecord, match=r"line 2: .*update it$"):
        repair(log)
    assert log.read_bytes() == BAD[0] + newer
    with pytest.raises(NewerRecord):
        row_of_line(newer)


def test_a_log_that_is_being_written_is_not_repaired(log: Path):
    log.write_bytes(GOOD + BAD[0])
    with Journal(log), pytest.raises(JournalInUse):
        repair(log)
    assert log.read_bytes() == GOOD + BAD[0]


def test_the_file_mode_is_kept(log: Path):
    log.write_bytes(BAD[0])
    log.chmod(0o600)
    repair(log)
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_missing_log_is_reported(log: Path):
    with pytest.raises(ClipsError, match="there is no log"):
        repair(log)


def test_the_command_reports_the_number_of_moved_lines_and_their_file(log: Path, capsys: pytest.CaptureFixture[str]):
    log.write_bytes(GOOD + BAD[0])
    assert main(["repair", str(log)]) == 0
    assert f"moved 1 unreadable of 2 lines to {log}.unreadable" in capsys.readouterr().out
    assert main(["repair", str(log)]) == 0
    assert capsys.readouterr().out == f"nothing to repair: all 1 lines of {log} can be read\n"
    assert main(["repair", f"{log}.not"]) == 2


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("clips.csv", b"filename,text\na.mp3,hello\n"),
        ("a.mp3", b"ID3\x04\x00\n\xff\xfb\x90"),
        ("else.jsonl", b'{"name": "of somebody else"}\n'),
    ],
)
def test_a_file_that_is_not_a_log_is_not_changed(tmp_path: Path, name: str, data: bytes):
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(ClipsError, match=r"not a log, and nothing was changed; name the clips\.jsonl"):
        repair(file)
    assert [path for path in tmp_path.iterdir() if path.suffix != ".lock"] == [file]
    assert file.read_bytes() == data
