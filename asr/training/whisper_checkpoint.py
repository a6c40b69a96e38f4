"""Whisper's weights in CTranslate2's format as a model of transformers, for training, and back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from transformers import WhisperConfig, WhisperForConditionalGeneration

from asr.errors import ModelUnavailable
from asr.inference.ctranslate2_file import Ctranslate2File, read_ctranslate2, whisper_places

_SPEC: Final = "WhisperSpec"


def whisper_from_ctranslate2(folder: Path) -> WhisperForConditionalGeneration:
    """The model of a folder in CTranslate2's format as transformers' class, in float32 and without dropout.

    The class has the same outputs for equal inputs; its encoder accepts only 30 s (see `encoded`). Raises
    `ModelUnavailable` if the folder contains another kind of model, or quantised weights.
    """
    file = read_ctranslate2(folder / "model.bin")
    if file.spec != _SPEC or file.variables["encoder/conv1/weight"].dtype == np.int8:
        raise ModelUnavailable(f"{folder} does not contain a Whisper model in float16 or float32; name another one.")
    model: WhisperForConditionalGeneration = WhisperForConditionalGeneration(_config(file))
    places = whisper_places(file.layers("encoder"), file.layers("decoder"))
    state = {name: torch.from_numpy(place.of(file.variables).astype(np.float32)) for name, place in places.items()}
    state["proj_out.weight"] = state["model.decoder.embed_tokens.weight"]
    model.load_state_dict(state)
    model.train(False)
    return model


def ctranslate2_from_whisper(model: WhisperForConditionalGeneration, base: Ctranslate2File) -> Ctranslate2File:
    """``base`` with the weights of a model of the same shape, in the types that they have in ``base``."""
    return base.changed(_variables(model.state_dict(), base))


def encoded(model: WhisperForConditionalGeneration, features: Tensor) -> Tensor:
    """The encoder's output for windows of any length, shape (windows, frames / 2, width).

    ``features`` are log-mel spectrograms of one length up to 30 s, shape (windows, bands, frames), frames even.
    transformers' own ``forward`` accepts only 30 s.
    """
    encoder = model.model.encoder
    states: Tensor = torch.nn.functional.gelu(encoder.conv1(features))
    states = torch.nn.functional.gelu(encoder.conv2(states)).transpose(1, 2)
    states = states + encoder.embed_positions.weight[: states.shape[1]]
    for layer in encoder.layers:
        states = layer(states, None)
    normed: Tensor = encoder.layer_norm(states)
    return normed


def decoded(model: WhisperForConditionalGeneration, encoder_states: Tensor, tokens: Tensor) -> Tensor:
    """The decoder's last states, which the embedding turns into logits, shape (windows, tokens, width)."""
    decoder = model.model.decoder
    output = decoder(input_ids=tokens, encoder_hidden_states=encoder_states, use_cache=False)
    states: Tensor = output.last_hidden_state
    return states


def _config(file: Ctranslate2File) -> WhisperConfig:
    variables = file.variables
    tokens, width = variables["decoder/embeddings/weight"].shape
    heads = int(variables["encoder/num_heads"])
    inner = len(variables["encoder/layer_0/ffn/linear_0/bias"])
    return WhisperConfig(
        vocab_size=tokens,
        num_mel_bins=variables["encoder/conv1/weight"].shape[1],
        d_model=width,
        encoder_layers=file.layers("encoder"),
        decoder_layers=file.layers("decoder"),
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=inner,
        decoder_ffn_dim=inner,
        max_source_positions=len(variables["encoder/position_encodings/encodings"]),
        max_target_positions=len(variables["decoder/position_encodings/encodings"]),
        dropout=0.0,
    )


def _variables(state: Mapping[str, Tensor], base: Ctranslate2File) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, place in whisper_places(base.layers("encoder"), base.layers("decoder")).items():
        old = base.variables[place.variable]
        found.setdefault(place.variable, np.zeros(old.shape, np.float32))
        place.of(found)[...] = state[name].detach().float().numpy()
    return found
