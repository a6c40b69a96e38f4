"""Low-rank changes of weights: what they change, and which weights they are rejected for."""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from asr.errors import ModelUnavailable
from asr.inference.ctranslate2_file import Ctranslate2File, read_ctranslate2
from asr.models.low_rank import BASE, SETTINGS, LowRankChange, read_change, write_adapted, write_change
from tests.support.weights import published_weights

KEY = "model.encoder.layers.1.self_attn.k_proj.weight"
NORM = "model.encoder.layer_norm.weight"
FUSED = "encoder/layer_1/self_attention/linear_0/weight"


def base() -> Ctranslate2File:
    return read_ctranslate2(weights())


def weights() -> Path:
    return published_weights("whisper-tiny.en").folder / "model.bin"


def change(base_sha256: str) -> LowRankChange:
    random = np.random.default_rng(3)
    up, down, norm = (random.normal(size=shape).astype(np.float16) / 8 for shape in ((384, 4), (4, 384), (384,)))
    arrays = {f"{KEY}.up": up, f"{KEY}.down": down, f"{NORM}.change": norm}
    return LowRankChange(arrays, {BASE: base_sha256, SETTINGS: json.dumps({"trailing_silence": 2})})


def test_a_change_affects_only_its_part_of_a_fused_matrix():
    before, own = base(), change("abc")
    after = own.merged(before, "abc")
    added = own.arrays[f"{KEY}.up"].astype(np.float64) @ own.arrays[f"{KEY}.down"].astype(np.float64)
    expected = before.variables[FUSED].copy()
    expected[384:768] = expected[384:768] + added
    assert np.array_equal(after.variables[FUSED], expected)
    norm = before.variables["encoder/layer_norm/gamma"] + own.arrays[f"{NORM}.change"].astype(np.float64)
    assert np.array_equal(after.variables["encoder/layer_norm/gamma"], norm.astype(np.float16))
    changed = {name for name, array in after.variables.items() if not np.array_equal(array, before.variables[name])}
    assert changed == {FUSED, "encoder/layer_norm/gamma"}


def test_a_change_is_rejected_for_weights_that_it_was_not_trained_for():
    with pytest.raises(ModelUnavailable, match="was trained for the weights with SHA-256 abc, not for those with def"):
        change("abc").merged(base(), "def")
    with pytest.raises(ModelUnavailable, match=r"SHA-256 \(none\)"):
        LowRankChange({}, {}).merged(base(), "def")


def test_a_change_survives_a_round_trip_through_its_file(tmp_path: Path):
    own = change("abc")
    write_change(own, tmp_path / "a.safetensors")
    read = read_change(tmp_path / "a.safetensors")
    assert read.about == own.about
    assert {name: array.tolist() for name, array in read.arrays.items()} == {
        name: array.tolist() for name, array in own.arrays.items()
    }
    assert read.numbers == 2 * 4 * 384 + 384


@pytest.mark.parametrize("content", [b"", b"no weights", None])
def test_an_unreadable_change_is_rejected(content: bytes | None, tmp_path: Path):
    path = tmp_path / "a.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelUnavailable, match=r"a\.safetensors is not a readable change of weights"):
        read_change(path)


def test_an_adapted_folder_has_the_settings_of_the_change_and_is_reproducible(tmp_path: Path):
    folder = weights().parent
    own = change(sha256(weights().read_bytes()).hexdigest())
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_adapted(own, folder, tmp_path / name)
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    assert set(one) == {"config.json", "model.bin", "tokenizer.json", "vocabulary.txt"}
    assert json.loads(one["config.json"]) == json.loads((folder / "config.json").read_bytes()) | {"trailing_silence": 2}
