"""Reload, in both engines: an index records its files and loads them again as a new version; no loss is silent."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hearsay.config import read_settings
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal
from indexer.cli.command_line import main
from indexer.documents import OLDEST_SEARCHABLE, SCHEMA
from indexer.errors import IndexIncompatible
from indexer.index import SearchWriter
from indexer.ingest.load import load, put
from indexer.ingest.watching import Watcher
from indexer.open import open_writer
from indexer.provenance import Origin, SourceFile
from indexer.settings import IndexSettings
from tests.support.contract import ids, rows
from tests.support.elastic_nodes import client_of, remove
from tests.support.versions import redescribe

CORPUS = "filename,text,generated_text\ncv/1.mp3,one,one\ncv/2.mp3,two,two\n"
SPOKEN = "filename,generated_text\ncv/2.mp3,too\ncv/3.mp3,three\n"


@dataclass(frozen=True, slots=True)
class Place:
    """A separate index per test, configured by environment variables; ``folder`` contains its files."""

    folder: Path
    settings: IndexSettings

    def index(self) -> SearchWriter:
        return open_writer(self.settings)

    def ids(self) -> list[str]:
        index = self.index()
        found = ids(index)
        index.close()
        return found

    def texts(self) -> dict[str, str]:
        index = self.index()
        found = {name: passage.row.generated_text for name in self.ids() if (passage := index.get(name))}
        index.close()
        return found

    def change(self, changed: Callable[[dict[str, object]], dict[str, object]]) -> None:
        """Change the metadata of the current version."""
        index = self.index()
        version = index.remembered().version
        index.close()
        if not self.settings.index_url.startswith("http"):
            redescribe(self.folder / "index" / "versions" / version, changed)
            return
        with client_of(self.settings.index_url) as client:
            meta = client.indices.get_mapping(index=version)[version]["mappings"]["_meta"]
            client.indices.put_mapping(index=version, meta=changed(meta))

    def make_outdated(self) -> None:
        """Make the current version one of an earlier Hearsay, whose indexes cannot be searched any more."""
        self.change(lambda metadata: metadata | {"schema": OLDEST_SEARCHABLE - 1})


@pytest.fixture(params=["embedded", pytest.param("elastic", marks=pytest.mark.elastic)])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    is_elastic = request.param == "elastic"
    url = request.getfixturevalue("node").url if is_elastic else str(tmp_path / "index")
    for name, value in {
        "INDEX_URL": url,
        "INDEX_NAME": f"cv-test-{uuid.uuid4().hex}",
        "DELETIONS": str(tmp_path / "deletions.jsonl"),
        "INBOX_DIR": str(tmp_path / "inbox"),
        "REJECTED_PASSAGES": str(tmp_path / "refused.jsonl"),
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "corpus.csv").write_text(CORPUS)
    (tmp_path / "spoken.csv").write_text(SPOKEN)
    (tmp_path / "audio").mkdir()
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path, read_settings(IndexSettings))
    yield place
    if is_elastic:
        with client_of(url) as client:
            remove(client, place.settings)


@pytest.fixture
def loaded(place: Place, capsys: pytest.CaptureFixture[str]) -> Place:
    assert main(["load", "corpus.csv", "spoken.csv", "--audio", "audio"]) == 0
    capsys.readouterr()
    return place


def append(file: Path, *clips: ClipRow) -> None:
    with Journal(file) as journal:
        journal.append(clips)


def test_an_older_index_requires_reload_which_loads_its_files_as_a_new_version(
    loaded: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    loaded.make_outdated()
    assert main(["count"]) == 1
    assert capsys.readouterr().err.endswith("load its files again as a new version: hearsay reload\n")
    monkeypatch.chdir("/")  # the files are recorded with absolute paths
    index = loaded.index()
    old = index.remembered()
    assert main(["reload"]) == 0
    output = capsys.readouterr().out
    assert output.startswith(f"from {loaded.folder}/corpus.csv\nfrom {loaded.folder}/spoken.csv\n")
    assert "\nloaded 3 clips as 3 passages" in output
    assert loaded.texts() == {"cv/1.mp3": "one", "cv/2.mp3": "too", "cv/3.mp3": "three"}
    assert index.about().audio == str(loaded.folder / "audio")
    assert index.about().origin == old.origin
    assert index.about().version > old.version
    index.close()


def test_an_index_without_recorded_files_cannot_be_reloaded(loaded: Place, capsys: pytest.CaptureFixture[str]):
    loaded.change(lambda metadata: {name: value for name, value in metadata.items() if name != "origin"})
    before = loaded.ids()
    assert main(["reload"]) == 1
    assert capsys.readouterr().err.endswith("does not record its files; load your clips with: hearsay load FILE\n")
    assert loaded.ids() == before
    loaded.make_outdated()
    assert main(["count"]) == 1
    assert (
        "did not record its files; load your files again: load your clips with: hearsay load" in capsys.readouterr().err
    )


def test_missing_and_changed_files_stop_a_reload_unless_changed_is_given(
    loaded: Place, capsys: pytest.CaptureFixture[str]
):
    (loaded.folder / "corpus.csv").write_text(CORPUS + "cv/4.mp3,four,four\n")
    (loaded.folder / "spoken.csv").unlink()
    assert main(["reload"]) == 1
    output = capsys.readouterr().err
    assert (
        f"{loaded.folder}/corpus.csv has changed; {loaded.folder}/spoken.csv is missing. Nothing was changed." in output
    )
    assert output.endswith("hearsay reload --changed\n")
    assert loaded.ids() == ["cv/1.mp3", "cv/2.mp3", "cv/3.mp3"]
    assert main(["reload", "--changed"]) == 0
    assert loaded.texts() == {"cv/1.mp3": "one", "cv/2.mp3": "two", "cv/4.mp3": "four"}
    assert main(["reload"]) == 0, "the recorded files are unchanged"


def test_a_reload_without_any_remaining_file_changes_nothing(loaded: Place, capsys: pytest.CaptureFixture[str]):
    for name in ("corpus.csv", "spoken.csv"):
        (loaded.folder / name).unlink()
    assert main(["reload", "--changed"]) == 1
    assert "none of the files that the index was loaded from exists any more" in capsys.readouterr().err
    assert len(loaded.ids()) == 3


def test_a_file_with_the_same_content_counts_as_unchanged(loaded: Place):
    (loaded.folder / "corpus.csv").unlink()
    (loaded.folder / "corpus.csv").write_text(CORPUS)
    assert main(["reload"]) == 0


def test_a_reload_includes_files_that_were_put_and_excludes_deleted_clips(loaded: Place):
    (loaded.folder / "more.csv").write_text("filename,generated_text\ncv/1.mp3,won\ncv/5.mp3,five\n")
    assert main(["put", "more.csv"]) == 0
    assert main(["delete", "cv/2.mp3"]) == 0
    loaded.make_outdated()
    assert main(["reload"]) == 0
    assert loaded.texts() == {"cv/1.mp3": "won", "cv/3.mp3": "three", "cv/5.mp3": "five"}
    (loaded.folder / "more.csv").unlink()
    assert main(["reload"]) == 1


def test_columns_are_read_under_the_requested_names_by_load_by_put_and_again_by_reload(
    place: Place, capsys: pytest.CaptureFixture[str]
):
    (place.folder / "one.csv").write_text("wav,said,dialect\ncv/1.mp3,one,us\n")
    (place.folder / "two.csv").write_text("sound,said\ncv/2.mp3,two\n")
    assert main(["load", "one.csv", "--column", "wav=filename", "--column", "said=generated_text"]) == 0
    assert main(["put", "two.csv", "--column", "sound=filename", "--column", "said=generated_text"]) == 0
    before = place.texts()
    assert before == {"cv/1.mp3": "one", "cv/2.mp3": "two"}
    place.make_outdated()
    assert main(["reload"]) == 0, capsys.readouterr().err
    assert place.texts() == before


def test_the_dataset_of_a_corpus_s_table_is_the_same_after_a_reload(place: Place, capsys: pytest.CaptureFixture[str]):
    (place.folder / "metadata.csv").write_text("file_name,words\na.wav,one\n")
    assert main(["load", "metadata.csv", "--dataset", "mine", "--column", "words=generated_text"]) == 0
    assert place.ids() == ["mine/a.wav"]
    place.make_outdated()
    assert main(["reload"]) == 0, capsys.readouterr().err
    assert place.texts() == {"mine/a.wav": "one"}


def test_a_column_to_rename_that_a_table_lacks_is_an_error(loaded: Place, capsys: pytest.CaptureFixture[str]):
    assert main(["load", "corpus.csv", "--column", "sentence=text"]) != 0
    assert "corpus.csv has no column sentence, which --column names" in capsys.readouterr().err
    assert loaded.ids() == ["cv/1.mp3", "cv/2.mp3", "cv/3.mp3"]


def test_putting_a_changed_file_records_its_new_content(loaded: Place):
    (loaded.folder / "corpus.csv").write_text(CORPUS + "cv/4.mp3,four,four\n")
    assert main(["put", "corpus.csv"]) == 0
    assert main(["reload"]) == 0
    assert loaded.ids() == [f"cv/{number}.mp3" for number in (1, 2, 3, 4)]


def test_a_reload_includes_the_inbox_and_watched_logs_that_grew(loaded: Place, capsys: pytest.CaptureFixture[str]):
    log = loaded.folder / "log.jsonl"
    append(loaded.folder / "inbox" / "clips.jsonl", ClipRow("inbox/1.mp3", generated_text="mine"))
    append(log, ClipRow("cv/6.mp3", generated_text="six"))
    index = loaded.index()
    Watcher(index, log, loaded.settings.deletions, lambda _: None).look()
    append(log, ClipRow("cv/7.mp3", generated_text="seven"))
    index.close()
    assert main(["reload"]) == 0, capsys.readouterr().err
    assert loaded.ids() == [*(f"cv/{number}.mp3" for number in (1, 2, 3, 6, 7)), "inbox/1.mp3"]


def test_a_reload_of_a_load_without_the_inbox_excludes_the_inbox(place: Place):
    append(place.folder / "inbox" / "clips.jsonl", ClipRow("inbox/1.mp3", generated_text="mine"))
    assert main(["load", "corpus.csv", "--no-inbox"]) == 0
    assert main(["reload"]) == 0
    assert place.ids() == ["cv/1.mp3", "cv/2.mp3"]


def test_clips_put_without_a_file_are_copied_from_the_index(loaded: Place, capsys: pytest.CaptureFixture[str]):
    index = loaded.index()
    spoken = [ClipRow(name, generated_text="by hand") for name in ("cv/1.mp3", "x", "y")]
    put(index, spoken, loaded.settings.deletions)
    index.close()
    assert main(["delete", "y"]) == 0
    loaded.make_outdated()
    capsys.readouterr()
    for _ in range(2):
        assert main(["reload"]) == 0
        assert "loaded 4 clips as 4 passages" in capsys.readouterr().out
        assert loaded.texts() == {"cv/1.mp3": "by hand", "cv/2.mp3": "too", "cv/3.mp3": "three", "x": "by hand"}


def test_unreadable_clips_put_without_a_file_stop_a_reload_unless_drop_is_given(
    loaded: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    index = loaded.index()
    index.put(rows("x", "y"))
    index.close()

    def refuse(_: object) -> None:
        raise KeyError("a member that this version does not know")

    with monkeypatch.context() as patched:
        patched.setattr("indexer.passages.Passage.from_source", refuse)
        capsys.readouterr()
        assert main(["reload"]) == 1
    output = capsys.readouterr().err
    assert "put without a file cannot be read from the index: x, y. Nothing was changed." in output
    assert output.endswith("hearsay reload --drop\n")
    assert "x" in loaded.ids()
    with monkeypatch.context() as patched:
        patched.setattr("indexer.passages.Passage.from_source", refuse)
        assert main(["reload", "--drop"]) == 0
    assert loaded.ids() == ["cv/1.mp3", "cv/2.mp3", "cv/3.mp3"]


def test_an_index_loaded_from_python_cannot_be_reloaded(place: Place, capsys: pytest.CaptureFixture[str]):
    index = place.index()
    load(index, [ClipRow("a", generated_text="a")], place.settings.deletions)
    put(index, [ClipRow("b", generated_text="b")], place.settings.deletions)
    assert index.about().origin is None
    index.close()
    assert main(["reload"]) == 1
    assert "does not record its files" in capsys.readouterr().err


def test_an_index_of_a_later_version_is_reported_as_such(loaded: Place, capsys: pytest.CaptureFixture[str]):
    loaded.change(lambda metadata: metadata | {"schema": SCHEMA + 1})
    with pytest.raises(IndexIncompatible, match="a later version of Hearsay"):
        loaded.ids()
    assert main(["reload"]) == 1
    assert "a later version of Hearsay" in capsys.readouterr().err


def test_an_origin_survives_a_round_trip_through_json(tmp_path: Path):
    (tmp_path / "a.csv").write_text(CORPUS)
    origin = Origin.of([tmp_path / "a.csv"], tmp_path / "inbox.jsonl")
    origin = origin.after_put([SourceFile(tmp_path / "b.jsonl")], ["b"]).after_put([], [str(n) for n in range(2000)])
    assert origin.and_more
    assert len(origin.clips) == 1000
    assert Origin.from_json(json.loads(json.dumps(origin.to_json()))) == origin
