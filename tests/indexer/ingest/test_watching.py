"""A journal that is watched ends up in the index, whatever becomes of the index meanwhile."""

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


def watcher_of(index: EmbeddedWriter, journal: Path, said: list[str] | None = None) -> Watcher:
    told: list[str] = [] if said is None else said
    return Watcher(index, journal, journal.parent.parent / "deletions.jsonl", told.append)


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


def test_a_line_that_is_still_being_written_waits_for_its_end(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-10])
    watcher = watcher_of(index, journal)
    watcher.look()
    assert clips(index) == {"set/1.mp3"}

    journal.write_bytes(whole)
    watcher.look()
    assert HELLO.id in clips(index)


# ── another log in the place of the one that was put ────────────────────────────────────────────────────────────────


def lines(*rows: ClipRow) -> bytes:
    return "".join(json.dumps(row.to_json(), ensure_ascii=False) + "\n" for row in rows).encode()


def in_place(journal: Path, content: bytes) -> None:
    journal.write_bytes(content)


def by_rename(journal: Path, content: bytes) -> None:
    other = journal.with_name("other.jsonl")
    other.write_bytes(content)
    other.replace(journal)


def by_rename_with_its_times(journal: Path, content: bytes) -> None:
    told = journal.stat()
    by_rename(journal, content)
    os.utime(journal, ns=(told.st_atime_ns, told.st_mtime_ns))


def made_again(journal: Path, content: bytes) -> None:
    journal.unlink()
    journal.write_bytes(content)


HELLA = ClipRow("inbox/hella.wav", generated_text="hallo where", age="twenties", dataset="inbox")
"""A row that is as long as `HELLO`'s."""

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
def test_a_log_that_took_the_place_of_another_is_put_from_its_beginning(
    index: EmbeddedWriter, journal: Path, content: bytes, replace: Callable[[Path, bytes], None], is_new_start: bool
):
    journal.parent.mkdir()
    journal.write_bytes(lines(HELLO, LATER))
    said: list[str] = []
    watcher = watcher_of(index, journal, said)
    watcher.look()
    replace(journal, content)
    if is_new_start:
        watcher = watcher_of(index, journal, said)
    watcher.look()
    assert index.count(Term("clip", HELLA.id)) == 1
    others = {HELLA.id, "inbox/third.wav"} if b"third" in content else {HELLA.id}
    assert index.count() == len({"set/1.mp3", HELLO.id, LATER.id} | others), "nothing is indexed twice"
    assert [text for text in said if "was replaced by another log" in text]
    said.clear()
    watcher.look()
    watcher_of(index, journal, said).look()
    assert said == [], "what was put is not put again"
    with journal.open("ab") as file:  # the half-written line is no line of ours: it is ended here
        file.write(b'"}\n' if content.endswith(b"half") else b"")
        file.write(lines(HELLO))
    index.delete([HELLO.id])
    watcher.look()
    assert HELLO.id in clips(index), "it is followed on"


def test_a_log_that_was_removed_waits_for_one_that_is_made_again(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    watcher = watcher_of(index, journal)
    watcher.look()
    journal.unlink()
    watcher.look()
    append(journal, LATER)
    watcher.look()
    assert clips(index) == {"set/1.mp3", HELLO.id, LATER.id}


def test_a_log_that_was_copied_whole_and_went_on_is_not_put_again(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    watcher = watcher_of(index, journal)
    watcher.look()
    said: list[str] = []
    by_rename(journal, journal.read_bytes() + lines(LATER))
    watcher_of(index, journal, said).look()
    assert said == [f"put 1 and deleted 0 clips ({LATER.id})"]


def test_what_a_person_deleted_stays_deleted_when_its_log_is_replaced(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    said: list[str] = []
    watcher = watcher_of(index, journal, said)
    watcher.look()
    loading.delete(index, [HELLO.id], journal.parent.parent / "deletions.jsonl")
    by_rename(journal, lines(LATER, HELLO))
    watcher.look()
    assert clips(index) == {"set/1.mp3", LATER.id}
    assert "1 of its clips were deleted and stay deleted" in said[-1]


def test_of_a_long_log_that_grows_only_the_ends_are_read_again_and_all_of_another_one(
    index: EmbeddedWriter, journal: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tailed_journal, "READ_WHOLE", 10)
    monkeypatch.setattr(tailed_journal, "_END", 4)
    append(journal, HELLO)
    said: list[str] = []
    watcher = watcher_of(index, journal, said)
    watcher.look()
    append(journal, LATER)
    watcher.look()
    assert said == [f"put 1 and deleted 0 clips ({row.id})" for row in (HELLO, LATER)]
    by_rename(journal, journal.read_bytes().replace(b"hello there", b"hallo where") + lines(HELLA))
    watcher.look()
    kept = index.get(HELLO.id)
    assert kept is not None
    assert kept.row.generated_text == "hallo where"
    assert index.count(Term("clip", HELLA.id)) == 1


def test_the_mark_of_an_older_version_holds(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    watcher_of(index, journal).look()
    journal.with_name(f"{journal.name}.put").write_text(f"{journal.stat().st_size}\n", encoding="utf-8")
    append(journal, LATER)
    said: list[str] = []
    watcher_of(index, journal, said).look()
    assert said == [f"put 1 and deleted 0 clips ({LATER.id})"]


def test_a_new_start_goes_on_where_the_last_one_ended(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    watcher_of(index, journal).look()
    index.put([Passage(HELLO.id, 0.0, None, ClipRow(HELLO.id, generated_text="put by hand since"))])
    append(journal, LATER)

    said: list[str] = []
    watcher_of(index, journal, said).look()

    assert said == [f"put 1 and deleted 0 clips ({LATER.id})"]
    kept = index.get(HELLO.id)
    assert kept is not None
    assert kept.row.generated_text == "put by hand since"


def test_a_load_that_left_the_inbox_out_gets_it_again_but_for_what_was_deleted(
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

    append(journal, LATER)  # somebody added it once more
    watcher.look()
    loading.load(index, [*CORPUS, LATER], deletions)
    assert LATER.id in clips(index)


def test_an_index_that_is_not_there_yet_is_waited_for(tmp_path: Path, journal: Path):
    index = EmbeddedWriter(tmp_path / "index")
    append(journal, HELLO)
    watcher = watcher_of(index, journal)
    with pytest.raises(IndexMissing):
        watcher.look()

    loading.load(index, CORPUS, tmp_path / "deletions.jsonl")
    watcher.look()
    assert HELLO.id in clips(index)


def test_while_somebody_loads_a_row_waits_and_the_index_is_free_between(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    watcher = watcher_of(index, journal)

    def slowly() -> Iterator[Passage]:
        with pytest.raises(IndexInUse):
            watcher.look()
        yield Passage("set/1.mp3", 0.0, None, CORPUS[0])

    index.replace(slowly())
    watcher.look()
    assert HELLO.id in clips(index)


def test_a_row_that_the_index_refuses_holds_up_no_other(
    index: EmbeddedWriter, journal: Path, monkeypatch: pytest.MonkeyPatch
):
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


def test_a_line_that_is_no_row_is_named_and_nothing_is_passed_over(index: EmbeddedWriter, journal: Path):
    append(journal, HELLO)
    with journal.open("a", encoding="utf-8") as file:
        file.write("not a row\n")
    with pytest.raises(BadRow, match="not a line of JSON"):
        watcher_of(index, journal).look()


def test_trouble_is_said_once_and_so_is_its_end(index: EmbeddedWriter, journal: Path, tmp_path: Path):
    said: list[str] = []
    ended = Event()

    def say(text: str) -> None:
        said.append(text)
        if "yet" in text:
            loading.load(lost, CORPUS, tmp_path / "deletions.jsonl")
        elif "again" in text:
            ended.set()

    lost = EmbeddedWriter(tmp_path / "lost")
    append(journal, HELLO)
    watcher = Watcher(lost, journal, tmp_path / "deletions.jsonl", say)
    watcher.watch(ended.is_set)
    assert [text.partition(" in ")[0] for text in said] == [
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
def test_as_a_process_it_puts_until_it_is_reported_to_end(
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
            _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert "Traceback" not in said


TOLD_AT_EVERY_LINE = textwrap.dedent("""
    import signal, sys
    from pathlib import Path
    from indexer.ingest import watching
    from indexer.cli.command_line import main

    watch, lines, end = watching.Watcher.watch, 0, 0

    def tell(frame, event, _):
        global lines
        if Path(frame.f_code.co_filename).name not in {"watching.py", "commands.py", "threading.py"}:
            return None
        if event == "line" and (lines := lines + 1) == end:
            signal.raise_signal(signal.SIGTERM)
        return tell

    def watch_and_report(*arguments):
        sys.settrace(tell)
        watch(*arguments)
        sys.settrace(None)

    watching.LOOK_SECONDS = 0.001
    watching.Watcher.watch = watch_and_report
    for end in range(1, 60):
        lines = 0
        print(main(["put", "--watch", sys.argv[1], "--index", sys.argv[2]]))
""")
"""Watches a journal repeatedly, and gets a signal to end before each line of ours and of Python's threads in turn."""


def test_at_whatever_moment_it_is_reported_to_end_it_ends(index: EmbeddedWriter, journal: Path, tmp_path: Path):
    append(journal, HELLO)
    watcher_of(index, journal).look()
    told = [sys.executable, "-c", TOLD_AT_EVERY_LINE, journal, tmp_path / "index"]
    ended = subprocess.run(told, cwd=PROJECT, capture_output=True, text=True, timeout=250, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["0"] * 59


def test_where_rows_are_left_over_at_the_end_the_status_says_so(tmp_path: Path, journal: Path):
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
