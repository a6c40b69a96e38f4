import copy
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import (
    AutoModelForCTC,
    Data2VecAudioConfig,
    HubertConfig,
    HubertForCTC,
    HubertForSequenceClassification,
    UniSpeechConfig,
    UniSpeechForCTC,
    UniSpeechSatConfig,
    UniSpeechSatForCTC,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    Wav2Vec2ForSequenceClassification,
    WavLMConfig,
    WavLMForCTC,
    WavLMForSequenceClassification,
)

from asr.audio.decoding import decode_audio
from asr.inference.batch_invariance import can_batch, frames_of, make_batch_invariant
from asr.speech.ctc import CtcSpeechModel
from asr.types import Waveform
from tests.support.checkpoints import SMALL
from tests.support.recordings import audio_of
from tests.support.trained import one_thread

NORMS = ("group", "layer")
RELATED_MODELS = [
    (HubertConfig, HubertForCTC, HubertForSequenceClassification),
    (WavLMConfig, WavLMForCTC, WavLMForSequenceClassification),
    (UniSpeechConfig, UniSpeechForCTC, None),
    (UniSpeechSatConfig, UniSpeechSatForCTC, None),
]


@pytest.fixture(scope="module", autouse=True)
def single_threaded() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def clips(sentences: list[tuple[Waveform, str]]) -> list[torch.Tensor]:
    """34 sample clips as model inputs, each normalised separately."""
    return normalised([waveform for waveform, _ in sentences[:34]])


def normalised(waveforms: Sequence[Waveform]) -> list[torch.Tensor]:
    extractor = Wav2Vec2FeatureExtractor()
    return [torch.tensor(extractor(wave, sampling_rate=16_000)["input_values"][0]) for wave in waveforms]


def random_model(kind: Any, config: Any, norm: str, **options: Any) -> Any:
    """A model with random norm weights and large outputs, so that differences become visible."""
    torch.manual_seed(0)
    made = config(**(SMALL | options), vocab_size=32, feat_extract_norm=norm, do_stable_layer_norm=norm == "layer")
    model = kind(made).eval()
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "layer_norm" in name:
                weights.add_(torch.randn_like(weights) * 0.3)
            elif name.startswith(("lm_head", "classifier")):
                weights.mul_(30)
    return model


def exact_copy(model: Any) -> Any:
    copied = copy.deepcopy(model)
    make_batch_invariant(copied)
    return copied


def orders_of(clips: Sequence[torch.Tensor]) -> Iterator[list[int]]:
    numbers = list(range(len(clips)))
    yield numbers
    yield sorted(numbers, key=lambda number: len(clips[number]))
    yield random.Random(7).sample(numbers, len(numbers))


def padded(clips: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Samples and mask, both of shape (clips, samples)."""
    samples = pad_sequence(list(clips), batch_first=True)
    lengths = torch.tensor([len(clip) for clip in clips])
    return samples, (torch.arange(samples.shape[1]) < lengths[:, None]).long()


@torch.inference_mode()
def together(model: Any, clips: Sequence[torch.Tensor], order: Sequence[int], size: int) -> list[torch.Tensor]:
    """Logits in the order of the clips, computed in batches of the given order and size."""
    found: dict[int, torch.Tensor] = {}
    for first in range(0, len(order), size):
        batch = order[first : first + size]
        samples, mask = padded([clips[number] for number in batch])
        logits = model(samples, attention_mask=mask).logits
        found |= {number: own(each, clips[number], model) for number, each in zip(batch, logits, strict=True)}
    return [found[number] for number in range(len(clips))]


def own(logits: torch.Tensor, clip: torch.Tensor, model: Any) -> torch.Tensor:
    return logits[: frames_of(len(clip), model.config)] if logits.ndim == 2 else logits


@torch.inference_mode()
def alone(model: Any, clips: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    return [model(clip[None]).logits[0] for clip in clips]


def difference(ones: Sequence[torch.Tensor], others: Sequence[torch.Tensor]) -> float:
    return max(float((one - other).abs().max()) for one, other in zip(ones, others, strict=True))


@pytest.mark.parametrize("norm", NORMS)
def test_a_clip_in_any_batch_has_the_logits_of_the_unbatched_model(norm: str, clips: list[torch.Tensor]):
    plain = random_model(Wav2Vec2ForCTC, Wav2Vec2Config, norm)
    exact, expected = exact_copy(plain), alone(plain, clips)
    assert difference(alone(exact, clips), expected) < 1e-4
    for order in orders_of(clips):
        for size in (2, 8, 32):
            assert difference(together(exact, clips, order, size), expected) < 1e-4


def test_a_group_norm_model_with_only_an_attention_mask_is_not_batch_invariant(clips: list[torch.Tensor]):
    plain = random_model(Wav2Vec2ForCTC, Wav2Vec2Config, "group")
    assert difference(together(plain, clips, range(len(clips)), 8), alone(plain, clips)) > 0.1


@pytest.mark.parametrize("norm", NORMS)
def test_pooled_outputs_equal_those_of_the_unbatched_model(norm: str, clips: list[torch.Tensor]):
    plain = random_model(Wav2Vec2ForSequenceClassification, Wav2Vec2Config, norm, num_labels=8)
    exact, expected = exact_copy(plain), alone(plain, clips)
    assert max(float(logits.std()) for logits in expected) > 0.01
    for order in orders_of(clips):
        assert difference(together(exact, clips, order, 8), expected) < 1e-4


@pytest.mark.filterwarnings("ignore:Support for mismatched key_padding_mask")
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(
    ("config", "ctc", "classifier"), RELATED_MODELS, ids=[related[0].__name__ for related in RELATED_MODELS]
)
def test_models_related_to_wav2vec2_are_batch_invariant(
    config: Any, ctc: Any, classifier: Any, norm: str, clips: list[torch.Tensor]
):
    for kind in filter(None, (ctc, classifier)):
        plain = random_model(kind, config, norm)
        assert can_batch(plain.config)
        expected = alone(plain, clips[:9])
        assert difference(together(exact_copy(plain), clips[:9], range(9), 5), expected) < 1e-4


def test_models_with_convolutions_over_padding_are_not_batched():
    assert can_batch(Wav2Vec2Config())
    assert not can_batch(Wav2Vec2Config(add_adapter=True))
    assert not can_batch(HubertConfig(conv_pos_batch_norm=True))
    assert not can_batch(Data2VecAudioConfig())


def test_models_with_convolution_biases_and_single_frame_clips_are_batch_invariant(clips: list[torch.Tensor]):
    short_clips = [clips[0][:400], clips[1][:719], clips[2][:720], clips[3]]
    for norm in NORMS:
        plain = random_model(Wav2Vec2ForCTC, Wav2Vec2Config, norm, conv_bias=True)
        assert difference(together(exact_copy(plain), short_clips, range(4), 4), alone(plain, short_clips)) < 1e-4


def test_the_weighted_mean_over_layers_is_batch_invariant(clips: list[torch.Tensor]):
    plain = random_model(Wav2Vec2ForSequenceClassification, Wav2Vec2Config, "group", use_weighted_layer_sum=True)
    assert difference(together(exact_copy(plain), clips[:6], range(6), 3), alone(plain, clips[:6])) < 1e-4


def greedy_tokens(logits: Sequence[torch.Tensor]) -> list[list[int]]:
    """The result of greedy decoding: tokens without repetitions and blanks."""
    return [[token for token in each.argmax(-1).unique_consecutive().tolist() if token] for each in logits]


def changed(ones: Sequence[list[int]], others: Sequence[list[int]]) -> int:
    return sum(one != other for one, other in zip(ones, others, strict=True))


def test_no_batch_changes_the_tokens_of_a_trained_model(trained: Path, clips: list[torch.Tensor]):
    plain = AutoModelForCTC.from_pretrained(trained).eval()
    exact, expected = exact_copy(plain), greedy_tokens(alone(plain, clips))
    assert len({token for tokens in expected for token in tokens}) > 8
    for order in orders_of(clips):
        for size in (2, 8, 32):
            assert changed(greedy_tokens(together(exact, clips, order, size)), expected) == 0
    if plain.config.feat_extract_norm == "group":
        assert changed(greedy_tokens(together(plain, clips, range(len(clips)), 8)), expected) > len(clips) / 2


def test_batched_transcripts_equal_those_of_the_unbatched_model(trained: Path, sentences: list[tuple[Waveform, str]]):
    waveforms = [waveform for waveform, _ in sentences]
    plain = AutoModelForCTC.from_pretrained(trained).eval()
    tokens = greedy_tokens(alone(plain, normalised(waveforms)))
    speech_model = CtcSpeechModel(str(trained), "cpu", batch_seconds=20)
    transcripts = speech_model.transcribe(audio_of(*waveforms))
    vocabulary = {number: token for token, number in vocabulary_of(trained).items()}
    expected = [" ".join("".join(vocabulary[token] for token in each).replace("|", " ").split()) for each in tokens]
    assert len(set(expected)) > len(expected) / 2
    assert [transcript.text for transcript in transcripts] == expected


def vocabulary_of(folder: Path) -> dict[str, int]:
    from transformers import Wav2Vec2CTCTokenizer

    return Wav2Vec2CTCTokenizer.from_pretrained(folder).get_vocab()


@pytest.mark.long
@pytest.mark.parametrize("norm", NORMS)
def test_real_clips_have_the_same_logits_in_any_batch(norm: str, real_data: Path):
    files = sorted((real_data / "common-voice" / "cv-valid-dev").glob("*.mp3"))[:60]
    clips = normalised([decode_audio(file.read_bytes(), 60) for file in files])
    plain = random_model(Wav2Vec2ForCTC, Wav2Vec2Config, norm)
    exact, expected = exact_copy(plain), alone(plain, clips)
    for order in orders_of(clips):
        for size in (2, 8, 32):
            assert difference(together(exact, clips, order, size), expected) < 1e-4


@pytest.mark.long
@pytest.mark.parametrize("norm", NORMS)
def test_a_model_of_base_size_is_batch_invariant(norm: str, clips: list[torch.Tensor]):
    torch.manual_seed(0)
    plain = Wav2Vec2ForCTC(Wav2Vec2Config(feat_extract_norm=norm, do_stable_layer_norm=norm == "layer")).eval()
    expected = alone(plain, clips[:12])
    assert difference(together(exact_copy(plain), clips[:12], range(12), 6), expected) < 1e-4
