"""Reads and writes ``model.bin``, the weights of a model in CTranslate2's format, and describes Whisper's in it.

The format is that of ``ctranslate2/specs/model_spec.py``, binary version 6.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from asr.errors import ModelUnavailable

_VERSION: Final = 6
_TYPES: Final = tuple(map(np.dtype, ("float32", "int8", "int16", "int32", "float16")))

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Ctranslate2File:
    """The contents of ``model.bin``: variables by name, in the order of the file, and aliases of variables."""

    spec: str
    revision: int
    variables: Mapping[str, Array]
    aliases: Mapping[str, str]

    def layers(self, part: str) -> int:
        """The number of layers of the encoder or the decoder."""
        return sum(name.endswith("/ffn/linear_0/weight") and name.startswith(f"{part}/") for name in self.variables)

    def changed(self, variables: Mapping[str, Array]) -> "Ctranslate2File":
        """The same with some variables replaced, each in the type that it has in the file."""
        merged = {name: np.asarray(variables.get(name, old), old.dtype) for name, old in self.variables.items()}
        return replace(self, variables=merged)


@dataclass(frozen=True, slots=True)
class ParameterPlace:
    """Where a parameter of transformers' Whisper is in the file: a variable, and a part of its rows.

    CTranslate2 stacks the matrices of query, key and value: the parameter is the ``part``-th of ``parts`` equal ones.
    """

    variable: str
    part: int = 0
    parts: int = 1

    def of(self, variables: Mapping[str, Array]) -> Array:
        """The parameter: a view of the variable, which may be assigned to."""
        whole = variables[self.variable]
        size = len(whole) // self.parts
        return whole[self.part * size : (self.part + 1) * size]


def whisper_places(encoder_layers: int, decoder_layers: int) -> dict[str, ParameterPlace]:
    """The place of every parameter of transformers' ``WhisperForConditionalGeneration``, without ``proj_out``."""
    found = {"model.decoder.embed_tokens.weight": ParameterPlace("decoder/embeddings/weight")}
    for conv in ("conv1", "conv2"):
        for kind in ("weight", "bias"):
            found[f"model.encoder.{conv}.{kind}"] = ParameterPlace(f"encoder/{conv}/{kind}")
    for part, layers in (("encoder", encoder_layers), ("decoder", decoder_layers)):
        found[f"model.{part}.embed_positions.weight"] = ParameterPlace(f"{part}/position_encodings/encodings")
        found |= _norm(f"model.{part}.layer_norm", f"{part}/layer_norm")
        for layer in range(layers):
            ours, theirs = f"model.{part}.layers.{layer}", f"{part}/layer_{layer}"
            found |= _attention(f"{ours}.self_attn", f"{theirs}/self_attention", ("q", "k", "v"))
            if part == "decoder":
                found |= _attention(f"{ours}.encoder_attn", f"{theirs}/attention", ("q",), ("k", "v"))
            found |= _norm(f"{ours}.final_layer_norm", f"{theirs}/ffn/layer_norm")
            for number in range(2):
                found |= _linear(f"{ours}.fc{number + 1}", f"{theirs}/ffn/linear_{number}")
    return found


def read_ctranslate2(path: Path) -> Ctranslate2File:
    """Raises `ModelUnavailable` if the file is not in CTranslate2's format, or is in another version of it."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except (OSError, EOFError, struct.error, ValueError, IndexError) as problem:
        raise ModelUnavailable(f"{path} cannot be read as CTranslate2 weights: {problem}.") from problem


def write_ctranslate2(model: Ctranslate2File, path: Path) -> None:
    """Write a model in CTranslate2's binary format, version 6, as `read_ctranslate2` reads it."""
    with path.open("wb") as file:
        file.write(struct.pack("<I", _VERSION))
        _write_text(file, model.spec)
        file.write(struct.pack("<II", model.revision, len(model.variables)))
        for name, array in model.variables.items():
            _write_text(file, name)
            kind, data = _TYPES.index(array.dtype), array.tobytes()
            file.write(struct.pack(f"<B{array.ndim}IBI", array.ndim, *array.shape, kind, len(data)))
            file.write(data)
        file.write(struct.pack("<I", len(model.aliases)))
        for alias, name in model.aliases.items():
            _write_text(file, alias)
            _write_text(file, name)


def _norm(ours: str, theirs: str) -> dict[str, ParameterPlace]:
    return {f"{ours}.weight": ParameterPlace(f"{theirs}/gamma"), f"{ours}.bias": ParameterPlace(f"{theirs}/beta")}


def _linear(ours: str, theirs: str) -> dict[str, ParameterPlace]:
    return {f"{ours}.{kind}": ParameterPlace(f"{theirs}/{kind}") for kind in ("weight", "bias")}


def _attention(ours: str, theirs: str, *fused: tuple[str, ...]) -> dict[str, ParameterPlace]:
    """An attention whose projections are fused in groups; the key's has no bias in transformers (it is zero here)."""
    found = _norm(f"{ours}_layer_norm", f"{theirs}/layer_norm")
    for linear, group in enumerate((*fused, ("out",))):
        for part, projection in enumerate(group):
            for kind in ("weight", "bias"):
                place = ParameterPlace(f"{theirs}/linear_{linear}/{kind}", part, len(group))
                if (projection, kind) != ("k", "bias"):
                    found[f"{ours}.{projection}_proj.{kind}"] = place
    return found


def _read(file: BinaryIO) -> Ctranslate2File:
    (version,) = _unpacked(file, "I")
    if version != _VERSION:
        raise ValueError(f"its binary version is {version}; only version {_VERSION} is supported")
    spec = _text(file)
    revision, count = _unpacked(file, "II")
    variables = dict(_variable(file) for _ in range(count))
    (count,) = _unpacked(file, "I")
    aliases = {_text(file): _text(file) for _ in range(count)}
    return Ctranslate2File(spec, revision, variables, aliases)


def _variable(file: BinaryIO) -> tuple[str, Array]:
    name = _text(file)
    (rank,) = _unpacked(file, "B")
    *shape, kind, size = _unpacked(file, f"{rank}IBI")
    return name, np.frombuffer(_bytes(file, size), _TYPES[kind]).reshape(shape)


def _text(file: BinaryIO) -> str:
    (length,) = _unpacked(file, "H")  # with a final zero
    return _bytes(file, length)[:-1].decode()


def _write_text(file: BinaryIO, text: str) -> None:
    data = text.encode() + b"\0"
    file.write(struct.pack("<H", len(data)) + data)


def _unpacked(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(f"<{layout}", _bytes(file, struct.calcsize(f"<{layout}")))


def _bytes(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise EOFError("it is truncated")
    return data
