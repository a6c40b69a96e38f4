"""The embedded engine with other processes: a second writer, writers killed at any moment, and readers."""

import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from indexer.embedded.writer import EmbeddedWriter
from indexer.errors import IndexInUse
from indexer.index import Request, SearchWriter
from indexer.schema import FACETS
from tests.conftest import PROJECT
from tests.support.contract import ids, rows, transcribed

OLD = [f"{number:03}" for number in range(60)]
NEW = [f"{number:03}" for number in range(30, 90)]

WRITER = textwrap.dedent("""
    import os, shutil, signal, sys
    from indexer.embedded.writer import EmbeddedWriter
    from indexer.phonetics.g2p import english
    from pathlib import Path
    from tests.support.contract import rows
    from tests.indexer.embedded.test_killed import NEW

    made, copies, doing, moments = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    english()  # is read once, before the many writers begin
    lines = 0

    def write(folder, end):
        global lines
        def watch(frame, event, _):
            global lines
            if Path(frame.f_code.co_filename).parent.name != "embedded":
                return None
            if event == "line" and (lines := lines + 1) == end:
                os.kill(os.getpid(), signal.SIGKILL)
            return watch
        index = EmbeddedWriter(shutil.copytree(made, folder), keep=2)
        do = {
            "replace": lambda: index.replace(rows(*NEW, text="new words")),
            "unordered": lambda: index.replace(rows(*reversed(NEW), text="new words")),
            "put": lambda: index.put(rows(*NEW, text="new words")),
            "delete": lambda: index.delete(NEW),
            "rollback": index.rollback,
        }[doing]
        sys.settrace(watch)
        do()
        sys.settrace(None)

    def in_a_process(folder, end):
        "Write in a child process; return its number of lines, if it was not killed, and its status."
        reading, writing = os.pipe()
        if not (child := os.fork()):
            write(folder, end)
            os.write(writing, str(lines).encode())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        os.close(writing)
        with os.fdopen(reading) as report:
            return int(report.read() or 0), status

    last, _ = in_a_process(copies / "whole", 0)
    for end in sorted({*range(1, last, last // moments), last}):
        _, status = in_a_process(copies / str(end), end)
        assert os.WTERMSIG(status) == signal.SIGKILL
""")
"""Writes a copy of an index in many processes, each of which kills itself before a different line of our code."""


def loaded(folder: Path) -> EmbeddedWriter:
    """An index of two versions, of which `OLD` is served."""
    index = EmbeddedWriter(folder)
    index.replace(rows("before"))
    index.replace(rows(*OLD))
    return index


def state(index: SearchWriter) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The hits for the words of both loads, checked against the count, the facets and the passages."""
    result = index.search(Request(size=1000, facets=FACETS))
    found = [hit.passage.id for hit in result.hits]
    assert result.total == index.count() == len(found)
    assert {sum(counts.values()) for counts in result.facets.values()} == {len(found)}
    old, new = ids(index, transcribed("same"), 1000), ids(index, transcribed("new"), 1000)
    assert sorted([*old, *new]) == found
    assert index.lexicon().passages >= 1
    return tuple(old), tuple(new)


DONE = {
    "replace": ((), tuple(NEW)),
    "unordered": ((), tuple(NEW)),
    "put": (tuple(OLD[:30]), tuple(NEW)),
    "delete": (tuple(OLD[:30]), ()),
    "rollback": (("before",), ()),
}


@pytest.mark.parametrize("doing", DONE)
def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_state(tmp_path: Path, doing: str):
    made, copies = tmp_path / "made", tmp_path / "copies"
    loaded(made).close()
    subprocess.run([sys.executable, "-c", WRITER, made, copies, doing, "8"], cwd=PROJECT, check=True)
    outcomes = {folder.name: state(EmbeddedWriter(folder)) for folder in copies.iterdir()}
    assert outcomes.pop("whole") == DONE[doing]
    assert len(outcomes) > 8
    assert set(outcomes.values()) == {(tuple(OLD), ()), DONE[doing]}, outcomes


def test_the_next_writer_after_a_killed_one_is_not_blocked_and_cleans_up(tmp_path: Path):
    made, copies = tmp_path / "made", tmp_path / "copies"
    loaded(made).close()
    subprocess.run([sys.executable, "-c", WRITER, made, copies, "put", "3"], cwd=PROJECT, check=True)
    subprocess.run([sys.executable, "-c", WRITER, made, copies / "more", "unordered", "3"], cwd=PROJECT, check=True)
    for folder in (*copies.glob("[0-9]*"), *copies.glob("more/[0-9]*")):
        index = EmbeddedWriter(folder, keep=2)
        assert index.put(rows("zzz")) == 1
        assert ids(index, size=1000)[-1] == "zzz"
        assert index.replace(rows("after")) == 1
        assert ids(index) == ["after"]
        assert len(list((folder / "versions").iterdir())) == 2


SECOND_WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from indexer.embedded.writer import EmbeddedWriter
    from tests.support.contract import rows

    def slowly():
        yield from rows("b")
        print("writing", flush=True)
        sys.stdin.readline()
        yield from rows("c")

    print(EmbeddedWriter(Path(sys.argv[1])).replace(slowly()))
""")


def test_a_second_writer_is_rejected_and_readers_continue(tmp_path: Path):
    index = EmbeddedWriter(tmp_path)
    index.replace(rows("a"))
    with subprocess.Popen(
        [sys.executable, "-c", SECOND_WRITER, tmp_path],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == "writing\n"
        for change in (lambda: index.put(rows("d")), lambda: index.delete(["a"]), lambda: index.replace([])):
            with pytest.raises(IndexInUse, match=r"another process is writing .*try again when it has finished"):
                change()
        assert ids(index) == ["a"]
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.stdout.readline() == "2\n"
    assert ids(index) == ["b", "c"]
    assert index.put(rows("d")) == 1


READER = textwrap.dedent("""
    import json, sys
    from pathlib import Path
    from indexer.embedded.writer import EmbeddedWriter
    from indexer.schema import FACETS
    from indexer.index import Request
    from tests.support.contract import transcribed

    index, seen = EmbeddedWriter(Path(sys.argv[1])), set()
    print("reading", flush=True)
    while not Path(sys.argv[2]).exists():
        answer = index.search(Request(transcribed("same"), size=1000, facets=FACETS))
        seen.add((tuple(hit.passage.id for hit in answer.hits), answer.total, sum(answer.facets["age"].values())))
        Path(sys.argv[3], str(len(seen))).touch()
    print(json.dumps(sorted(seen)))
""")


def test_another_process_reads_a_consistent_state(tmp_path: Path):
    """The order too: after a put, documents are stored in another order, and ties are still ordered by id."""
    folder, done, seen_so_far = tmp_path / "index", tmp_path / "done", tmp_path / "seen"
    seen_so_far.mkdir()
    index = EmbeddedWriter(folder)
    index.replace(rows(*OLD))
    states = {tuple(OLD)}
    words = [sys.executable, "-c", READER, folder, done, seen_so_far]
    with subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == b"reading\n"
        for number in count():
            if number >= 4 and len(list(seen_so_far.iterdir())) > 3:
                break
            for change in (
                lambda number=number: index.replace(rows(*NEW[number % len(NEW) :])),
                lambda: index.put(rows("0", "045x", "9")),
                lambda: index.delete(OLD[:45]),
                lambda: index.put(rows(*OLD)),
                index.rollback,
            ):
                change()
                states.add(tuple(ids(index, transcribed("same"), 1000)))
        done.touch()
        seen = json.loads(reader.stdout.read())
    for hits, total, counted in seen:
        assert tuple(hits) in states
        assert total == counted == len(hits)


@pytest.mark.parametrize("change", [lambda index: index.delete(OLD[:9]), lambda index: index.put(rows(*OLD[:9]))])
def test_deletions_that_a_killed_writer_did_not_commit_do_not_block_the_next_one(
    tmp_path: Path, change: Callable[[EmbeddedWriter], int]
):
    index = loaded(folder := tmp_path / "index")
    version = folder / "versions" / (folder / "current").read_text(encoding="utf-8").strip()
    shutil.copytree(version, tmp_path / "before")
    change(index)
    (deletions,) = version.glob("*.del")
    shutil.copy2(deletions, tmp_path / "before")
    shutil.rmtree(version)
    shutil.copytree(tmp_path / "before", version)
    killed = EmbeddedWriter(folder)
    assert ids(killed) == OLD
    assert change(killed) == 9
    assert len(list(version.glob("*.del"))) == 1
    assert killed.delete(OLD[9:12]) == 3
    assert set(ids(killed, size=100)).isdisjoint(OLD[9:12])
