"""Low-rank changes of published weights: files of a megabyte, merged into the weights that they were trained for.

A change of a matrix is the product of two thin ones (LoRA: Hu et al., 2021, arXiv 2106.09685). A file in safetensors
format holds ``NAME.up`` and ``NAME.down`` for each changed matrix, and ``NAME.change`` for each changed vector, by the
parameter's name in transformers, in float16. Its metadata says what it was trained for, from what, and how.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.errors import ModelUnavailable
from asr.inference.ctranslate2_file import Ctranslate2File, read_ctranslate2, whisper_places, write_ctranslate2

BASE: Final = "base_sha256"
"""Key of the metadata: the SHA-256 of the ``model.bin`` that the change was trained for."""

SETTINGS: Final = "config"
"""Key of the metadata: what ``config.json`` says in addition, as JSON."""

_UP: Final = ".up"
_DOWN: Final = ".down"
_CHANGE: Final = ".change"


@dataclass(frozen=True, slots=True)
class LowRankChange:
    """A change of weights: arrays in float16 by name, and what the file says about itself."""

    arrays: Mapping[str, NDArray[np.float16]]
    about: Mapping[str, str]

    @property
    def numbers(self) -> int:
        return sum(array.size for array in self.arrays.values())

    def differences(self) -> dict[str, NDArray[np.float64]]:
        """What is added to each changed parameter.

        In float64 the products of float16 numbers are exact, and their sums so nearly that the result does not depend
        on the order of summation: merged weights have the same digest on every machine.
        """
        found = {}
        for name, array in self.arrays.items():
            if name.endswith(_UP):
                parameter = name.removesuffix(_UP)
                found[parameter] = array.astype(np.float64) @ self.arrays[parameter + _DOWN].astype(np.float64)
            elif name.endswith(_CHANGE):
                found[name.removesuffix(_CHANGE)] = array.astype(np.float64)
        return found

    def merged(self, base: Ctranslate2File, base_sha256: str) -> Ctranslate2File:
        """The weights with this change; raises `ModelUnavailable` if it was trained for others."""
        if base_sha256 != self.about.get(BASE):
            raise ModelUnavailable(
                f"The change was trained for the weights with SHA-256 {self.about.get(BASE, '(none)')}, not for "
                f"those with {base_sha256}, and was not applied."
            )
        places = whisper_places(base.layers("encoder"), base.layers("decoder"))
        changed: dict[str, NDArray[np.float64]] = {}
        for name, difference in self.differences().items():
            variable = places[name].variable
            changed.setdefault(variable, base.variables[variable].astype(np.float64))
            places[name].of(changed)[...] += difference
        return base.changed(changed)


def write_adapted(change: LowRankChange, base: Path, folder: Path) -> None:
    """Write the model of a folder with a change into another folder; raises `ModelUnavailable`."""
    weights = base / "model.bin"
    with weights.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    write_ctranslate2(change.merged(read_ctranslate2(weights), digest), folder / "model.bin")
    for path in base.iterdir():
        if path.name == "config.json":
            config = json.loads(path.read_text(encoding="utf-8")) | json.loads(change.about[SETTINGS])
            (folder / path.name).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        elif path.name == "tokenizer.json" or path.name.startswith("vocabulary."):
            shutil.copyfile(path, folder / path.name)


def read_change(path: Path) -> LowRankChange:
    """Raises `ModelUnavailable` if the file is missing, damaged, or not in safetensors format."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            return LowRankChange(
                {name: file.get_tensor(name) for name in sorted(file.keys())}, dict(file.metadata() or {})
            )
    except (OSError, SafetensorError) as problem:
        raise ModelUnavailable(f"{path} is not a readable change of weights: {problem}.") from problem


def write_change(change: LowRankChange, path: Path) -> None:
    """Write a change as safetensors, with its description in the metadata."""
    from safetensors.numpy import save_file

    save_file(dict(change.arrays), path, dict(change.about))
