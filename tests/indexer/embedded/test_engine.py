import json
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tantivy import Index

from indexer.documents import document_of
from indexer.embedded import segments as embedded_writing
from indexer.embedded.ranks import fresh_rank
from indexer.embedded.reader import EmbeddedReader
from indexer.embedded.segments import add, put_in_order, write_fresh, writing
from indexer.embedded.writer import EmbeddedWriter
from indexer.errors import IndexDamaged, IndexIncompatible, IndexMissing, IndexUnavailable, LoadFailed
from indexer.index import Request, SearchReader
from indexer.passages import Passage
from tests.conftest import PROJECT
from tests.support.contract import OpenIndex, ids, paged, rows, transcribed
from tests.support.contract_queries import QueriesContract
from tests.support.contract_reader import MANY, ReaderContract
from tests.support.contract_writer import WriterContract
from tests.support.mounts import mounted
from tests.support.rows import ALL, passages
from tests.support.versions import redescribe


def loaded(folder: Path, there: Sequence[Passage]) -> EmbeddedReader:
    """A reader of a folder into which a writer has loaded these passages."""
    writer = EmbeddedWriter(folder)
    writer.replace(there)
    writer.close()
    return EmbeddedReader(folder)


def put_in_parts(folder: Path, *parts: list[Passage]) -> Iterator[SearchReader]:
    """A reader of a folder into which these passages were put, one part after the other."""
    writer = EmbeddedWriter(folder)
    writer.replace([])
    for part in parts:
        writer.put(part)
    writer.close()
    yield (reader := EmbeddedReader(folder))
    reader.close()


class TestEmbedded(QueriesContract, ReaderContract, WriterContract):
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchReader]:
        yield (reader := loaded(tmp_path_factory.mktemp("made"), passages()))
        reader.close()

    @pytest.fixture
    def many(self, tmp_path: Path) -> Iterator[SearchReader]:
        yield (reader := loaded(tmp_path / "many", MANY))
        reader.close()

    @pytest.fixture
    def open_index(self, tmp_path: Path) -> OpenIndex:
        return lambda: EmbeddedWriter(tmp_path / "index", keep=3)


class TestEmbeddedAfterManyPuts(QueriesContract, ReaderContract):
    """The same contract with documents in several segments, in the order in which they were put."""

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchReader]:
        yield from put_in_parts(tmp_path_factory.mktemp("put"), *(passages(ALL[start::4]) for start in (3, 1, 0, 2)))

    @pytest.fixture
    def many(self, tmp_path: Path) -> Iterator[SearchReader]:
        yield from put_in_parts(tmp_path, *(MANY[start::4] for start in (3, 1, 0, 2)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def test_creating_an_index_object_creates_no_folder(folder: Path):
    EmbeddedWriter(folder).close()
    assert not folder.exists()


def test_a_load_killed_at_any_point_leaves_the_last_version_and_the_next_load_cleans_up(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    program = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from indexer.embedded import writer as embedded
        from indexer.embedded import segments as embedded_writing
        from tests.support.contract import rows
        at, names = sys.argv[2], [str(number) for number in range(50)]
        def killing(function):
            def killed(*arguments, **named):
                result = function(*arguments, **named)
                os.kill(os.getpid(), signal.SIGKILL)
            return killed
        if at == "add":
            embedded_writing.add = killing(embedded_writing.add)
        elif at == "describe":
            embedded._describe = killing(embedded._describe)
        elif at == "rename":
            Path.rename = killing(Path.rename)
        embedded.EmbeddedWriter(Path(sys.argv[1])).replace(rows(*names))
    """)
    for point in ("add", "describe", "rename"):
        ended = subprocess.run([sys.executable, "-c", program, folder, point], cwd=PROJECT, check=False)
        assert ended.returncode == -signal.SIGKILL, point
        assert ids(index) == ["a"]
        assert ids(EmbeddedWriter(folder)) == ["a"]
    assert len(list((folder / "versions").iterdir())) > 1
    index.replace(rows("b"))
    assert len(list((folder / "versions").iterdir())) == 2
    assert ids(index) == ["b"]
    index.rollback()
    assert ids(index) == ["a"]


def test_passages_load_in_any_order_and_the_last_of_equal_ids_is_kept(folder: Path):
    index = EmbeddedWriter(folder)
    names = [f"{number:03}" for number in range(300)]
    shuffled = random.Random(1).sample(names, 300)
    assert index.replace([*rows("007", text="old"), *rows(*shuffled[:200]), *rows(*shuffled[100:])]) == 300
    assert ids(index, transcribed("same"), 300) == ids(index, size=300) == names
    assert index.count(transcribed("old")) == 0
    lexicon = index.lexicon()
    assert (lexicon.passages, lexicon.passages_with("same"), lexicon.passages_with("old")) == (300, 300, 0)
    assert not list(folder.rglob("*.sqlite*"))


def test_a_load_interrupted_during_sorting_leaves_the_last_version(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))

    def cut_off() -> Iterator[Passage]:
        yield from rows("c", "b")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.replace(cut_off())
    assert ids(index) == ["a"]
    assert len(list((folder / "versions").iterdir())) == 1


def test_ties_are_ordered_by_id_in_several_segments_and_after_a_deletion(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embedded_writing, "_WRITER_BYTES", 15_000_000)  # the minimum of the engine
    index = EmbeddedWriter(folder)
    (row,) = rows("any")
    names = [f"{number:06}" for number in range(50_000)]
    index.replace(replace(row, id=name, row=replace(row.row, id=name)) for name in names)
    version = folder / "versions" / index.about().version
    assert len(json.loads((version / "meta.json").read_text())["segments"]) > 1
    assert json.loads((version / "about.json").read_text())["ordered"]
    deep_page = Request(transcribed("same"), size=20, page=1001)
    assert [hit.passage.id for hit in index.search(deep_page).hits] == names[20_000:20_020]
    index.delete(names[:10])
    assert [hit.passage.id for hit in index.search(deep_page).hits] == names[20_010:20_030]


def test_segments_merged_in_another_order_are_detected(folder: Path):
    folder.mkdir()
    documents = list(map(document_of, rows("a", "b")))
    done: list[str] = []
    assert write_fresh(folder, documents, lambda: done.append("meanwhile")) == 2
    assert done == ["meanwhile"]
    assert put_in_order(folder)
    with writing(Index.open(str(folder)), folder) as writer:
        add(writer, documents[0], fresh_rank(1))
    assert not put_in_order(folder), "two documents have the same rank"


def test_a_load_fails_if_its_lexicon_cannot_be_written(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))

    def blocks_the_lexicon_file() -> Iterator[Passage]:
        (fresh,) = {path.parent for path in folder.glob("**/meta.json")} - {folder / "versions" / index.about().version}
        (fresh / "lexicon.npz").mkdir()
        yield from rows("b")

    with pytest.raises(OSError, match=r"lexicon\.npz"):
        index.replace(blocks_the_lexicon_file())
    assert ids(index) == ["a"]


def test_clips_put_one_by_one_are_ordered_by_id(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a", "z"), audio="/audio")
    names = [f"m{number:03}" for number in range(45)]
    for name in names:
        index.put(rows(name))
    assert ids(index) == ["a", *names, "z"]
    assert ids(index, transcribed("same")) == ["a", *names, "z"]
    assert ids(index, transcribed("same"), 10, 3) == names[19:29]
    assert index.about().audio == "/audio"


def test_ties_across_many_pages_are_complete(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows(*(f"{number:04}" for number in range(0, 400, 2))))
    index.put(rows(*(f"{number:04}" for number in range(1, 400, 2))))
    index.put(rows("best", text="same"))
    whole = ["best", *(f"{number:04}" for number in range(400))]
    assert ids(index, transcribed("same"), 500) == whole
    assert paged(index, transcribed("same"), 30, 14) == whole


def test_an_index_of_another_version_must_be_loaded_again(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    redescribe(folder / "versions" / index.about().version, lambda about: about | {"schema": 0})
    with pytest.raises(IndexIncompatible, match="load your files again"):
        EmbeddedWriter(folder).search(Request())
    EmbeddedWriter(folder).replace(rows("b"))
    assert ids(EmbeddedWriter(folder)) == ["b"]


def test_a_damaged_index_must_be_loaded_again(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    (folder / "versions" / index.about().version / "meta.json").write_text("{")
    with pytest.raises(IndexDamaged, match="load your files again"):
        EmbeddedWriter(folder).count()


@pytest.mark.parametrize("packed", [b"", b"no words", b"PK\x03\x04cut off", None])
def test_a_damaged_or_missing_lexicon_is_reported_with_the_advice_to_load_again(folder: Path, packed: bytes | None):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    lexicon = folder / "versions" / index.about().version / "lexicon.npz"
    lexicon.unlink() if packed is None else lexicon.write_bytes(packed)
    with pytest.raises(IndexMissing if packed is None else IndexDamaged, match="load your files again"):
        EmbeddedWriter(folder).lexicon()
    assert EmbeddedWriter(folder).count() == 1, "searches without expansions are answered"


def test_a_reader_leaves_no_lock_in_the_folder(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(passages())
    assert index.count() == len(passages())
    (lock,) = folder.rglob(".tantivy-meta.lock")
    lock.unlink()
    time.sleep(1)  # a file watcher would have polled twice by now, and locked the folder
    assert not lock.exists()
    index.close()


def test_a_removed_version_is_reported(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    (folder / "current").write_text("20000101000000000000")
    with pytest.raises(IndexMissing, match="load your files again"):
        index.count()


def test_a_file_in_place_of_the_folder_is_reported_by_name(tmp_path: Path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(IndexUnavailable, match=str(file)):
        EmbeddedWriter(file).replace(rows("a"))
    with pytest.raises(IndexUnavailable, match="set INDEX_URL to a folder"):
        EmbeddedWriter(file).count()


def test_a_passage_that_the_engine_rejects_is_reported_and_nothing_changes(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    (good,) = rows("b")
    bad = Passage("c", "soon", None, good.row)  # type: ignore[arg-type]
    with pytest.raises(LoadFailed, match="c cannot be indexed"):
        index.replace([good, bad])
    with pytest.raises(LoadFailed, match="c cannot be indexed"):
        index.put([good, bad])
    assert ids(index) == ["a"]
    assert index.put(rows("b")) == 1


CHANGE_ON_A_FULL_DISK = """
import sys
from contextlib import suppress
from pathlib import Path
from random import Random
from indexer.embedded.writer import EmbeddedWriter
from indexer.errors import LoadFailed
from tests.support.contract import rows
folder, chance = Path(sys.argv[1]), Random(16)
words = lambda: " ".join(chance.choices(("red", "green", "blue", "white", "black", "grey"), k=40))
index = EmbeddedWriter(folder / "index")
index.replace(rows("a"))
many = [rows(f"{number:05}", text=words())[0] for number in range(6000)]
try:
    index.put(many)
except LoadFailed as problem:
    print(problem)
with suppress(OSError), (folder / "fill").open("wb", buffering=0) as fill:
    while fill.write(bytes(4096)):
        pass
try:
    index.replace(many)
except OSError as problem:
    print(problem.strerror)
print(index.count(), len(list((folder / "index" / "versions").iterdir())))
"""


def test_a_full_disk_is_named_and_no_unfinished_version_is_left(tmp_path: Path):
    ended = mounted('mount -t tmpfs -o size=256k none "$folder"', tmp_path, CHANGE_ON_A_FULL_DISK, str(tmp_path))
    assert ended.stdout.splitlines() == [
        "the index could not be written: No space left on device; the previous one is still served",
        "No space left on device",
        "1 1",
    ], ended.stderr
