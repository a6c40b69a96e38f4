"""Indices that are read-only, damaged, incomplete or of another version: each is reported as what it is."""

import gc
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.cli.command_line import main
from indexer.documents import SCHEMA
from indexer.embedded.reader import EmbeddedReader
from indexer.embedded.writer import EmbeddedWriter
from indexer.errors import HOW_TO_RELOAD, IndexDamaged, IndexForeign, IndexIncompatible, IndexMissing, IndexUnavailable
from indexer.index import Request, SearchReader, SearchWriter
from indexer.phonetics.lexicon import Lexicon
from indexer.provenance import Origin
from indexer.schema import FACETS
from tests.conftest import PROJECT, leave_out
from tests.indexer.embedded.test_ownership import CHANGES, everything
from tests.support.contract import ids, rows, transcribed
from tests.support.contract_queries import QueriesContract
from tests.support.contract_reader import MANY, ReaderContract
from tests.support.rows import passages
from tests.support.versions import redescribe

QUESTIONS: tuple[Callable[[SearchWriter], object], ...] = (
    lambda index: index.count(),
    lambda index: index.search(Request(transcribed("the"), facets=FACETS, size=100)),
    lambda index: list(index.walk(Request())),
    lambda index: index.sample(Request()),
    lambda index: index.get("a"),
    lambda index: index.vocabulary(),
    lambda index: index.lexicon(),
    lambda index: index.about(),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def read_only(folder: Path, mounted: Path) -> Iterator[Path]:
    """The folder, mounted read-only in a second place."""
    mounted.mkdir()
    command = 'mount --bind "$0" "$1" && mount -o remount,ro,bind "$1"'
    done = subprocess.run(["sh", "-c", command, folder, mounted], capture_output=True, text=True, check=False)
    if done.returncode:
        subprocess.run(["umount", mounted], capture_output=True, check=False)
        leave_out("mount", f"no folder can be mounted read-only: {done.stderr.strip()}")
    yield mounted
    gc.collect()
    subprocess.run(["umount", "--lazy", mounted], check=True)


class TestEmbeddedReadOnly(QueriesContract, ReaderContract):
    """The same contract on a read-only file system."""

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchReader]:
        folder = tmp_path_factory.mktemp("made")
        EmbeddedWriter(folder / "index").replace(passages())
        for mounted in read_only(folder / "index", folder / "mounted"):
            yield EmbeddedReader(mounted)

    @pytest.fixture
    def many(self, tmp_path: Path) -> Iterator[SearchReader]:
        EmbeddedWriter(tmp_path / "many").replace(MANY)
        for mounted in read_only(tmp_path / "many", tmp_path / "mounted"):
            yield EmbeddedReader(mounted)


@pytest.fixture
def mounted(folder: Path) -> Iterator[Path]:
    """An index with two versions on a read-only file system."""
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    index.replace(rows("b", "c"))
    yield from read_only(folder, folder.with_name("mounted"))


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_on_a_read_only_file_system_is_rejected(mounted: Path, change: str):
    before = everything(mounted)
    with pytest.raises(IndexUnavailable, match=f"cannot be written to {mounted}: Read-only file system; name another"):
        CHANGES[change](EmbeddedWriter(mounted))
    assert everything(mounted) == before


def test_readers_of_a_read_only_folder_see_changes_made_through_another_mount(folder: Path, mounted: Path):
    readers = [EmbeddedWriter(mounted) for _ in range(3)]
    assert [ids(reader) for reader in readers] == [["b", "c"]] * 3
    writer = EmbeddedWriter(folder)
    writer.put(rows("d"))
    assert [ids(reader) for reader in readers] == [["b", "c", "d"]] * 3
    writer.replace(rows("e"))
    assert [ids(reader) for reader in readers] == [["e"]] * 3
    assert all(reader.lexicon().passages == 1 for reader in readers)


def test_readers_leave_no_temporary_files_and_report_a_missing_temporary_folder(
    mounted: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    index = EmbeddedWriter(mounted)
    assert index.count() == 2
    assert not list((tmp_path / "temporary").iterdir())
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(
        IndexUnavailable, match=r"the temporary folder for the engine.s lock files cannot be created.*TMPDIR"
    ):
        EmbeddedWriter(mounted).count()


@pytest.fixture
def of_root() -> Iterator[Path]:
    """An index with two versions in a folder that all users can enter and only root can write to."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        leave_out("root", "only root can run a program as somebody else")
    with tempfile.TemporaryDirectory(prefix="hearsay-index-") as name:
        Path(name).chmod(0o755)
        index = EmbeddedWriter(Path(name, "index"))
        index.replace(rows("a"))
        index.replace(rows("b", "c"))
        yield Path(name, "index")


def as_nobody(*words: str, program: str = "") -> subprocess.CompletedProcess[str]:
    what = ["-c", program, *words] if program else ["-m", "indexer", *words]
    command = ["setpriv", "--reuid", "nobody", "--clear-groups", sys.executable, "-B", *what]
    done = subprocess.run(
        command,
        cwd="/",
        env=os.environ | {"HOME": "/nonexistent", "PYTHONPATH": str(PROJECT), "HEARSAY_HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    if "Permission denied" in done.stderr and "setpriv" in done.stderr:
        leave_out("root", f"nobody may not run this Python: {done.stderr}")
    return done


def test_an_index_of_another_user_can_be_searched_and_not_changed(of_root: Path):
    index = str(of_root)
    EmbeddedWriter(of_root).put(rows("d"))
    counted, searched = as_nobody("count", "--index", index), as_nobody("search", "same", "--index", index)
    assert (counted.stdout, counted.stderr, searched.returncode) == ("3\n", "", 0)
    done = as_nobody("rollback", "--index", index)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(
        f"indexer rollback: the index cannot be written to {index}: Permission denied; name another folder"
    )


def test_a_write_is_rejected_if_only_the_lock_file_is_writable(of_root: Path):
    (of_root / "lock").chmod(0o666)
    done = as_nobody(
        str(of_root),
        program="import sys; from pathlib import Path; from indexer.embedded.writer import EmbeddedWriter\n"
        "try: EmbeddedWriter(Path(sys.argv[1])).delete(['b'])\n"
        "except Exception as problem: print(type(problem).__name__, problem)",
    )
    assert done.stdout.startswith(f"IndexUnavailable the index cannot be written to {of_root}: "), done
    assert ids(EmbeddedWriter(of_root)) == ["b", "c"]


@pytest.mark.parametrize(
    "closed", ["", "versions", "versions/*", "versions/*/about.json", "versions/*/*.store", "current"]
)
def test_missing_permissions_are_reported_in_one_line(of_root: Path, closed: str):
    for path in of_root.glob(closed) if closed else [of_root]:
        path.chmod(0)
    done = as_nobody("count", "--index", str(of_root))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert done.stderr.startswith(f"indexer count: the index in {of_root} cannot be read: Permission denied")


def test_too_many_open_files_are_not_reported_as_damage(folder: Path):
    EmbeddedWriter(folder).replace(rows("a"))
    program = """
import os, resource, sys
from pathlib import Path
from indexer.embedded.reader import EmbeddedReader
from indexer.embedded.writer import EmbeddedWriter
from indexer.errors import IndexerError
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
there = []
while True:
    try: there.append(os.open("/dev/null", os.O_RDONLY))
    except OSError: break
for free in range(12):
    for _ in range(min(free, 1)): os.close(there.pop())
    try: EmbeddedWriter(Path(sys.argv[1])).count()
    except IndexerError as problem: print(problem)
    try: EmbeddedWriter(Path(sys.argv[1])).delete(["x"])
    except IndexerError as problem: print(problem)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, folder], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"the index in {folder} cannot be opened: this program has too many open files" in done.stdout
    assert "damaged" not in done.stdout
    assert "version" not in done.stdout


# ── damage ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def gone(file: Path) -> None:
    file.unlink()


def empty(file: Path) -> None:
    file.write_bytes(b"")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def garbled(file: Path) -> None:
    file.write_bytes(bytes(byte ^ 0x5A for byte in file.read_bytes()))


@pytest.mark.parametrize("damage", [gone, empty, cut, garbled])
@pytest.mark.parametrize("pattern", ["meta.json", "about.json", "*.term", "*.idx", "*.store", "*.fast"])
def test_a_damaged_index_is_reported_and_repaired_by_a_load(folder: Path, damage: Callable[[Path], None], pattern: str):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    (file,) = folder.glob(f"versions/*/{pattern}")
    damage(file)
    for question in QUESTIONS:
        with pytest.raises(
            IndexDamaged, match=f"the index in {folder} is damaged: .*{file.parent}.*load your files again"
        ):
            question(EmbeddedWriter(folder))
    assert EmbeddedWriter(folder).replace(rows("b")) == 1
    assert ids(EmbeddedWriter(folder)) == ["b"]


@pytest.mark.parametrize("pattern", ["meta.json", "*.term", "*.store", "about.json", "lexicon.npz"])
def test_a_damaged_index_with_recorded_files_names_the_reload_command(folder: Path, tmp_path: Path, pattern: str):
    (tmp_path / "a.csv").write_text("filename,generated_text\na,the dog\n")
    EmbeddedWriter(folder).replace(rows("a"), None, Origin.of([tmp_path / "a.csv"], None))
    (file,) = folder.glob(f"versions/*/{pattern}")
    file.write_bytes(b"")
    with pytest.raises(IndexDamaged, match=r"is damaged: .*; load its files again as a new version: hearsay reload$"):
        EmbeddedWriter(folder).lexicon()


@pytest.fixture(scope="module")
def changed_often(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with recorded files and three segments, two of which have deletions."""
    folder = tmp_path_factory.mktemp("changed")
    (folder / "clips.csv").write_text("filename,generated_text\na,the dog\n")
    index = EmbeddedWriter(folder / "index")
    index.replace(passages(), "audio", Origin.of([folder / "clips.csv"]))
    index.put(rows("x", "y", text="the black smith"))
    index.put(rows("z", text="the river"))
    index.delete(["a", "x"])
    return folder / "index"


def answers_of(folder: Path) -> list[object]:
    answers = [question(EmbeddedWriter(folder)) for question in QUESTIONS]
    return [answer.to_bytes() if isinstance(answer, Lexicon) else answer for answer in answers]


def damage_file(file: Path, chance: random.Random, number: int) -> None:
    """Change bytes of a file, in a new one of the same name: the old one may still be mapped into memory."""
    content = bytearray(file.read_bytes())
    for _ in range(number):
        content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
    file.unlink()
    file.write_bytes(content)


@pytest.mark.parametrize("number", [1, 8])
@pytest.mark.parametrize("seed", range(100))
def test_changed_bytes_are_reported_or_change_no_answer(changed_often: Path, folder: Path, seed: int, number: int):
    shutil.copytree(changed_often, folder)
    before = answers_of(folder)
    chance = random.Random(seed)
    file = chance.choice(sorted(path for path in folder.glob("versions/*/*") if path.stat().st_size))
    damage_file(file, chance, number)
    try:
        after = answers_of(folder)
    except IndexDamaged as problem:
        assert str(problem).endswith(HOW_TO_RELOAD)  # noqa: PT017 - either this or the same answers
    else:
        assert after == before


@pytest.mark.parametrize("pattern", ["*.fieldnorm", "*.store", "*.del", "meta.json", "about.json", "lexicon.npz"])
def test_a_reload_repairs_a_version_with_a_changed_byte(
    tmp_path: Path, pattern: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DELETIONS", str(tmp_path / "deletions.jsonl"))
    folder, table = tmp_path / "index", tmp_path / "clips.csv"
    table.write_text("filename,generated_text\na,the dog\nb,the river\n")
    for words in (["load", "clips.csv", "--no-inbox"], ["delete", "b"]):
        assert main([*words, "--index", str(folder)]) == 0
    damage_file(next(folder.glob(f"versions/*/{pattern}")), random.Random(1), 1)
    with pytest.raises(IndexDamaged, match=f"load its files again as a new version: {HOW_TO_RELOAD}$"):
        answers_of(folder)
    assert main(["reload", "--index", str(folder)]) == 0, capsys.readouterr().err
    assert ids(EmbeddedWriter(folder), transcribed("the")) == ["a"]


def test_files_left_by_a_killed_writer_are_not_damage_and_the_next_change_updates_the_checksums(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a", "b"))
    version = folder / "versions" / index.about().version
    (version / f"{'0' * 32}.store").write_bytes(b"cut off")
    redescribe(version, lambda about: about | {"meta": None})
    assert ids(EmbeddedWriter(folder)) == ["a", "b"]
    EmbeddedWriter(folder).delete(["a"])
    meta = version / "meta.json"
    meta.write_text(meta.read_text().replace('"num_deleted_docs": 1', '"num_deleted_docs": 0'))
    with pytest.raises(IndexDamaged, match=r"meta\.json has changed since it was written"):
        EmbeddedWriter(folder).count()


def test_every_file_of_a_version_is_removed_with_it(folder: Path):
    index = EmbeddedWriter(folder, keep=1)
    index.replace(rows("a"))
    index.put(rows("b"))
    index.delete(["a"])
    old = folder / "versions" / index.about().version
    index.replace(rows("c"))
    assert not old.exists()
    assert len(list((folder / "versions").iterdir())) == 1


def test_an_index_without_checksums_is_readable(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    version = folder / "versions" / index.about().version
    about = json.loads((version / "about.json").read_text())
    old = {name: value for name, value in about.items() if name not in ("digest", "meta")}
    (version / "about.json").write_text(json.dumps(old))
    (version / "about.copy.json").unlink()
    assert ids(EmbeddedWriter(folder)) == ["a"]
    EmbeddedWriter(folder).put(rows("b"))
    assert ids(EmbeddedWriter(folder)) == ["a", "b"]
    assert json.loads((version / "about.json").read_text())["digest"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"a version", b"1", b"../../etc"])
def test_an_invalid_current_file_is_reported_as_damage_and_repaired_by_a_load(folder: Path, content: bytes):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    index.replace(rows("b"))
    (folder / "current").write_bytes(content)
    for ask in (*QUESTIONS, CHANGES["put"], CHANGES["delete"], CHANGES["rollback"]):
        with pytest.raises(IndexDamaged, match=f"{folder / 'current'} must name the version"):
            ask(EmbeddedWriter(folder))
    before = {path.name for path in (folder / "versions").iterdir()}
    EmbeddedWriter(folder).replace(rows("c"))
    assert ids(EmbeddedWriter(folder)) == ["c"]
    assert before < {path.name for path in (folder / "versions").iterdir()}


def test_a_missing_current_version_is_reported_and_a_rollback_serves_the_previous_one(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    index.replace(rows("b"))
    version = folder / "versions" / index.about().version
    shutil.rmtree(version)
    with pytest.raises(IndexMissing, match=f"version {version.name} of the index no longer exists in {folder}; load"):
        index.count()
    index.rollback()
    assert ids(index) == ["a"]


def test_an_interrupted_load_is_reported_as_incomplete(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    about = folder / "versions" / index.about().version / "about.json"
    about.write_text(json.dumps({"made_by": "hearsay"}))
    with pytest.raises(IndexDamaged, match=f"{folder} is incomplete: {about.parent} was not loaded completely"):
        EmbeddedWriter(folder).count()


def test_an_interrupted_first_load_differs_from_a_missing_index(folder: Path):
    with pytest.raises(IndexMissing, match=f"no index in {folder} yet; load your clips"):
        EmbeddedWriter(folder).count()
    (folder / "versions" / "half-20200101000000000000").mkdir(parents=True)
    (folder / "versions" / "half-20200101000000000000" / "about.json").write_text('{"made_by": "hearsay"}')
    with pytest.raises(IndexMissing, match=f"no index in {folder} yet, because its load was interrupted; load"):
        EmbeddedWriter(folder).count()


@pytest.mark.parametrize(
    ("schema", "maker"), [(SCHEMA + 1, "a later version of Hearsay than this one"), (1, "an earlier")]
)
def test_the_message_for_another_schema_says_whether_it_is_earlier_or_later(
    folder: Path, schema: int, maker: str, capsys: pytest.CaptureFixture[str]
):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    version = folder / "versions" / index.about().version
    redescribe(version, lambda about: about | {"schema": schema})
    garbled(next(version.glob("*.idx")))  # files of another version may look damaged to this one
    for ask in (*QUESTIONS, CHANGES["put"], CHANGES["delete"]):
        with pytest.raises(IndexIncompatible, match=f"the index in {folder} was made by {maker}"):
            ask(EmbeddedWriter(folder))
    assert main(["count", "--index", str(folder)]) == 1
    assert "load your files again" in capsys.readouterr().err


def test_a_foreign_folder_is_not_reported_as_damage(folder: Path):
    folder.mkdir()
    (folder / "current").write_text("")
    with pytest.raises(IndexForeign):
        EmbeddedWriter(folder).count()
