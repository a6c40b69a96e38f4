import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoFeatureExtractor, AutoModelForCTC, Wav2Vec2BertConfig

from asr.inference.batched_model import BatchedModel, PieceOutput, padding_mask
from asr.inference.conformers import can_batch, frames_of, own_features
from asr.speech.ctc import CtcSpeechModel
from asr.types import Precision, Waveform
from tests.support.checkpoints import CONFORMERS, conformer, save_conformer
from tests.support.recordings import audio_of
from tests.support.trained import one_thread

RATE = 16_000
KINDS = (*CONFORMERS, "granite")


@pytest.fixture(scope="module", autouse=True)
def single_threaded() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def clips(sentences: list[tuple[Waveform, str]]) -> list[Waveform]:
    """Twelve sample clips of different lengths, and two very short ones."""
    waveforms = [waveform[: len(waveform) - 997 * number] for number, (waveform, _) in enumerate(sentences[:12])]
    return [*waveforms, waveforms[0][8_000:10_400], waveforms[1][8_000:13_333]]


@pytest.fixture(scope="module", params=CONFORMERS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_conformer(tmp_path_factory.mktemp("conformers") / request.param, request.param)


def features_of(kind: str, clips: Sequence[Waveform]) -> list[torch.Tensor]:
    """Noise features of the clips' lengths, since the extractors of some kinds need a further library."""
    generator = torch.Generator().manual_seed(0)
    channels = 64 if kind == "wav2vec2-bert" else 32
    return [torch.randn(len(clip) // 160, channels, generator=generator) for clip in clips]


@torch.inference_mode()
def difference(model: Any, features: Sequence[torch.Tensor], order: Sequence[int], size: int, masked: bool) -> float:
    """The largest difference between unbatched logits and those of batches of this size and order."""
    largest = 0.0
    for first in range(0, len(order), size):
        own = [features[number] for number in order[first : first + size]]
        mask = padding_mask(list(map(len, own))) if masked else None
        together = model(pad_sequence(own, batch_first=True), attention_mask=mask).logits
        for each, logits in zip(own, together, strict=True):
            alone = model(each[None], attention_mask=torch.ones(1, len(each), dtype=torch.long)).logits[0]
            assert len(alone) == frames_of(len(each), model)
            largest = max(largest, float((logits[: len(alone)] - alone).abs().max()))
    return largest


@pytest.mark.parametrize("kind", KINDS)
def test_in_any_batch_a_clip_has_the_logits_of_the_unbatched_model(kind: str, clips: list[Waveform]):
    model, features = conformer(kind), features_of(kind, clips)
    numbers = list(range(len(features)))
    assert can_batch(model.config)
    for order in (numbers, numbers[::-1], random.Random(7).sample(numbers, len(numbers))):
        for size in (2, 5, 14):
            assert difference(model, features, order, size, masked=True) < 1e-4
    assert difference(model, features, numbers, 5, masked=False) > 1e-2


def batched(folder: Path, batch_seconds: float = 30, precision: Precision = "float32") -> BatchedModel:
    extractor = AutoFeatureExtractor.from_pretrained(folder)
    model = AutoModelForCTC.from_pretrained(folder).eval()
    return BatchedModel(str(folder), extractor, model, "cpu", precision, batch_seconds)


def outputs(model: BatchedModel, clips: Sequence[Waveform]) -> dict[int, PieceOutput]:
    return {output.clip: output for output in model.outputs(audio_of(*clips))}


def test_each_clip_has_the_logits_that_transformers_decodes_from_its_features(folder: Path, clips: list[Waveform]):
    extractor, plain = AutoFeatureExtractor.from_pretrained(folder), AutoModelForCTC.from_pretrained(folder).eval()
    found = outputs(batched(folder), clips[:-2])
    for number, clip in enumerate(clips[:-2]):
        inputs = extractor(clip, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True)
        with torch.inference_mode():
            expected = plain(**inputs).logits[0]
        own = frames_of(len(own_features(inputs)), plain)
        assert len(expected) - 1 <= own == len(found[number].logits)
        assert (found[number].logits - expected[:own]).abs().max() < 1e-4 * max(1, float(expected.abs().max()))


def test_no_transcript_changes_with_neighbours_order_or_batch_size(folder: Path, clips: list[Waveform]):
    alone = CtcSpeechModel(str(folder), "cpu", "float32", batch_seconds=0.1)
    expected = [alone.transcribe(audio_of(clip))[0] for clip in clips]
    assert alone.padding_ratio == 1
    assert len({transcript.text for transcript in expected}) > len(clips) / 2
    for seconds in (10, 60):
        together = CtcSpeechModel(str(folder), "cpu", "float32", batch_seconds=seconds)
        for order in (list(range(len(clips))), random.Random(3).sample(range(len(clips)), len(clips))):
            found = together.transcribe(audio_of(*(clips[number] for number in order)))
            for number, transcript in zip(order, found, strict=True):
                assert transcript.text == expected[number].text
                assert [word.start for word in transcript.words] == [word.start for word in expected[number].words]
        assert together.padding_ratio > 1


def test_padding_causes_no_nan_in_half_precision(folder: Path, clips: list[Waveform]):
    full, half = (outputs(batched(folder, precision=kind), clips) for kind in ("float32", "bfloat16"))
    for number, exact in full.items():
        assert (half[number].logits - exact.logits).abs().mean() < 0.2 * exact.logits.abs().mean()


def test_words_have_the_times_of_their_frames(folder: Path, clips: list[Waveform]):
    width = {"parakeet_ctc": 640, "lasr_ctc": 640, "wav2vec2-bert": 320}[batched(folder).config.model_type]
    assert batched(folder).samples_a_frame == width
    (transcript,) = CtcSpeechModel(str(folder), "cpu").transcribe(audio_of(clips[0]))
    assert len(transcript.words) > 1
    assert all((word.start * RATE / width).is_integer() for word in transcript.words)
    assert transcript.words[-1].end <= len(clips[0]) / RATE


def test_very_short_audio_is_transcribed_without_an_error(folder: Path):
    model = CtcSpeechModel(str(folder), "cpu")
    for length in (1, 400, 1_700):
        short = np.full(length, 0.4, np.float32)
        (transcript,) = model.transcribe(audio_of(short))
        assert all(word.end <= length / RATE for word in transcript.words)


def test_models_with_adapters_are_not_batched_with_padding(clips: list[Waveform]):
    assert not can_batch(Wav2Vec2BertConfig(add_adapter=True))
