"""The journal keeps every complete line after kills, full disks and concurrent runs."""

import fcntl
import json
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearsay.errors import BadRow, ClipsError, JournalInUse
from hearsay.records.clip import SCHEMA_VERSION, ClipRow
from hearsay.records.journal import Journal, read_journal, read_journal_from, row_of_line
from hearsay.records.transcript import Alternative, Segment, Word
from tests.conftest import PROJECT

ROWS = [ClipRow("a", text="één"), ClipRow("b", generated_text="LINE\nBREAK", duration=1.5), ClipRow("c", deleted=True)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "clips.jsonl"


def write(path: Path, rows: list[ClipRow]) -> bytes:
    with Journal(path) as journal:
        journal.append(rows)
    return path.read_bytes()


def test_columns_of_foreign_lines_get_a_prefix_and_records_of_hearsay_are_unchanged():
    foreign = row_of_line(b'{"filename": "a", "emotion": "angry", "confidence": "high", "deleted": true}', is_log=False)
    assert foreign == ClipRow("a", deleted=True, extra={"corpus_emotion": "angry", "corpus_confidence": "high"})
    for sign in ('"schema_version": 1', '"generated_text": ""', '"ser_model": "m"', '"words": []'):
        row = row_of_line(b'{"filename": "a", "emotion": "angry", %s}' % sign.encode(), is_log=False)
        assert (row.emotion, dict(row.extra)) == ("angry", {})


def test_rows_are_returned_in_order_of_first_appearance(path: Path):
    write(path, ROWS)
    write(path, [ClipRow("a", text="again")])
    rows = read_journal(path)
    assert list(rows) == ["a", "b", "c"]
    assert rows == {"a": ClipRow("a", text="again"), "b": ROWS[1], "c": ROWS[2]}


def test_an_open_journal_returns_its_appended_rows(path: Path):
    with Journal(path) as journal:
        journal.append(ROWS[:1])
        assert journal.rows() == {"a": ROWS[0]}
        journal.append([])
        journal.append(ROWS[1:])
        assert list(journal.rows()) == ["a", "b", "c"]


def test_every_line_contains_the_schema_version(path: Path):
    lines = write(path, ROWS).decode().splitlines()
    assert [json.loads(line)["schema_version"] for line in lines] == [SCHEMA_VERSION] * 3


def test_a_journal_truncated_at_any_byte_keeps_its_complete_lines_and_accepts_more(path: Path):
    whole = write(path, ROWS)
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    for torn_at in range(len(whole) + 1):
        path.write_bytes(whole[:torn_at])
        kept = ROWS[: sum(end <= torn_at + 1 for end in ends)]  # only the line end may be missing
        assert list(read_journal(path).values()) == kept
        with Journal(path) as journal:
            assert list(journal.rows().values()) == kept
            journal.append([ClipRow("z")])
        assert list(read_journal(path).values()) == [*kept, ClipRow("z")]


def test_an_incomplete_line_longer_than_the_read_buffer_is_removed(path: Path):
    whole = write(path, ROWS)
    path.write_bytes(whole + b'{"filename": "' + b"x" * 200_000)
    write(path, [])
    assert path.read_bytes() == whole


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.text()), max_size=3), max_size=4))
def test_the_latest_row_of_each_clip_is_kept(path: Path, batches: list[list[tuple[str, str]]]):
    path.unlink(missing_ok=True)
    latest = {}
    for batch in batches:
        write(path, [ClipRow(clip_id, text=text) for clip_id, text in batch])
        latest |= {clip_id: ClipRow(clip_id, text=text) for clip_id, text in batch}
    assert (read_journal(path) if batches else {}) == latest


def test_a_line_that_is_not_json_is_reported_with_one_line_number(path: Path):
    path.write_text('{"filename": "fine"}\n{"filename": \n{"filename": "fine too"}\n')
    with pytest.raises(BadRow) as refused:
        read_journal(path)
    assert re.findall(r"line \d+", str(refused.value)) == ["line 2"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "not a line of JSON"),
        pytest.param("[" * 100_000, "not a line of JSON", id="deep"),
        pytest.param("\0" * 64, r"not a line of JSON \(Expecting value, character 1\)", id="zeros of a power failure"),
        pytest.param("\0{\0}\0", r"not a line of JSON \(Expecting value, character 1\)", id="UTF-16"),
        ("[]", "not a JSON object"),
        ("{}", "needs a filename"),
        ('{"filename": "a", "duration": "long"}', "duration holds"),
        (f'{{"filename": "a", "schema_version": {SCHEMA_VERSION + 1}}}', "update it"),
        ('{"filename": "a", "schema_version": "1"}', "schema_version is '1', not a number"),
    ],
)
def test_an_invalid_line_is_reported_with_its_number(path: Path, line: str, complaint: str):
    path.write_text(f'{{"filename": "fine"}}\n\n{line}\n{{"filename": "fine too"}}\n')
    with pytest.raises(BadRow, match=f"{re.escape(str(path))}, line 3: .*{complaint}"):
        read_journal(path)


def test_a_line_without_a_version_is_accepted(path: Path):
    path.write_text('{"filename": "a"}\n\n')
    assert read_journal(path) == {"a": ClipRow("a")}


def test_a_missing_journal_is_reported(path: Path):
    with pytest.raises(ClipsError, match="cannot be read"):
        read_journal(path)


def test_a_journal_that_cannot_be_opened_is_reported(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path, tmp_path / "file" / "clips.jsonl"):
        with pytest.raises(ClipsError, match="cannot be written"):
            Journal(path)


def run(script: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=200, check=False, **options)


APPEND = """
import sys
from pathlib import Path
from hearsay.errors import ClipsError
from hearsay.records.journal import Journal
from hearsay.records.clip import ClipRow
try:
    with Journal(Path(sys.argv[1])) as journal:
        journal.append(ClipRow(f"clip-{number}", text="x" * 100) for number in range(int(sys.argv[2])))
except ClipsError as problem:
    sys.exit(f"{type(problem).__name__}: {problem}")
"""


def test_a_second_process_cannot_open_a_log_that_is_in_use(path: Path):
    with Journal(path) as journal:
        journal.append(ROWS)
        second = run(APPEND, str(path), "1")
    assert second.stderr.startswith("JournalInUse: ")
    assert list(read_journal(path)) == ["a", "b", "c"]
    assert run(APPEND, str(path), "1").returncode == 0
    assert list(read_journal(path)) == ["a", "b", "c", "clip-0"]


def test_a_log_cannot_be_opened_twice_in_one_process(path: Path):
    with Journal(path), pytest.raises(JournalInUse, match=re.escape(str(path))):
        Journal(path)


def test_a_killed_run_releases_the_journal_and_its_batches_are_kept(path: Path):
    script = APPEND.replace("range(int(sys.argv[2])))", "range(int(sys.argv[2])))\n        input()")
    killed = subprocess.Popen([sys.executable, "-c", script, str(path), "3"], cwd=PROJECT, stdin=subprocess.PIPE)
    while not path.exists() or path.read_bytes().count(b"\n") < 3:
        assert killed.poll() is None
    with pytest.raises(JournalInUse):
        Journal(path)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    write(path, ROWS)
    assert list(read_journal(path)) == ["clip-0", "clip-1", "clip-2", "a", "b", "c"]


def test_a_full_disk_is_reported_and_the_batch_is_discarded(path: Path):
    whole = write(path, ROWS)

    def limit_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 1000, resource.RLIM_INFINITY))

    full = run(APPEND, str(path), "100", preexec_fn=limit_files)
    assert full.stderr.startswith("ClipsError: ")
    assert "cannot be written" in full.stderr
    assert path.read_bytes() == whole


def test_rows_appended_after_an_offset_are_read(path: Path):
    before = len(write(path, ROWS[:1]))
    after = len(write(path, [ROWS[1], ClipRow("a", text="again")]))
    assert read_journal_from(path, before) == ({"b": ROWS[1], "a": ClipRow("a", text="again")}, after)
    assert read_journal_from(path, 0, before) == ({"a": ROWS[0]}, before)
    assert read_journal_from(path, after) == ({}, after)


def test_an_incomplete_line_after_an_offset_is_left_for_the_next_read(path: Path):
    whole = write(path, ROWS)
    path.write_bytes(whole[:-1])
    rows, end = read_journal_from(path, 0)
    assert list(rows) == ["a", "b"]
    path.write_bytes(whole)
    assert read_journal_from(path, end) == ({"c": ROWS[2]}, len(whole))


def test_an_invalid_line_after_an_offset_is_reported_with_its_byte_position(path: Path):
    start = len(write(path, ROWS))
    with path.open("a", encoding="utf-8") as file:
        file.write("{}\n")
    with pytest.raises(BadRow, match=f"byte {start}: a clip row needs a filename"):
        read_journal_from(path, start)
    with pytest.raises(ClipsError, match="cannot be read"):
        read_journal_from(path.with_name("gone.jsonl"), 0)


NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    "row",
    [
        ClipRow("b", emotion_scores={"angry": NAN}),
        ClipRow("b", emotion_scores={"angry": "0.5", "sad": None}),  # type: ignore[dict-item]
        ClipRow("b", emotion_scores=[0.5]),  # type: ignore[arg-type]
        ClipRow("b", confidence=INFINITE),
        ClipRow("b", duration=-1.0),
        ClipRow("b", words=(Word("a", NAN, 1.0),)),
        ClipRow("b", words=(Word("a", 0.0, 1.0, None, (Alternative("b", NAN),)),)),
        ClipRow("b", words=("a",)),  # type: ignore[arg-type]
        ClipRow("b", segments=(Segment(0.0, INFINITE, "a"),)),
        ClipRow("b", generated_text="\ud800"),
        ClipRow("b", generated_text=7),  # type: ignore[arg-type]
        ClipRow("b", up_votes=1.5),  # type: ignore[arg-type]
        ClipRow("b", extra={"locale": "\udcff"}),
        ClipRow("b", extra={"locale": object()}),  # type: ignore[dict-item]
    ],
)
def test_a_record_that_the_reader_would_reject_is_not_written(path: Path, row: ClipRow):
    whole = write(path, ROWS)
    with Journal(path) as journal, pytest.raises(BadRow, match="the record of b cannot be written"):
        journal.append([ClipRow("fine"), row])
    assert path.read_bytes() == whole


numbers = st.floats(allow_nan=True, allow_infinity=True) | st.integers()
anything = st.recursive(
    st.none() | st.booleans() | numbers | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["text", "duration", "confidence", "words", "segments", "emotion_scores", "deleted", "extra"]),
    anything,
)
def test_the_log_stays_readable_for_any_value_in_a_record(path: Path, name: str, value: Any):
    path.unlink(missing_ok=True)
    with Journal(path) as journal:
        try:
            row = ClipRow("b", **{name: value})
            journal.append([row])
        except (BadRow, AttributeError, TypeError):
            pass
    assert list(read_journal(path)) in ([], ["b"])


def test_a_log_that_is_replaced_while_waiting_for_its_lock_is_reopened(path: Path, monkeypatch: pytest.MonkeyPatch):
    write(path, ROWS[:1])
    flock = fcntl.flock

    def replaced_first(file: Any, how: int) -> None:
        monkeypatch.undo()
        path.rename(path.with_name("old"))
        write(path, ROWS[1:2])
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", replaced_first)
    write(path, ROWS[2:])
    assert list(read_journal(path)) == ["b", "c"]
