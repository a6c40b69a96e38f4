"""The published model that is built from another one: merged once and atomically, and rejected for other weights."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from asr.errors import ModelUnavailable
from asr.models import weights as weights_module
from asr.models.low_rank import read_change
from asr.models.published import PUBLISHED, WHISPER_TINY_EN, WHISPER_TINY_EN_SHORT
from asr.models.registry import open_speech_model
from asr.models.selection import select_speech_model
from asr.models.weights import fetch_weights, is_damaged, remove_weights, resolve_weights, weights_here
from asr.settings import AsrSettings
from asr.speech.whisper_decoding import WindowLimits, window_limits
from tests.support.mounts import READ_ONLY, mounted
from tests.support.weights import published_weights, small_files, small_model

NAME = WHISPER_TINY_EN_SHORT.name
CHANGE = Path(weights_module.__file__).with_name(f"{NAME}.safetensors")
OFFLINE = AsrSettings(model_sources="cache")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A weights folder that contains only the base model."""
    base = published_weights(WHISPER_TINY_EN.name).folder
    shutil.copytree(base, tmp_path / "models" / WHISPER_TINY_EN.name)
    monkeypatch.setenv("HEARSAY_HOME", str(tmp_path))
    return tmp_path / "models"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix != ".lock"}


def test_the_model_is_built_from_its_base_once_and_offline(models: Path):
    assert weights_here(NAME, OFFLINE) is None
    made = resolve_weights(NAME, OFFLINE)
    assert (made.name, made.folder, made.digest) == (NAME, models / NAME, WHISPER_TINY_EN_SHORT.digest)
    assert made.is_pinned
    assert window_limits(made.folder) == WindowLimits(trailing_silence=0.5, longest_run=7)
    assert window_limits(models / WHISPER_TINY_EN.name) == WindowLimits(trailing_silence=8, longest_run=22)
    before = (made.folder / "model.bin").stat()
    assert resolve_weights(NAME, OFFLINE) == weights_here(NAME, OFFLINE) == made
    assert (made.folder / "model.bin").stat() == before
    assert resolve_weights(WHISPER_TINY_EN.name, OFFLINE).digest == WHISPER_TINY_EN.digest
    assert names(models) == {NAME, WHISPER_TINY_EN.name}


def test_the_file_in_the_package_is_small_and_says_what_it_is(models: Path):
    assert CHANGE.stat().st_size < 3_000_000
    about = read_change(CHANGE).about
    assert about["base_sha256"] == next(file.sha256 for file in WHISPER_TINY_EN.files if file.name == "model.bin")
    assert "CC0" in about["data"]
    assert "MIT" in about["licence"]
    assert json.loads(about["recipe"])["trained_by"] == "hearsay train-whisper --short-windows"


def test_a_damaged_base_is_rejected(models: Path):
    file = models / WHISPER_TINY_EN.name / "model.bin"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelUnavailable, match=r"model\.bin is not the published file of whisper-tiny\.en"):
        resolve_weights(NAME, OFFLINE)
    assert names(models) == {WHISPER_TINY_EN.name}


def test_a_base_with_other_weights_is_rejected(models: Path, monkeypatch: pytest.MonkeyPatch):
    other, _ = small_model()
    monkeypatch.setitem(PUBLISHED, NAME, replace(WHISPER_TINY_EN_SHORT, base=other))  # type: ignore[arg-type]
    (models / other.name).mkdir()
    for name, data in small_files().items():
        (models / other.name / name).write_bytes(data)
    with pytest.raises(ModelUnavailable, match="cannot be read as CTranslate2 weights"):
        resolve_weights(NAME, OFFLINE)
    assert names(models) == {WHISPER_TINY_EN.name, other.name}


def test_a_result_with_another_digest_is_not_used(models: Path, monkeypatch: pytest.MonkeyPatch):
    first, second, *others = WHISPER_TINY_EN_SHORT.files
    wanted = replace(WHISPER_TINY_EN_SHORT, files=(first, replace(second, sha256="0" * 64), *others))
    monkeypatch.setitem(PUBLISHED, NAME, wanted)  # type: ignore[arg-type]
    with pytest.raises(ModelUnavailable, match=r"model\.bin of whisper-tiny\.en-short.*set ASR_MODEL to whisper-tiny"):
        resolve_weights(NAME, OFFLINE)
    assert names(models) == {WHISPER_TINY_EN.name}


def test_leftovers_of_a_killed_process_are_removed(models: Path):
    (models / f".{NAME}.0123abcd" / "files").mkdir(parents=True)
    assert weights_here(NAME, OFFLINE) is None
    resolve_weights(NAME, OFFLINE)
    assert names(models) == {NAME, WHISPER_TINY_EN.name}


def test_damaged_and_outdated_files_are_rebuilt(models: Path):
    file = resolve_weights(NAME, OFFLINE).folder / "config.json"
    for make in (resolve_weights, lambda name, _: fetch_weights(PUBLISHED[name], AsrSettings())):
        file.write_text("{}", encoding="utf-8")
        assert is_damaged(WHISPER_TINY_EN_SHORT)
        assert weights_here(NAME, OFFLINE) is None
        assert make(NAME, OFFLINE).digest == WHISPER_TINY_EN_SHORT.digest
        assert not is_damaged(WHISPER_TINY_EN_SHORT)


def test_removing_the_model_keeps_its_base(models: Path):
    resolve_weights(NAME, OFFLINE)
    assert remove_weights(WHISPER_TINY_EN_SHORT)
    assert names(models) == {WHISPER_TINY_EN.name}


def test_auto_selects_the_model_if_its_base_is_available(models: Path):
    selected = select_speech_model(OFFLINE)
    assert (selected.name, selected.is_here, selected.weights()) == (NAME, True, WHISPER_TINY_EN_SHORT.digest)
    opened = open_speech_model(OFFLINE)
    assert (opened.model.name, opened.model.weights, opened.warning) == (NAME, WHISPER_TINY_EN_SHORT.digest, None)


def test_auto_uses_the_base_if_the_cache_is_read_only(models: Path):
    program = (
        "from asr.models.registry import open_speech_model\nfrom asr.settings import AsrSettings\n"
        "opened = open_speech_model(AsrSettings(model_sources='cache'))\nprint(opened.model.name, opened.warning)"
    )
    ended = mounted(READ_ONLY, models.parent, program)
    assert ended.stdout.startswith("whisper-tiny.en whisper-tiny.en-short cannot be loaded:"), ended.stderr
    assert "Using whisper-tiny.en instead." in ended.stdout
