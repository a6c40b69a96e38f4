"""Digests of weights: equal for equal files, different for different files, and cached."""

import json
import os
import shutil
from pathlib import Path

import pytest

from asr.inference import weights
from asr.inference.weights import checkpoint_files, weights_digest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEARSAY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_text(name)
    return {name: tmp_path / name for name in ("config.json", "model.safetensors")}


def test_a_digest_depends_on_contents_and_names_but_not_on_the_folder(files: dict[str, Path], tmp_path: Path):
    first = weights_digest(files)
    assert len(first) == 64
    copies = {name: Path(shutil.copy(path, tmp_path / f"copy of {name}")) for name, path in files.items()}
    assert weights_digest(copies) == first
    copies["config.json"].write_text("another")
    assert weights_digest(copies) != first
    assert (
        weights_digest({"config.json": files["model.safetensors"], "model.safetensors": files["config.json"]}) != first
    )


def test_an_unchanged_file_is_read_only_once(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch):
    read: list[Path] = []
    digest = weights._digest
    monkeypatch.setattr(weights, "_digest", lambda path: (read.append(path), digest(path))[1])
    first = weights_digest(files)
    assert weights_digest(files) == first
    assert len(read) == 2
    before = files["model.safetensors"].stat()
    files["model.safetensors"].write_text("MODEL.SAFETENSORS")  # same size and modification time
    os.utime(files["model.safetensors"], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert weights_digest(files) != first
    assert len(read) == 3


@pytest.mark.parametrize("text", ["", "{", "[]", '{"/nowhere": 1}', json.dumps({"x": {"state": 1, "digest": 2}})])
def test_a_corrupt_cache_is_ignored(files: dict[str, Path], home: Path, text: str):
    first = weights_digest(files)
    (home / "var" / "weights.json").write_text(text)
    assert weights_digest(files) == first


def test_a_digest_is_computed_if_its_cache_cannot_be_written(files: dict[str, Path], home: Path):
    home.write_text("no folder")
    assert len(weights_digest(files)) == 64


def test_the_user_cache_is_used_if_hearsay_home_is_unset(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("HEARSAY_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    weights_digest(files)
    assert (tmp_path / "cache" / "hearsay" / "weights.json").is_file()


def test_files_that_cannot_be_read_have_no_digest(files: dict[str, Path]):
    assert weights_digest(files | {"gone": files["config.json"].with_name("gone")}) == ""


def test_checkpoint_files_are_the_files_that_are_loaded():
    there = ["vocab.json", "README.md", "model.safetensors", "pytorch_model.bin", "trainer_state.json", "runs/a.json"]
    assert checkpoint_files(there) == ["model.safetensors", "vocab.json"]
    assert checkpoint_files(["pytorch_model.bin", "training_args.bin", "config.json", "tf_model.h5"]) == [
        "pytorch_model.bin",
        "config.json",
    ]


@pytest.mark.parametrize(
    ("published", "loaded"),
    [
        # openai/whisper-large-v3: half precision, and single precision in shards beside it
        (["model.safetensors", "model.fp32-00001-of-00002.safetensors", "model.fp32-00002-of-00002.safetensors",
          "pytorch_model.bin"], ["model.safetensors"]),
        # facebook/mms-1b-all: an adapter for each language
        (["adapter.eng.safetensors", "adapter.fra.safetensors", "adapter.fra.bin", "model.safetensors"],
         ["model.safetensors"]),
        (["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "consolidated.safetensors"],
         ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]),
        (["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin", "optimizer.bin"],
         ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"]),
        (["pytorch_model.bin", "training_args.bin", "optimizer.bin", "scheduler.bin", "rng_state.pth"],
         ["pytorch_model.bin"]),
        (["model.bin", "optimizer.bin"], ["model.bin"]),  # of CTranslate2
    ],
)  # fmt: skip
def test_only_the_weight_files_that_are_loaded_are_selected(published: list[str], loaded: list[str]):
    assert checkpoint_files([*published, "config.json", "README.md"]) == [*loaded, "config.json"]
