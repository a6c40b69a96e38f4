import copy
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import MoonshineForConditionalGeneration, Wav2Vec2Config

from asr.inference.batched_model import padding_mask
from asr.inference.moonshine import can_batch, make_batch_invariant
from asr.types import Waveform
from tests.support.checkpoints import moonshine
from tests.support.trained import one_thread

PROMPT = torch.tensor([[1, 9, 4, 7, 22, 5]])


@pytest.fixture(scope="module", autouse=True)
def single_threaded() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def clips(sentences: list[tuple[Waveform, str]]) -> list[torch.Tensor]:
    """Sample clips of many lengths, some differing by a single frame, and the shortest that has a frame."""
    waveforms = [torch.tensor(waveform) for waveform, _ in sentences[:10]]
    apart = [waveforms[0][: 20_000 + extra] for extra in (0, 1, 63, 64, 191, 383, 384)]
    return [*waveforms, *apart, waveforms[1][5_000 : 5_000 + 895]]


@pytest.fixture(scope="module")
def plain() -> MoonshineForConditionalGeneration:
    return moonshine().eval()


@pytest.fixture(scope="module")
def exact(plain: MoonshineForConditionalGeneration) -> MoonshineForConditionalGeneration:
    copied = copy.deepcopy(plain)
    make_batch_invariant(copied)
    return copied


@torch.inference_mode()
def alone(model: Any, clips: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    return [model(clip[None], decoder_input_ids=PROMPT).logits[0] for clip in clips]


@torch.inference_mode()
def together(model: Any, clips: Sequence[torch.Tensor], order: Sequence[int], size: int) -> list[torch.Tensor]:
    """Logits in the clips' own order, from batches of the given order and size."""
    found: dict[int, torch.Tensor] = {}
    for first in range(0, len(order), size):
        batch = order[first : first + size]
        own = [clips[number] for number in batch]
        samples, mask = pad_sequence(own, batch_first=True), padding_mask(list(map(len, own)))
        logits = model(samples, attention_mask=mask, decoder_input_ids=PROMPT.expand(len(own), -1)).logits
        found |= dict(zip(batch, logits, strict=True))
    return [found[number] for number in range(len(clips))]


def difference(ones: Sequence[torch.Tensor], others: Sequence[torch.Tensor]) -> float:
    return max(float((one - other).abs().max()) for one, other in zip(ones, others, strict=True))


def test_in_any_batch_a_clip_has_the_logits_of_the_unbatched_model(plain: Any, exact: Any, clips: list[torch.Tensor]):
    expected, numbers = alone(plain, clips), list(range(len(clips)))
    assert min(difference([one], [other]) for one, other in pairwise(expected[:10])) > 0.01
    assert difference(alone(exact, clips), expected) < 1e-4
    for order in (numbers, numbers[::-1], random.Random(7).sample(numbers, len(numbers))):
        for size in (1, 2, 5, len(clips)):
            assert difference(together(exact, clips, order, size), expected) < 1e-4


def test_the_attention_mask_alone_does_not_make_moonshine_batch_invariant(plain: Any, clips: list[torch.Tensor]):
    assert difference(together(plain, clips, range(len(clips)), 5), alone(plain, clips)) > 0.01


@torch.inference_mode()
def test_no_batch_changes_the_tokens_that_are_generated(exact: Any, clips: list[torch.Tensor]):
    expected = [exact.generate(clip[None])[0].tolist() for clip in clips]
    assert len({tuple(tokens) for tokens in expected}) > len(clips) / 2
    for size in (2, 5, len(clips)):
        for first in range(0, len(clips), size):
            own = clips[first : first + size]
            samples, mask = pad_sequence(own, batch_first=True), padding_mask(list(map(len, own)))
            found = exact.generate(samples, attention_mask=mask).tolist()
            for tokens, wanted in zip(found, expected[first : first + size], strict=True):
                assert tokens[: len(wanted)] == wanted
                assert set(tokens[len(wanted) :]) <= {exact.generation_config.pad_token_id}


@torch.inference_mode()
def test_statistics_are_computed_per_clip_in_half_precision(plain: Any, clips: list[torch.Tensor]):
    half = copy.deepcopy(plain).to(torch.bfloat16)
    make_batch_invariant(half)
    rounded = [clip.to(torch.bfloat16) for clip in clips]
    expected, found = alone(plain, clips), together(half, rounded, range(len(clips)), 5)
    error = max(float((one - other).abs().mean()) for one, other in zip(expected, found, strict=True))
    assert error < 0.1 * float(torch.stack(expected).abs().mean())


def test_only_moonshine_models_are_supported():
    assert can_batch(moonshine().config)
    assert not can_batch(Wav2Vec2Config())
