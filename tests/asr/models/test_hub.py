"""Weights from the hub, with and without a pinned revision, and from folders; the kind of model of a name."""

from pathlib import Path

import pytest

from asr.errors import ModelUnavailable
from asr.inference.checkpoints import downloads, loaded
from asr.models.published import PUBLISHED
from asr.models.weights import is_ctranslate2, resolve_weights
from asr.settings import AsrSettings
from tests.support.checkpoints import save_wav2vec2
from tests.support.hub import Hub
from tests.support.weights import index_of, small_files, small_model

MODEL, WHEELS = small_model()
OFFLINE = AsrSettings(model_sources="cache")


def settings(sources: str) -> AsrSettings:
    return AsrSettings(model_sources=sources)


def folder_of(path: Path, files: dict[str, bytes]) -> Path:
    path.mkdir(parents=True)
    for name, data in files.items():
        (path / name).write_bytes(data)
    return path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEARSAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # tests never download from the real index
    return tmp_path / "home"


@pytest.fixture
def published(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub folder of the small model, which is registered as a published model."""
    monkeypatch.setitem(PUBLISHED, MODEL.name, MODEL)  # type: ignore[arg-type]
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    hub.revision = MODEL.revision
    folder = folder_of(tmp_path / "published", small_files())
    hub.publish(MODEL.repository, folder)
    return folder


def test_a_published_model_is_downloaded_at_its_revision_and_cached(published: Path, hub: Hub, home: Path):
    weights = resolve_weights("small", settings("cache,hub"))
    assert (weights.source, weights.folder, weights.digest) == ("hub", home / "models" / "small", MODEL.digest)
    assert all(MODEL.revision in path for path in hub.asked if "/resolve/" in path)
    assert {path.name for path in weights.folder.iterdir()} == {*small_files(), "LICENSE", "ORIGIN"}
    hub.asked.clear()
    assert resolve_weights(MODEL.repository, settings("cache,hub")) == weights
    assert hub.asked == []


def test_a_modified_file_on_the_hub_is_rejected_and_the_next_source_is_tried(published: Path, home: Path):
    (published / "model.bin").write_bytes(b"x" + small_files()["model.bin"][1:])
    with pytest.raises(ModelUnavailable, match=r"model\.bin from the Hugging Face hub is not the published file"):
        resolve_weights("small", settings("cache,hub"))
    with index_of(dict(WHEELS), home) as index:
        assert resolve_weights("small", settings("cache,hub,index")).source == "index"
        assert len(index.asked) == 1


def test_sources_are_tried_in_the_order_of_the_setting(published: Path, hub: Hub, home: Path):
    with index_of(dict(WHEELS), home):
        assert resolve_weights("small", settings("cache,index,hub")).source == "index"
    assert hub.asked == []


def test_an_unreachable_hub_is_named_with_the_other_sources(published: Path, hub: Hub):
    hub.close()
    with pytest.raises(ModelUnavailable, match=r"not in .*models; the Hugging Face hub cannot be reached\. Fetch them"):
        resolve_weights("small", settings("cache,hub"))


def test_a_published_revision_in_the_hub_cache_is_not_downloaded(published: Path, hub: Hub):
    from huggingface_hub import hf_hub_download

    for name in small_files():
        hf_hub_download(MODEL.repository, name, revision=MODEL.revision)
    hub.close()
    weights = resolve_weights("small", OFFLINE)
    assert (weights.source, weights.digest, weights.is_pinned) == ("hub", MODEL.digest, True)
    assert (weights.folder / "model.bin").read_bytes() == small_files()["model.bin"]


def test_an_unpublished_model_on_the_hub_is_used_without_a_pinned_digest(hub: Hub, tmp_path: Path):
    files = small_files(seed=1) | {"vocabulary.txt": b"token\n" * 51_866}
    hub.publish("somebody/tuned", folder_of(tmp_path / "tuned", files))
    weights = resolve_weights("somebody/tuned", AsrSettings())
    assert (weights.name, weights.source, weights.is_pinned, weights.licence) == ("somebody/tuned", "hub", False, "")
    assert (len(weights.languages), weights.languages[-1]) == (100, "yue")
    hub.close()
    assert resolve_weights("somebody/tuned", OFFLINE) == weights


def test_nothing_is_downloaded_if_the_hub_is_not_a_source(hub: Hub, tmp_path: Path):
    hub.publish("somebody/tuned", folder_of(tmp_path / "tuned", small_files()))
    with pytest.raises(ModelUnavailable, match="MODEL_SOURCES does not contain hub"):
        resolve_weights("somebody/tuned", OFFLINE)
    with downloads(allowed=False), pytest.raises(ModelUnavailable, match="MODEL_SOURCES does not contain hub"):
        loaded("somebody/checkpoint", lambda checkpoint: checkpoint)
    assert not is_ctranslate2("somebody/tuned", OFFLINE)
    assert hub.asked == []


def test_the_kind_of_a_model_is_detected_from_its_name_folder_or_hub_files(hub: Hub, tmp_path: Path):
    ours, theirs = folder_of(tmp_path / "ct2", small_files()), save_wav2vec2(tmp_path / "wav2vec2")
    hub.publish("somebody/tuned", ours)
    hub.publish("somebody/wav2vec2", theirs)
    kinds = {
        name: is_ctranslate2(name, AsrSettings())
        for name in ("whisper-base", "Systran/faster-whisper-tiny.en", str(ours), "somebody/tuned",
                     "somebody/wav2vec2", str(theirs), "nobody/nothing", "pocketsphinx", "/no/such/folder")
    }  # fmt: skip
    assert [*kinds.values()] == [True, True, True, True, False, False, False, False, False]


def test_the_digest_of_a_folder_depends_only_on_its_model_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = folder_of(tmp_path / "mine", small_files() | {"README.md": b"mine"})
    weights = resolve_weights(str(folder), OFFLINE)
    assert (weights.name, weights.source, weights.digest) == (str(folder), "folder", MODEL.digest)
    assert (weights.is_pinned, weights.languages) == (False, ("en",))
    monkeypatch.setitem(PUBLISHED, MODEL.name, MODEL)  # type: ignore[arg-type]
    weights = resolve_weights(str(folder), OFFLINE)
    assert (weights.is_pinned, weights.licence) == (True, "MIT")


@pytest.mark.parametrize("lacking", ["model.bin", "vocabulary.txt", "suppress_ids"])
def test_a_folder_that_is_not_a_whisper_model_is_rejected_with_a_message(tmp_path: Path, lacking: str):
    files = {name: data.replace(lacking.encode(), b"other") for name, data in small_files().items() if name != lacking}
    folder = folder_of(tmp_path / "other", files)
    with pytest.raises(ModelUnavailable, match=r"is not a Whisper model in CTranslate2 format\. Name whisper-tiny\.en"):
        resolve_weights(str(folder), OFFLINE)


@pytest.mark.parametrize("name", ["/no/such/folder", "whisper-tinny", "a/b/c"])
def test_an_unknown_model_name_is_rejected_with_a_message(name: str):
    with pytest.raises(ModelUnavailable, match="is not a Whisper model"):
        resolve_weights(name, AsrSettings())
