"""Fast forward passes on a CPU: weights are packed once into the layout of its matrix products, not in every pass.

It uses the oneDNN operators that torch's compiler emits for linear layers. They are not documented. If a build of torch
lacks them or they do not support a number format on this CPU (bfloat16 before AVX-512), and on other devices, models
run unchanged, with the same results. Only modules that need torch import this module.
"""

from functools import cache
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers.activations import GELUActivation

from asr.inference.int8 import is_opaque, use_int8

_FOLLOWED_BY: Final = {"intermediate_dense": "intermediate_act_fn", "conv": "activation"}
"""The name of the activation after a layer, in transformers' feed-forward blocks and in convolutions."""


def optimized(model: Any, kind: torch.dtype, device: str, *, is_int8: bool = False) -> Any:
    """Move a model of `asr.inference.batch_invariance.make_batch_invariant` to its device and precision, optimised.

    With ``is_int8``, linear layers become `asr.inference.int8.Int8Linear`.
    """
    for module in model.modules():  # weights are normalised once, in float32, and not in each pass
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")
    model.to(device, kind)
    if device == "cpu" and kind == torch.bfloat16 and model.config._attn_implementation == "sdpa":
        for layer in model.base_model.encoder.layers:
            if not is_opaque(layer.attention):
                layer.attention = HalfAttention(layer.attention)
    if is_int8:
        use_int8(model)
    if device == "cpu" and can_pack(kind):
        _pack(model)
    return model


@cache
def can_pack(kind: torch.dtype) -> bool:
    """Whether torch has the operators and can run them in ``kind`` on this CPU, which is found by trying."""
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
    """A convolution over time with packed weights, computed as a convolution of an image of height 1.

    oneDNN then uses the layout with the channels last, which is that of the memory.
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
        """Input: (clips, channels, steps); output: (clips, channels, steps after the convolution)."""
        image = hidden[:, :, None].contiguous(memory_format=torch.channels_last)
        found: Tensor = torch.ops.mkldnn._convolution_pointwise(
            image, self.weight, self.bias, *self.options, *self.post_operation
        )
        return found[:, :, 0]


class HalfAttention(nn.Module):
    """Self-attention in bfloat16 as batched products of all heads, which oneDNN computes in hardware.

    torch's fused attention needs less memory, but twice the time for clips as short as ours. Queries, keys and values
    are computed in one product.
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
        """Input and output: (clips, frames, channels). The mask (clips, 1, frames, frames) is False for padding."""
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
    """The arguments for the operation that oneDNN applies to the results of a layer while they are in the cache."""
    return ("gelu", [], "none") if gelu else ("none", [], "")


def _pack(model: Any) -> None:
    for parent in [module for module in model.modules() if not is_opaque(module)]:
        for name, child in list(parent.named_children()):
            if not isinstance(child, (nn.Linear, nn.Conv1d)):
                continue
            activation = _FOLLOWED_BY.get(name, "")
            is_gelu = isinstance(getattr(parent, activation, None), GELUActivation)
            gelu = is_gelu and getattr(parent, "norm", None) is None
            packed = PackedLinear(child, gelu) if isinstance(child, nn.Linear) else PackedConvolution(child, gelu)
            setattr(parent, name, packed)
            if gelu:
                setattr(parent, activation, nn.Identity())
