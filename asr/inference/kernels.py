"""Fast forward passes on a CPU: weights are laid out once as its matrix products want them, and not in each pass.

It uses the operators that torch's own compiler emits for linear layers (oneDNN's). They are not documented: where a
build of torch lacks them, where they refuse a number format on this CPU (bfloat16 before AVX-512), and on other
devices, models run as transformers made them, with the same results. This module imports torch; programs that run
without it do not import this module.
"""

from functools import cache
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers.activations import GELUActivation

from asr.inference.int8 import is_opaque, use_int8

_FOLLOWED_BY: Final = {"intermediate_dense": "intermediate_act_fn", "conv": "activation"}
"""The activation that comes after a layer: of transformers' feed-forward, and of all convolutions."""


def optimized(model: Any, kind: torch.dtype, device: str, *, is_int8: bool = False) -> Any:
    """A model of `asr.inference.batch_invariance.make_batch_invariant` on its device, in its precision, and as fast as
    it can be.

    Linear layers are `asr.inference.int8.Int8Linear` on request.
    """
    _fold_weight_norm(model)
    model.to(device, kind)
    if device == "cpu":
        _multiply_heads_together(model, kind)
    if is_int8:
        use_int8(model)
    if device == "cpu" and can_pack(kind):
        _pack(model)
    return model


@cache
def can_pack(kind: torch.dtype) -> bool:
    """Whether torch has the operators here and runs them in ``kind`` on this CPU, which only a trial can say."""
    values = torch.zeros(1, 1, 1, dtype=kind)
    try:
        with torch.inference_mode():
            PackedLinear(nn.Linear(1, 1, dtype=kind))(values)
            PackedConvolution(nn.Conv1d(1, 1, 1, dtype=kind))(values)
    except (AttributeError, RuntimeError):
        return False
    return True


class PackedLinear(nn.Module):
    """A linear layer with its weights packed, and GELU computed while its product is still in the cache."""

    def __init__(self, linear: nn.Linear, gelu: bool = False) -> None:
        super().__init__()
        self.weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), None)
        self.bias = linear.bias
        self.post_operation = _post_operation(gelu)

    def forward(self, values: Tensor) -> Tensor:
        found: Tensor = torch.ops.mkldnn._linear_pointwise(values, self.weight, self.bias, *self.post_operation)
        return found


class PackedConvolution(nn.Module):
    """A convolution over time with its weights packed, computed as that of an image one pixel high.

    oneDNN then takes it with the channels last, as they lie in memory.
    """

    def __init__(self, original: nn.Conv1d, gelu: bool = False) -> None:
        super().__init__()
        (padding,) = map(int, original.padding)
        self.options: Any = [0, padding], [1, *original.stride], [1, 1], original.groups
        weight = original.weight.detach()[:, :, None]
        self.weight = torch.ops.mkldnn._reorder_convolution_weight(weight, *self.options)
        self.bias = original.bias
        self.post_operation = _post_operation(gelu)

    def forward(self, hidden: Tensor) -> Tensor:
        """(clips, channels, steps) to (clips, channels, steps of the result)."""
        image = hidden[:, :, None].contiguous(memory_format=torch.channels_last)
        found: Tensor = torch.ops.mkldnn._convolution_pointwise(
            image, self.weight, self.bias, *self.options, *self.post_operation
        )
        return found[:, :, 0]


class HalfAttention(nn.Module):
    """Self-attention in bfloat16 as batched products of all heads, which oneDNN computes in hardware.

    torch's fused attention, which needs less memory, takes twice the time for sounds as short as ours. Queries, keys
    and values are one product.
    """

    def __init__(self, original: Any) -> None:
        super().__init__()
        parts = original.q_proj, original.k_proj, original.v_proj
        together = nn.Linear(original.embed_dim, 3 * original.embed_dim)
        together.weight = nn.Parameter(torch.cat([part.weight.detach() for part in parts]))
        together.bias = nn.Parameter(torch.cat([part.bias.detach() for part in parts]))
        self.parts, self.out_proj = together, original.out_proj
        self.heads, self.scaling = original.num_heads, original.scaling

    def forward(self, hidden_states: Tensor, attention_mask: Tensor | None = None, **_: Any) -> tuple[Tensor, None]:
        """(clips, frames, channels) to the same; a mask (clips, 1, frames, frames) is False where nobody attends."""
        clips, frames, channels = hidden_states.shape
        parts = self.parts(hidden_states).view(clips, frames, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        queries, keys, values = parts.reshape(3, clips * self.heads, frames, -1)
        shifts = hidden_states.new_zeros(clips, 1, 1, frames)
        if attention_mask is not None:
            shifts.masked_fill_(~attention_mask[:, :, :1], -torch.inf)
        shifts = shifts.expand(-1, self.heads, -1, -1).reshape(-1, 1, frames)
        shares = torch.baddbmm(shifts, queries, keys.mT, alpha=self.scaling).softmax(-1)
        attended = torch.bmm(shares, values).view(clips, self.heads, frames, -1)
        return self.out_proj(attended.transpose(1, 2).reshape(clips, frames, channels)), None


def _post_operation(gelu: bool) -> tuple[str, list[float], str]:
    """What oneDNN computes on a layer's results while they are in the cache, as its operators take it."""
    return ("gelu", [], "none") if gelu else ("none", [], "")


def _fold_weight_norm(model: nn.Module) -> None:
    """Compute normed weights once, and not in each pass; in float32, before they are rounded."""
    for module in model.modules():
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")


def _multiply_heads_together(model: Any, kind: torch.dtype) -> None:
    if kind == torch.bfloat16 and model.config._attn_implementation == "sdpa":
        for layer in model.base_model.encoder.layers:
            if not is_opaque(layer.attention):
                layer.attention = HalfAttention(layer.attention)


def _pack(model: Any) -> None:
    for parent in list(model.modules()):
        if not is_opaque(parent):
            _pack_own(parent)


def _pack_own(parent: Any) -> None:
    for name, child in list(parent.named_children()):
        if isinstance(child, (nn.Linear, nn.Conv1d)):
            activation = _FOLLOWED_BY.get(name, "")
            gelu = (
                isinstance(getattr(parent, activation, None), GELUActivation) and getattr(parent, "norm", None) is None
            )
            packed = PackedLinear(child, gelu) if isinstance(child, nn.Linear) else PackedConvolution(child, gelu)
            setattr(parent, name, packed)
            if gelu:
                setattr(parent, activation, nn.Identity())
