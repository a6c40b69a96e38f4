from pathlib import Path

import numpy as np
import pytest
import torch

from asr.audio.decoding import decode_audio
from asr.emotion.whisper_encoder import WhisperEncoder
from asr.errors import ModelUnavailable
from asr.training.whisper_checkpoint import whisper_from_ctranslate2
from asr.types import SAMPLE_RATE, Waveform
from tests.support.weights import published_weights


@pytest.fixture(scope="module")
def folder() -> Path:
    return published_weights("whisper-tiny.en").folder


@pytest.fixture(scope="module")
def encoder(folder: Path) -> WhisperEncoder:
    return WhisperEncoder(folder, 3)


@pytest.fixture(scope="module")
def clip(samples: Path) -> Waveform:
    return decode_audio((samples / "sample-000000.mp3").read_bytes(), 60)


def test_the_means_are_those_of_the_same_layers_in_transformers(folder: Path, encoder: WhisperEncoder):
    features = np.random.default_rng(1).normal(0, 0.3, (300, 80)).astype(np.float32)
    theirs = whisper_from_ctranslate2(folder).model.encoder
    with torch.inference_mode():
        states = torch.nn.functional.gelu(theirs.conv1(torch.from_numpy(features.T[None])))
        states = torch.nn.functional.gelu(theirs.conv2(states)).transpose(1, 2) + theirs.embed_positions.weight[:150]
        expected = [(states := layer(states, None)) for layer in theirs.layers[:3]]
    for step, ours, wanted in zip((1, 1, 4), encoder.means(features), expected, strict=True):
        mean = wanted[0, ::step].mean(dim=0).numpy()
        assert np.abs(ours - mean).max() < 0.005 * np.abs(mean).max()  # GELU by tanh


def test_an_embedding_is_the_mean_of_each_layer_and_repeats(encoder: WhisperEncoder, clip: Waveform):
    embedding = encoder.embedding(clip)
    assert embedding is not None
    assert (embedding.shape, embedding.dtype) == ((3, 384), np.float32)
    assert np.array_equal(embedding, encoder.embedding(clip.copy()))


def test_silence_around_a_clip_changes_nothing(encoder: WhisperEncoder, clip: Waveform):
    loud = encoder.embedding(clip)
    silence = np.zeros(SAMPLE_RATE, np.float32)
    padded = encoder.embedding(np.concatenate([silence, clip, silence]))
    assert loud is not None
    assert padded is not None
    assert np.abs(loud - padded).max() < 0.02 * np.abs(loud).max()


def test_a_clip_longer_than_ten_seconds_is_described_as_a_whole(encoder: WhisperEncoder, clip: Waveform):
    once, often = encoder.embedding(clip), encoder.embedding(np.tile(clip, 6))
    assert once is not None
    assert often is not None
    assert np.corrcoef(once.ravel(), often.ravel())[0, 1] > 0.95


@pytest.mark.parametrize(
    "waveform",
    [np.zeros(0, np.float32), np.zeros(SAMPLE_RATE, np.float32), np.ones(800, np.float32)],
    ids=["empty", "silence", "short"],
)
def test_without_sound_there_is_no_embedding(encoder: WhisperEncoder, waveform: Waveform):
    assert encoder.embedding(waveform) is None


def test_a_click_has_no_embedding(encoder: WhisperEncoder):
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[8000] = 1
    assert encoder.embedding(click) is None


def test_other_files_and_missing_layers_are_explained(folder: Path, tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="has 4 layers, not 5"):
        WhisperEncoder(folder, 5)
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        WhisperEncoder(tmp_path, 2)
