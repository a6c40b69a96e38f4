"""A folder with files that Hearsay did not create: none is removed, overwritten, or treated as a version."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tantivy import Document, Index, SchemaBuilder

from indexer.embedded.version_files import begin
from indexer.embedded.writer import EmbeddedWriter
from indexer.errors import IndexForeign, IndexMissing
from indexer.index import SearchWriter
from tests.support.contract import ids, rows

Change = Callable[[SearchWriter], object]

CHANGES: dict[str, Change] = {
    "load": lambda index: index.replace(rows("x")),
    "put": lambda index: index.put(rows("x")),
    "delete": lambda index: index.delete(["x"]),
    "rollback": lambda index: index.rollback(),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def another_program(folder: Path, name: str) -> None:
    """Create files of another program, under a name that an index also uses."""
    folder.mkdir()
    match name:
        case "current":
            (folder / "current").write_text("release 7")
        case "a link called current":
            (folder / "releases" / "7").mkdir(parents=True)
            (folder / "releases" / "7" / "app").write_text("do not lose me")
            (folder / "current").symlink_to(folder / "releases" / "7")
        case "versions":
            (folder / "versions" / "20200101000000000000").mkdir(parents=True)
            (folder / "versions" / "20200101000000000000" / "data").write_text("do not lose me")
        case "a half version":
            (folder / "versions" / "half-20200101000000000000").mkdir(parents=True)
            (folder / "versions" / "half-20200101000000000000" / "data").write_text("do not lose me")
        case _:
            builder = SchemaBuilder()
            builder.add_text_field("title", stored=True)
            writer = Index(builder.build(), str(folder)).writer()
            writer.add_document(Document(title="do not lose me"))
            writer.commit()
            writer.wait_merging_threads()


@pytest.mark.parametrize(
    "name", ["current", "a link called current", "versions", "a half version", "an index of tantivy"]
)
@pytest.mark.parametrize("change", CHANGES)
def test_a_folder_of_another_program_is_unchanged(folder: Path, name: str, change: str):
    another_program(folder, name)
    before = everything(folder)
    index = EmbeddedWriter(folder)
    for ask in (CHANGES[change], lambda index: index.count()):
        with pytest.raises(IndexForeign, match=rf"{folder} contains .*Hearsay did not create .* INDEX_URL"):
            ask(index)
    assert everything(folder) == before


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("current", r"in it: current, last changed \d{4}-\d\d-\d\d \d\d:\d\d UTC"),
        ("a link called current", "in it: current/, releases/, last changed"),
        ("an index of tantivy", r"in it: .*\.json.* more, an index of tantivy with 1 document, last changed"),
    ],
)
def test_the_message_states_what_is_in_a_folder_of_another_program(folder: Path, name: str, description: str):
    another_program(folder, name)
    with pytest.raises(IndexForeign, match=rf"{folder} contains .*does not change \({description}.*\); name another"):
        EmbeddedWriter(folder).count()


@pytest.mark.parametrize(
    "owner", [{"made_by": "shop"}, {"made_by": "shop", "schema": 3}, {"created_by": "shop", "schema": 3}]
)
def test_an_ownership_mark_of_another_program_is_ignored(folder: Path, owner: dict[str, object]):
    (folder / "versions" / "20200101000000000000").mkdir(parents=True)
    for file in (folder / "hearsay-index.json", folder / "versions" / "20200101000000000000" / "about.json"):
        file.write_text(json.dumps(owner))
    (folder / "current").write_text("20200101000000000000")
    before = everything(folder)
    for ask in (*CHANGES.values(), lambda index: index.count()):
        with pytest.raises(
            IndexForeign, match=r"hearsay-index.json says (made|created)_by: shop\); name another folder"
        ):
            ask(EmbeddedWriter(folder))
    assert everything(folder) == before


def test_an_index_with_a_damaged_ownership_mark_is_still_recognised(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    (folder / "hearsay-index.json").write_text("")
    assert ids(EmbeddedWriter(folder)) == ["a"]


def test_other_files_in_the_folder_are_kept_by_loads(folder: Path):
    (folder / "notes").mkdir(parents=True)
    for name in ("diary.txt", ".current.ab", "notes/half-1"):
        (folder / name).write_text("do not lose me")
    index = EmbeddedWriter(folder, keep=1)
    for name in "abc":
        index.replace(rows(name))
    assert ids(index) == ["c"]
    kept = everything(folder)
    assert {"diary.txt", ".current.ab", "notes/half-1"} <= kept.keys()


def test_foreign_folders_among_the_versions_are_ignored_and_kept(folder: Path):
    index = EmbeddedWriter(folder, keep=2)
    index.replace(rows("a"))
    for name in ("20200101000000000000", "29990101000000000000", "1", "half-20200101000000000000", "half-notes"):
        (folder / "versions" / name).mkdir()
        (folder / "versions" / name / "data").write_text("do not lose me")
    foreign = {name: text for name, text in everything(folder).items() if name.endswith("data")}
    for name in "bcd":
        index.replace(rows(name))
    index.rollback()
    assert ids(index) == ["c"]
    with pytest.raises(IndexMissing, match="no version before"):
        index.rollback()
    assert {name: text for name, text in everything(folder).items() if name.endswith("data")} == foreign


def test_a_rollback_does_not_remove_a_foreign_current_version(folder: Path):
    index = EmbeddedWriter(folder)
    index.replace(rows("a"))
    foreign = folder / "versions" / "29990101000000000000"
    foreign.mkdir()
    (foreign / "data").write_text("do not lose me")
    (folder / "current").write_text(foreign.name)
    before = everything(folder)
    with pytest.raises(IndexForeign, match=f"{foreign}.*was not created by Hearsay"):
        index.rollback()
    assert everything(folder) == before


def test_foreign_files_in_a_version_are_kept_when_it_is_removed(folder: Path):
    index = EmbeddedWriter(folder, keep=1)
    index.replace(rows("a"))
    version = folder / "versions" / index.about().version
    (version / "why-this-one.txt").write_text("do not lose me")
    (version / "measured").mkdir()
    index.replace(rows("b"))
    assert {path.name for path in version.iterdir()} == {"why-this-one.txt", "measured"}
    index.replace(rows("c"))
    assert ids(index) == ["c"]
    assert (version / "why-this-one.txt").exists()


def test_an_index_created_before_the_mark_existed_is_accepted(folder: Path):
    index = EmbeddedWriter(folder, keep=1)
    index.replace(rows("a"))
    (folder / "hearsay-index.json").unlink()
    old = folder / "versions" / index.about().version
    about = json.loads((old / "about.json").read_text())
    (old / "about.json").write_text(json.dumps({key: about[key] for key in ("schema", "audio", "ordered")}))
    again = EmbeddedWriter(folder, keep=1)
    assert ids(again) == ["a"]
    again.put(rows("b"))
    again.replace(rows("c"))
    assert ids(again) == ["c"]
    assert not old.exists()


def test_leftovers_of_a_killed_first_load_are_removed(folder: Path):
    folder.mkdir()
    (folder / "versions").mkdir()
    begin(half := folder / "versions" / "half-20200101000000000000")
    (half / "meta.json").write_text("{}")
    (folder / "versions" / "half-20200101000000000001").mkdir()
    index = EmbeddedWriter(folder)
    with pytest.raises(IndexMissing):
        index.count()
    index.replace(rows("a"))
    assert [path.name for path in (folder / "versions").iterdir()] == [index.about().version]
