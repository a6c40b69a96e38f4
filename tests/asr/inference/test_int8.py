"""Int8 layers: close to full precision, and independent of the other clips in the batch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC, WavLMConfig, WavLMForCTC

from asr.audio.decoding import decode_audio
from asr.inference.batch_invariance import make_batch_invariant
from asr.inference.int8 import Int8Linear
from asr.inference.kernels import optimized
from asr.inference.precision import multiplies_int8
from asr.speech.ctc import CtcSpeechModel
from asr.speech.seq2seq import Seq2SeqSpeechModel
from asr.types import Waveform
from hearsay.text.wer import WordErrors, word_errors
from tests.asr.inference.test_batch_invariance import random_model
from tests.conftest import leave_out
from tests.support.checkpoints import save_whisper
from tests.support.recordings import audio_of

ONE_STEP = 0.1
"""Largest effect on logits if one quantised value is rounded the other way in a batch: 0.017 was measured."""


@pytest.fixture(scope="module", autouse=True)
def requires_int8_support() -> None:
    if not multiplies_int8():
        leave_out("vnni", "this CPU multiplies int8 wrongly, so that it is refused")


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 48), (3, 7, 48), (2, 1, 5, 48)], ids=str)
def test_an_int8_layer_is_close_to_the_full_precision_layer(kind: torch.dtype, bias: bool, shape: tuple[int, ...]):
    torch.manual_seed(0)
    layer, values = torch.nn.Linear(48, 80, bias=bias).to(kind), torch.randn(shape).to(kind)
    with torch.inference_mode():
        expected, found = layer(values), Int8Linear(layer)(values)
    assert (found.dtype, found.shape) == (kind, expected.shape)
    assert 0 < (found - expected).float().abs().max() < 0.03 * expected.float().abs().max()


def test_rows_of_very_different_magnitude_are_quantised_separately():
    torch.manual_seed(0)
    layer = torch.nn.Linear(48, 80)
    values = torch.randn(4, 48) * torch.tensor([[0.0], [1e-3], [1.0], [1e4]])
    with torch.inference_mode():
        expected, found = layer(values), Int8Linear(layer)(values)
    assert torch.equal(found[0], layer.bias)
    for row in range(1, 4):
        assert (found[row] - expected[row]).abs().max() < 0.03 * expected[row].abs().max()


def test_a_frame_does_not_depend_on_other_frames():
    torch.manual_seed(0)
    layer, values = Int8Linear(torch.nn.Linear(64, 96)), torch.randn(50, 64)
    values[7] *= 1000
    with torch.inference_mode():
        together = layer(values)
        assert all(torch.equal(together[row], layer(values[row : row + 1])[0]) for row in range(50))


@pytest.mark.parametrize("kind", [(Wav2Vec2ForCTC, Wav2Vec2Config), (WavLMForCTC, WavLMConfig)], ids=str)
@pytest.mark.parametrize("half", [torch.float32, torch.bfloat16])
def test_int8_logits_are_close_to_float32_logits(kind, half: torch.dtype):  # noqa: ANN001
    plain, fast = (random_model(*kind, "group") for _ in range(2))
    make_batch_invariant(fast)
    optimized(fast, half, "cpu", is_int8=True)
    sound = torch.randn(2, 24_000, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        found, expected = fast(sound).logits.float(), plain(sound).logits
    assert isinstance(fast.lm_head, Int8Linear)
    assert 0 < (found - expected).abs().max() < 0.15 * expected.abs().max()


def test_int8_transcripts_are_nearly_the_same_alone_in_a_batch_and_in_full_precision(
    trained: Path, sentences: list[tuple[Waveform, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    # without CPU flags, all other layers compute in float32
    monkeypatch.setattr("asr.inference.precision._CPU_FLAGS", tmp_path / "nothing is said")
    sounds = [sound for sound, _ in sentences]
    full, whole = (CtcSpeechModel(str(trained), "cpu", precision) for precision in ("float32", "int8"))
    together = [transcript.text for transcript in whole.transcribe(audio_of(*sounds))]
    alone = [whole.transcribe(audio_of(sound))[0].text for sound in sounds]
    assert sum(one != other for one, other in zip(together, alone, strict=True)) <= len(sounds) / 10
    in_a_batch = {output.clip: output.logits for output in whole._batched_model.outputs(audio_of(*sounds))}
    for number, sound in enumerate(sounds):
        (output,) = whole._batched_model.outputs(audio_of(sound))
        assert (output.logits - in_a_batch[number]).abs().max() < ONE_STEP
    errors = sum(
        (
            word_errors(one.text.split(), text.split())
            for one, text in zip(full.transcribe(audio_of(*sounds)), together, strict=True)
        ),
        WordErrors(),
    )
    assert errors.reference_words > 50
    assert errors.errors < 0.1 * errors.reference_words


def test_whisper_runs_in_int8(tmp_path: Path, samples: Path):
    speech_model = Seq2SeqSpeechModel(str(save_whisper(tmp_path, ("en",))), "cpu", "int8")
    assert not any(isinstance(module, torch.nn.Linear) for module in speech_model._model.modules())
    clip = decode_audio((samples / "sample-interview.mp3").read_bytes(), 600)[: 16_000 * 5]
    assert speech_model.transcribe(audio_of(clip, np.zeros(16_000, np.float32)))[1].text == ""
