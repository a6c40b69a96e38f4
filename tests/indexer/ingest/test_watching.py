"""The records of a watched journal reach the index, whatever happens to the index meanwhile."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

import pytest

from hearsay.errors import BadRow
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal
from indexer.cli.command_line import main
from indexer.embedded.writer import EmbeddedWriter
from indexer.errors import IndexInUse, IndexMissing, LoadFailed
from indexer.ingest import load as loading
from indexer.ingest import tailed_journal
from indexer.ingest.watching import Watcher
from indexer.passages import Passage
from indexer.provenance import SourceFile
from indexer.query_tree import Term
from tests.conftest import PROJECT

CORPUS = [ClipRow("set/1.mp3", generated_text="the boy ran")]
HELLO = ClipRow("inbox/hello.wav", generated_text="hello there", age="twenties", dataset="inbox")
LATER = ClipRow("inbox/later.wav", generated_text="see you later", dataset="inbox")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[EmbeddedWriter]:
    index = EmbeddedWriter(tmp_path / "index")
    loading.load(index, CORPUS, tmp_path / "deletions.jsonl")
    yield index
    index.close()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "inbox" / "clips.jsonl"


def append(journal: Path, *rows: ClipRow) -> None:
    with Journal(journal) as opened:
        opened.append(rows)


def watcher_of(index: EmbeddedWriter, journal: Path, notes: list[str] | None = None) -> Watcher:
    collected: list[str] = [] if notes is None else notes
    return Watcher(index, journal, journal.parent.parent / "deletions.jsonl", collected.append)


def clips(index: EmbeddedWriter) -> set[str]:
    return {row.id for row in (*CORPUS, HELLO, LATER) if index.count(Term("clip", row.id))}


def test_rows_are_put_as_they_are_appended(index: EmbeddedWriter, journal: Path):
    watcher = watcher_of(index, journal)
    watcher.look()
    append(journal, HELLO)
    watcher.look()
    assert clips(index) == {"set/1.mp3", HELLO.id}

    append(journal, LATER, ClipRow(HELLO.id, deleted=True))
    watcher.look()
    assert clips(index) == {"set/1.mp3", LATER.id}


def test_an_incomplete_line_is_put_once_it_is_complete(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-10])
    watcher = watcher_of(index, journal)
    watcher.look()
    assert clips(index) == {"set/1.mp3"}

    journal.write_bytes(whole)
    watcher.look()
    assert HELLO.id in clips(index)


# ── a replaced log ──────────────────────────────────────────────────────────────────────────────────────────────────


def lines(*rows: ClipRow) -> bytes:
    return "".join(json.dumps(row.to_json(), ensure_ascii=False) + "\n" for row in rows).encode()


def in_place(journal: Path, content: bytes) -> None:
    journal.write_bytes(content)


def by_rename(journal: Path, content: bytes) -> None:
    other = journal.with_name("other.jsonl")
    other.write_bytes(content)
    other.replace(journal)


def by_rename_with_its_times(journal: Path, content: bytes) -> None:
    status = journal.stat()
    by_rename(journal, content)
    os.utime(journal, ns=(status.st_atime_ns, status.st_mtime_ns))


def made_again(journal: Path, content: bytes) -> None:
    journal.unlink()
    journal.write_bytes(content)


HELLA = ClipRow("inbox/hella.wav", generated_text="hallo where", age="twenties", dataset="inbox")
"""A row of the same length as `HELLO`."""

OTHERS = {
    "of the same length": lines(LATER, HELLA),
    "of the same length in the same order": lines(HELLA, LATER),
    "shorter": lines(HELLA),
    "longer": lines(HELLA, LATER, ClipRow("inbox/third.wav", generated_text="a third one")),
    "of the same beginning, shorter": lines(HELLO, HELLA),
    "with a half-written line": lines(HELLA) + b'{"filename": "half',
}


@pytest.mark.parametrize("is_new_start", [False, True], ids=["while it runs", "at a new start"])
@pytest.mark.parametrize("replace", [in_place, by_rename, by_rename_with_its_times, made_again])
@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_a_replaced_log_is_put_from_its_beginning(
    index: EmbeddedWriter, journal: Path, content: bytes, replace: Callable[[Path, bytes], None], is_new_start: bool
):
    journal.parent.mkdir()
    journal.write_bytes(lines(HELLO, LATER))
    notes: list[str] = []
    watcher = watcher_of(index, journal, notes)
    watcher.look()
    replace(journal, content)
    if is_new_start:
        watcher = watcher_of(index, journal, notes)
    watcher.look()
    assert index.count(Term("clip", HELLA.id)) == 1
    others = {HELLA.id, "inbox/third.wav"} if b"third" in content else {HELLA.id}
    assert index.count() == len({"set/1.mp3", HELLO.id, LATER.id} | others), "nothing is indexed twice"
    assert [text for text in notes if "was replaced by another log" in text]
    notes.clear()
    watcher.look()
    watcher_of(index, journal, notes).look()
    assert notes == [], "indexed clips are not put again"
    with journal.open("ab") as file:  # the half-written line is completed here
        file.write(b'"}\n' if content.endswith(b"half") else b"")
        file.write(lines(HELLO))
    index.delete([HELLO.id])
    watcher.look()
    assert HELLO.id in clips(index), "the log is still followed"


def test_a_removed_log_is_followed_again_once_it_is_recreated(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    watcher = watcher_of(index, journal)
    watcher.look()
    journal.unlink()
    watcher.look()
    append(journal, LATER)
    watcher.look()
    assert clips(index) == {"set/1.mp3", HELLO.id, LATER.id}


def test_only_new_records_of_a_copied_log_are_put(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    watcher = watcher_of(index, journal)
    watcher.look()
    notes: list[str] = []
    by_rename(journal, journal.read_bytes() + lines(LATER))
    watcher_of(index, journal, notes).look()
    assert notes == [f"put 1 and deleted 0 clips ({LATER.id})"]


def test_a_deleted_clip_stays_deleted_if_its_log_is_replaced(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    notes: list[str] = []
    watcher = watcher_of(index, journal, notes)
    watcher.look()
    loading.delete(index, [HELLO.id], journal.parent.parent / "deletions.jsonl")
    by_rename(journal, lines(LATER, HELLO))
    watcher.look()
    assert clips(index) == {"set/1.mp3", LATER.id}
    assert "1 of its clips were deleted and stay deleted" in notes[-1]


def test_only_the_ends_of_a_growing_log_are_checked_and_a_replaced_log_is_read_completely(
    index: EmbeddedWriter, journal: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tailed_journal, "READ_WHOLE", 10)
    monkeypatch.setattr(tailed_journal, "_END", 4)
    append(journal, HELLO)
    notes: list[str] = []
    watcher = watcher_of(index, journal, notes)
    watcher.look()
    append(journal, LATER)
    watcher.look()
    assert notes == [f"put 1 and deleted 0 clips ({row.id})" for row in (HELLO, LATER)]
    by_rename(journal, journal.read_bytes().replace(b"hello there", b"hallo where") + lines(HELLA))
    watcher.look()
    kept = index.get(HELLO.id)
    assert kept is not None
    assert kept.row.generated_text == "hallo where"
    assert index.count(Term("clip", HELLA.id)) == 1


def test_the_position_file_of_an_older_version_is_accepted(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    watcher_of(index, journal).look()
    journal.with_name(f"{journal.name}.put").write_text(f"{journal.stat().st_size}\n", encoding="utf-8")
    append(journal, LATER)
    notes: list[str] = []
    watcher_of(index, journal, notes).look()
    assert notes == [f"put 1 and deleted 0 clips ({LATER.id})"]


def test_a_restarted_watch_continues_at_the_saved_position(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    watcher_of(index, journal).look()
    index.put([Passage(HELLO.id, 0.0, None, ClipRow(HELLO.id, generated_text="put by hand since"))])
    append(journal, LATER)

    notes: list[str] = []
    watcher_of(index, journal, notes).look()

    assert notes == [f"put 1 and deleted 0 clips ({LATER.id})"]
    kept = index.get(HELLO.id)
    assert kept is not None
    assert kept.row.generated_text == "put by hand since"


def test_the_watcher_puts_the_inbox_again_after_a_load_except_deleted_clips(
    index: EmbeddedWriter, journal: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("indexer.ingest.watching.CHECK_SECONDS", 0.0)
    deletions = journal.parent.parent / "deletions.jsonl"
    watcher = watcher_of(index, journal)
    append(journal, HELLO, LATER)
    watcher.look()
    loading.delete(index, [LATER.id], deletions)

    loading.load(index, CORPUS, deletions)
    assert clips(index) == {"set/1.mp3"}
    watcher.look()
    assert clips(index) == {"set/1.mp3", HELLO.id}

    append(journal, LATER)  # it was added again
    watcher.look()
    loading.load(index, [*CORPUS, LATER], deletions)
    assert LATER.id in clips(index)


def test_the_watcher_continues_once_a_missing_index_exists(tmp_path: Path, journal: Path):
    index = EmbeddedWriter(tmp_path / "index")
    append(journal, HELLO)
    watcher = watcher_of(index, journal)
    with pytest.raises(IndexMissing):
        watcher.look()

    loading.load(index, CORPUS, tmp_path / "deletions.jsonl")
    watcher.look()
    assert HELLO.id in clips(index)


def test_a_row_is_put_after_a_concurrent_load(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    watcher = watcher_of(index, journal)

    def slowly() -> Iterator[Passage]:
        with pytest.raises(IndexInUse):
            watcher.look()
        yield Passage("set/1.mp3", 0.0, None, CORPUS[0])

    index.replace(slowly())
    watcher.look()
    assert HELLO.id in clips(index)


def test_a_rejected_row_does_not_stop_other_rows(index: EmbeddedWriter, journal: Path, monkeypatch: pytest.MonkeyPatch):
    put = index.put

    def refusing(passages: Iterator[Passage], files: Sequence[SourceFile]) -> int:
        coming = list(passages)
        if HELLO.id in {passage.clip for passage in coming}:
            raise LoadFailed(f"{HELLO.id} cannot be indexed")
        return put(coming, files)

    monkeypatch.setattr(index, "put", refusing)
    append(journal, HELLO, LATER)
    with pytest.raises(LoadFailed, match=HELLO.id):
        watcher_of(index, journal).look()
    assert clips(index) == {"set/1.mp3", LATER.id}


def test_a_line_that_is_not_a_record_is_reported(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    with journal.open("a", encoding="utf-8") as file:
        file.write("not a row\n")
    with pytest.raises(BadRow, match="not a line of JSON"):
        watcher_of(index, journal).look()


def test_a_problem_and_its_end_are_reported_once(index: EmbeddedWriter, journal: Path, tmp_path: Path):
    notes: list[str] = []
    ended = Event()

    def note(text: str) -> None:
        notes.append(text)
        if "yet" in text:
            loading.load(lost, CORPUS, tmp_path / "deletions.jsonl")
        elif "again" in text:
            ended.set()

    lost = EmbeddedWriter(tmp_path / "lost")
    append(journal, HELLO)
    watcher = Watcher(lost, journal, tmp_path / "deletions.jsonl", note)
    watcher.watch(ended.is_set)
    assert [text.partition(" in ")[0] for text in notes] == [
        "there is no index",
        f"put 1 and deleted 0 clips ({HELLO.id})",
        "the index is available again",
    ]
    assert watcher.trouble == ""


def watching(index: Path, journal: Path) -> "subprocess.Popen[str]":
    words = ("put", "--watch", str(journal), "--index", str(index))
    return subprocess.Popen([sys.executable, "-m", "indexer", *words], cwd=PROJECT, stderr=subprocess.PIPE, text=True)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 200
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_puts_records_until_it_is_terminated(
    index: EmbeddedWriter, journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
):
    monkeypatch.setenv("DELETIONS", str(tmp_path / "deletions.jsonl"))
    with watching(tmp_path / "index", journal) as process:
        try:
            append(journal, HELLO)
            wait_until(lambda: HELLO.id in clips(index))
            append(journal, LATER)
            wait_until(lambda: LATER.id in clips(index))
        finally:
            process.send_signal(number)
            _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


SIGNALLED_AT_EVERY_LINE = textwrap.dedent("""
    import signal, sys
    from pathlib import Path
    from indexer.ingest import watching
    from indexer.cli.command_line import main

    watch, lines, end = watching.Watcher.watch, 0, 0

    def trace(frame, event, _):
        global lines
        if Path(frame.f_code.co_filename).name not in {"watching.py", "commands.py", "threading.py"}:
            return None
        if event == "line" and (lines := lines + 1) == end:
            signal.raise_signal(signal.SIGTERM)
        return trace

    def watch_and_report(*arguments):
        sys.settrace(trace)
        watch(*arguments)
        sys.settrace(None)

    watching.LOOK_SECONDS = 0.001
    watching.Watcher.watch = watch_and_report
    for end in range(1, 60):
        lines = 0
        print(main(["put", "--watch", sys.argv[1], "--index", sys.argv[2]]))
""")
"""Watches a journal repeatedly, and gets SIGTERM before each line of our code and of Python's threads in turn."""


def test_the_command_ends_whenever_it_is_terminated(index: EmbeddedWriter, journal: Path, tmp_path: Path):
    append(journal, HELLO)
    watcher_of(index, journal).look()
    command = [sys.executable, "-c", SIGNALLED_AT_EVERY_LINE, journal, tmp_path / "index"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=250, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["0"] * 59


def test_the_exit_status_is_1_if_rows_are_left_over(tmp_path: Path, journal: Path):
    append(journal, HELLO)
    with watching(tmp_path / "index", journal) as process:
        assert process.stderr is not None
        assert f"following {journal}: new records are put into the index" in process.stderr.readline()
        assert "there is no index" in process.stderr.readline()
        process.terminate()
        assert process.wait(200) == 1


def test_a_table_or_several_files_cannot_be_watched(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    for files in (["clips.csv"], ["a.jsonl", "b.jsonl"]):
        assert main(["put", "--watch", "--index", str(tmp_path / "index"), *files]) == 2
        assert "--watch takes one log" in capsys.readouterr().err
