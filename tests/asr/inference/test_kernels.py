from collections.abc import Iterator

import pytest
import torch
from transformers import (
    HubertConfig,
    HubertForCTC,
    Wav2Vec2Config,
    Wav2Vec2ForCTC,
    Wav2Vec2ForSequenceClassification,
    WavLMConfig,
    WavLMForCTC,
)

from asr.inference.batch_invariance import make_batch_invariant
from asr.inference.kernels import HalfAttention, PackedConvolution, PackedLinear, can_pack, optimized
from tests.asr.inference.test_batch_invariance import NORMS, random_model
from tests.conftest import leave_out
from tests.support.trained import one_thread

KINDS = [
    (Wav2Vec2ForCTC, Wav2Vec2Config),
    (Wav2Vec2ForSequenceClassification, Wav2Vec2Config),
    (HubertForCTC, HubertConfig),
    (WavLMForCTC, WavLMConfig),
]


@pytest.fixture(autouse=True)
def single_threaded() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture
def sound() -> torch.Tensor:
    """Two clips of 1.5 s."""
    return torch.randn(2, 24_000, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("kind", "config"), KINDS, ids=[kind.__name__ for kind, _ in KINDS])
def test_packed_and_folded_weights_do_not_change_logits(kind, config, norm: str, sound: torch.Tensor):  # noqa: ANN001
    plain, fast = (random_model(kind, config, norm) for _ in range(2))
    make_batch_invariant(fast)
    optimized(fast, torch.float32, "cpu")
    with torch.inference_mode():
        assert (fast(sound).logits - plain(sound).logits).abs().max() < 1e-4
    assert not any("parametrizations" in name for name, _ in fast.named_parameters())


@pytest.mark.parametrize("activation", ["gelu", "relu", "gelu_new"])
def test_optimised_models_have_the_same_logits_for_every_activation(activation: str, sound: torch.Tensor):
    options = {"hidden_act": activation, "feat_extract_activation": activation}
    plain, fast = (random_model(Wav2Vec2ForCTC, Wav2Vec2Config, "group", **options) for _ in range(2))
    make_batch_invariant(fast)
    optimized(fast, torch.float32, "cpu")
    with torch.inference_mode():
        assert (fast(sound).logits - plain(sound).logits).abs().max() < 1e-4


def test_models_are_not_packed_if_the_operators_are_unavailable(monkeypatch: pytest.MonkeyPatch, sound: torch.Tensor):
    plain, fast = (random_model(Wav2Vec2ForCTC, Wav2Vec2Config, "group") for _ in range(2))
    monkeypatch.setattr("asr.inference.kernels.can_pack", lambda _: False)
    make_batch_invariant(fast)
    optimized(fast, torch.float32, "cpu")
    assert not any(isinstance(module, PackedLinear) for module in fast.modules())
    with torch.inference_mode():
        assert (fast(sound).logits - plain(sound).logits).abs().max() < 1e-4


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("gelu", [False, True])
def test_a_packed_layer_equals_the_original_layer(kind: torch.dtype, gelu: bool):
    if not can_pack(kind):
        leave_out("models" if kind == torch.float32 else "bfloat16", f"torch packs no {kind} layers on this CPU")
    torch.manual_seed(0)
    layer = torch.nn.Linear(48, 80).to(kind)
    values = torch.randn(3, 7, 48).to(kind)
    with torch.inference_mode():
        expected = layer(values).float()
        expected = torch.nn.functional.gelu(expected) if gelu else expected
        found = PackedLinear(layer, gelu)(values)
    assert found.dtype == kind
    assert (found.float() - expected).abs().max() < (1e-5 if kind == torch.float32 else 0.02)


def test_bfloat16_logits_are_close_to_float32_logits(sound: torch.Tensor):
    plain, fast = (random_model(Wav2Vec2ForCTC, Wav2Vec2Config, "group") for _ in range(2))
    make_batch_invariant(fast)
    optimized(fast, torch.bfloat16, "cpu")
    with torch.inference_mode():
        found, expected = fast(sound).logits.float(), plain(sound).logits
    assert 0 < (found - expected).abs().max() < 0.1 * expected.abs().max()


def test_a_dtype_that_cannot_be_packed_on_this_cpu_runs_without_packing(
    monkeypatch: pytest.MonkeyPatch, sound: torch.Tensor
):
    plain, fast = (random_model(Wav2Vec2ForCTC, Wav2Vec2Config, "group") for _ in range(2))
    reorder = torch.ops.mkldnn._reorder_linear_weight

    def refused(weight: torch.Tensor, *options: object) -> torch.Tensor:
        if weight.dtype == torch.bfloat16:
            raise RuntimeError("mkldnn_reorder_linear_weight: bf16 path needs the cpu support")
        packed: torch.Tensor = reorder(weight, *options)
        return packed

    monkeypatch.setattr(torch.ops.mkldnn, "_reorder_linear_weight", refused)
    can_pack.cache_clear()
    try:
        make_batch_invariant(fast)
        optimized(fast, torch.bfloat16, "cpu")
        assert (can_pack(torch.float32), can_pack(torch.bfloat16)) == (True, False)
    finally:
        can_pack.cache_clear()
    assert not any(isinstance(module, PackedLinear | PackedConvolution) for module in fast.modules())
    with torch.inference_mode():
        found, expected = fast(sound).logits.float(), plain(sound).logits
    assert 0 < (found - expected).abs().max() < 0.1 * expected.abs().max()


@pytest.mark.parametrize("is_padded", [False, True])
def test_half_attention_equals_the_attention_of_transformers(is_padded: bool):
    torch.manual_seed(0)
    plain = random_model(Wav2Vec2ForCTC, Wav2Vec2Config, "group").wav2vec2.encoder.layers[0].attention
    hidden, mask = torch.randn(3, 40, 32), torch.ones(3, 1, 40, 40, dtype=torch.bool)
    mask[1, :, :, 25:] = False
    given = {"attention_mask": mask} if is_padded else {}
    with torch.inference_mode():
        expected, _ = plain(hidden, **given)
        found, _ = HalfAttention(plain)(hidden, **given)
    assert (found - expected).abs().max() < 1e-5


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("kind", "config"), [KINDS[0], KINDS[2]], ids=["wav2vec2", "hubert"])
def test_padding_does_not_reduce_the_accuracy_of_half_precision(kind, config, norm: str, sound: torch.Tensor):  # noqa: ANN001
    plain, half, fast = (random_model(kind, config, norm) for _ in range(3))
    half.to(torch.bfloat16)
    make_batch_invariant(fast)
    optimized(fast, torch.bfloat16, "cpu")
    assert any(isinstance(module, HalfAttention) for module in fast.modules())
    own, mask = sound[:1, :18_000], torch.ones(2, 24_000, dtype=torch.long)
    mask[0, 18_000:] = 0
    padded = sound * mask
    with torch.inference_mode():
        expected, usual = plain(own).logits[0], half(own.bfloat16()).logits[0].float()
        found = fast(padded, attention_mask=mask).logits[0].float()
    assert rms_difference(found[: len(expected)], expected) < 1.2 * rms_difference(usual, expected)


def rms_difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Root mean square difference."""
    return float((found - expected).square().mean().sqrt())


@pytest.mark.parametrize("kernel", [15, 16])
def test_a_packed_convolution_equals_the_original_convolution(kernel: int):
    torch.manual_seed(0)
    layer = torch.nn.Conv1d(32, 32, kernel, padding=kernel // 2, groups=4)
    hidden = torch.randn(2, 50, 32).transpose(1, 2)  # channels last, as in encoders
    with torch.inference_mode():
        expected = layer(hidden)
        found = PackedConvolution(layer)(hidden)
    assert found.shape == expected.shape
    assert (found - expected).abs().max() < 1e-5
