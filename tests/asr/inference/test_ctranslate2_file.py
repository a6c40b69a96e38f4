"""The weight file in CTranslate2's format, read and written as by CTranslate2 itself."""

from pathlib import Path

import numpy as np
import pytest

from asr.errors import ModelUnavailable
from asr.inference.ctranslate2_file import read_ctranslate2, whisper_places, write_ctranslate2
from tests.support.weights import published_weights


@pytest.mark.parametrize("name", ["whisper-tiny.en", "whisper-base"])
def test_a_file_that_is_read_and_written_has_the_same_bytes(name: str, tmp_path: Path):
    path = published_weights(name).folder / "model.bin"
    write_ctranslate2(read_ctranslate2(path), tmp_path / "model.bin")
    assert (tmp_path / "model.bin").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["whisper-tiny.en", "whisper-base"])
def test_every_weight_of_whisper_has_one_place_in_transformers(name: str):
    """All but the biases of keys, which transformers does not have: they are zero."""
    file = read_ctranslate2(published_weights(name).folder / "model.bin")
    places = whisper_places(file.layers("encoder"), file.layers("decoder"))
    covered = {variable: np.zeros(array.shape, int) for variable, array in file.variables.items() if array.ndim}
    for place in places.values():
        place.of(covered)[...] += 1
    for variable, count in covered.items():
        assert count.max(initial=1) == 1
        if "/alignment" not in variable:
            assert not np.any(file.variables[variable][count == 0])


@pytest.mark.parametrize("damage", ["cut", "other version", "empty", "missing"])
def test_a_damaged_file_is_rejected_with_its_name(damage: str, tmp_path: Path):
    path = tmp_path / "model.bin"
    data = (published_weights("whisper-tiny.en").folder / "model.bin").read_bytes()
    if damage != "missing":
        path.write_bytes({"cut": data[:-1], "other version": b"\x07" + data[1:], "empty": b""}[damage])
    with pytest.raises(ModelUnavailable, match=r"model\.bin cannot be read as CTranslate2 weights"):
        read_ctranslate2(path)
