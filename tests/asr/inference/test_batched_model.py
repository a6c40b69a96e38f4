import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCTC,
    Data2VecAudioConfig,
    Data2VecAudioForCTC,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
)

from asr.errors import AsrError
from asr.inference.batched_model import BatchedModel
from asr.types import Precision, Waveform
from tests.support.checkpoints import SMALL, save_wav2vec2
from tests.support.recordings import audio_of, bursts
from tests.support.trained import one_thread

RATE = 16_000


@pytest.fixture(scope="module", autouse=True)
def single_threaded() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_wav2vec2(tmp_path_factory.mktemp("acoustic-model"))


def acoustic_model(folder: Path, batch_seconds: float = 0, precision: Precision = "float32") -> BatchedModel:
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    model = AutoModelForCTC.from_pretrained(folder).eval()
    return BatchedModel(str(folder), extractor, model, "cpu", precision, batch_seconds)


def shapes_of_passes(batched: BatchedModel, waveforms: list[Waveform]) -> tuple[list[torch.Size], list[Any]]:
    """The shape of each forward pass's input, and the outputs."""
    shapes: list[torch.Size] = []

    def note(_: object, given: tuple[torch.Tensor, ...], named: dict[str, torch.Tensor]) -> None:
        shapes.append((given[0] if given else named["input_values"]).shape)

    hook = batched._model.register_forward_pre_hook(note, with_kwargs=True)
    outputs = list(batched.outputs(audio_of(*waveforms)))
    hook.remove()
    return shapes, outputs


def test_pieces_of_all_clips_share_batches_that_stay_within_their_seconds(folder: Path):
    waveforms = [bursts((0.1, length - 0.1), length=length) for length in (2.0, 4.0, 1.98, 3.96, 2.0)]
    waveforms.append(bursts((1, 20), (22, 38), length=50))  # two pieces
    batched = acoustic_model(folder, batch_seconds=8)
    shapes, outputs = shapes_of_passes(batched, waveforms)
    assert [shape[0] for shape in shapes] == [1, 1, 2, 3]
    assert all(clips == 1 or clips * samples <= 8 * RATE for clips, samples in shapes)
    assert sorted(each.clip for each in outputs) == [0, 1, 2, 3, 4, 5, 5]
    real = sum(each.end - each.start for each in outputs)
    assert 1 < batched.padding.ratio == sum(clips * samples for clips, samples in shapes) / real


def test_each_piece_has_the_logits_of_its_own_frames(folder: Path):
    waveforms = [bursts((0.1, length - 0.1), length=length) for length in (2.0, 1.98, 1.96, 1.94)]
    outputs = {each.clip: each for each in acoustic_model(folder).outputs(audio_of(*waveforms))}
    plain = Wav2Vec2ForCTC.from_pretrained(folder).eval()
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    for clip, waveform in enumerate(waveforms):
        with torch.inference_mode():
            expected = plain(**extractor(waveform, sampling_rate=RATE, return_tensors="pt")).logits[0]
        assert (outputs[clip].start, outputs[clip].end) == (0, len(waveform))
        assert outputs[clip].logits.shape == expected.shape
        assert (outputs[clip].logits - expected).abs().max() < 1e-3 * expected.abs().max()


def test_unverified_model_types_batch_only_clips_of_equal_length(tmp_path: Path):
    torch.manual_seed(0)
    config = Data2VecAudioConfig(**SMALL | {"num_conv_pos_embeddings": 2}, vocab_size=32)
    Data2VecAudioForCTC(config).save_pretrained(tmp_path)
    Wav2Vec2FeatureExtractor().save_pretrained(tmp_path)
    precisions: tuple[Precision, ...] = ("float32", "bfloat16", "int8")
    for precision in precisions:
        waveforms = [bursts((0.1, 0.9), length=length) for length in (1, 1, 1.01, 1)]
        shapes, outputs = shapes_of_passes(acoustic_model(tmp_path, 2, precision), waveforms)
        assert [tuple(shape) for shape in shapes] == [(1, 1.01 * RATE), (2, RATE), (1, RATE)]
        assert sorted(each.clip for each in outputs) == [0, 1, 2, 3]
        assert {each.logits.dtype for each in outputs} == {torch.float32}


def test_silence_needs_no_forward_pass(folder: Path):
    shapes, outputs = shapes_of_passes(acoustic_model(folder), [np.zeros(RATE, np.float32), np.zeros(0, np.float32)])
    assert (shapes, outputs) == ([], [])


def test_samples_are_normalised_in_float32_in_half_precision(folder: Path):
    sound = [bursts((0.1, 1.9), length=2)]
    (exact,), (half,) = (
        list(acoustic_model(folder, precision=kind).outputs(audio_of(*sound))) for kind in ("float32", "bfloat16")
    )
    assert half.logits.dtype == torch.float32
    assert 0 < (half.logits - exact.logits).abs().mean() < 0.1 * exact.logits.abs().mean()


def test_exceptions_of_a_model_become_asr_errors(folder: Path):
    batched = acoustic_model(folder)
    batched._model.lm_head = torch.nn.Linear(5, 5)
    with pytest.raises(AsrError, match=re.escape(f"{folder} failed")):
        list(batched.outputs(audio_of(bursts((0.1, 0.9), length=1))))
