"""Whisper's weights in CTranslate2's format as a transformers model: both have the same outputs."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from ctranslate2 import StorageView
from ctranslate2.models import Whisper

from asr.audio.decoding import SAMPLE_RATE, decode_audio
from asr.audio.mel import log_mel
from asr.errors import ModelUnavailable
from asr.inference.ctranslate2_file import read_ctranslate2, write_ctranslate2
from asr.speech.whisper_tokens import WhisperVocabulary
from asr.training.whisper_checkpoint import ctranslate2_from_whisper, decoded, encoded, whisper_from_ctranslate2
from asr.types import Waveform
from tests.conftest import SAMPLES
from tests.support.weights import published_weights

NAMES = pytest.mark.parametrize("name", ["whisper-tiny.en", "whisper-base"])


@cache
def sounds() -> tuple[Waveform, ...]:
    return tuple(decode_audio(path.read_bytes(), 60) for path in sorted(SAMPLES.glob("sample-*.mp3"))[:3])


@NAMES
@pytest.mark.parametrize("window", [30, 0.5])
def test_encoder_and_logits_are_those_of_ctranslate2(name: str, window: float):
    """``window`` is 30 s, or the clip and this many seconds."""
    folder = published_weights(name).folder
    ours, theirs = whisper_from_ctranslate2(folder), Whisper(str(folder), compute_type="float32", intra_threads=1)
    vocabulary = WhisperVocabulary(folder, is_multilingual=theirs.is_multilingual)
    prompt = vocabulary.prompt(vocabulary.start("en"))
    for sound in sounds():
        seconds = window if window == 30 else round(len(sound) / SAMPLE_RATE + window, 1)
        features = log_mel(sound, round(seconds * 100))[None]
        output = theirs.encode(StorageView.from_array(features), to_cpu=True)
        (found,) = theirs.generate(
            output, [prompt], beam_size=1, return_logits_vocab=True, suppress_blank=False, suppress_tokens=[]
        )
        tokens = torch.tensor([[*prompt, *found.sequences_ids[0]]])
        with torch.inference_mode():
            states = encoded(ours, torch.from_numpy(features))
            logits = ours.proj_out(decoded(ours, states, tokens))[0, len(prompt) - 1 :]
        assert np.abs(states.numpy() - np.asarray(output)).max() < 1e-2
        expected = np.stack([np.asarray(own) for own in found.logits[0]])  # up to the limit of tokens, if it loops
        assert np.abs(logits[: len(expected)].numpy() - expected).max() < 1e-2


@NAMES
def test_weights_survive_a_round_trip_through_a_checkpoint(name: str, tmp_path: Path):
    folder = published_weights(name).folder
    base = read_ctranslate2(folder / "model.bin")
    write_ctranslate2(ctranslate2_from_whisper(whisper_from_ctranslate2(folder), base), tmp_path / "model.bin")
    assert (tmp_path / "model.bin").read_bytes() == (folder / "model.bin").read_bytes()


def test_a_model_of_another_kind_is_rejected(tmp_path: Path):
    base = read_ctranslate2(published_weights("whisper-tiny.en").folder / "model.bin")
    write_ctranslate2(type(base)("TransformerSpec", 1, base.variables, base.aliases), tmp_path / "model.bin")
    with pytest.raises(ModelUnavailable, match="does not contain a Whisper model in float16 or float32"):
        whisper_from_ctranslate2(tmp_path)
