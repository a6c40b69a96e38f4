"""Exact batches of Moonshine: what the model writes of a clip does not depend on the clips beside it.

Shorter clips of a batch are padded with zeros, which change them in two places. The norm after the first convolution
takes its statistics over all frames; here they are those of each clip's own. And transformers computes the encoder's
mask from the mask of samples by taking every 384th, which leaves one or two frames of padding unmasked; here it is that
of the frames that the three convolutions make of the clip's own samples. They do not pad, so a clip's own frames depend
on nothing behind them. Each clip then has the logits of the unbatched model, up to the order of sums in floating point.

This module needs torch.
"""

from contextvars import ContextVar
from typing import Any, Final

import torch
from torch import Tensor, nn

_FRAMES: Final[ContextVar[Tensor | None]] = ContextVar("frames", default=None)
"""Of each clip of a batch, after the first convolution."""


def can_batch(config: Any) -> bool:
    """Whether `make_batch_invariant` can make this kind of model exact."""
    return bool(config.model_type == "moonshine")


def make_batch_invariant(model: Any) -> None:
    """Make a Moonshine model exact in batches, when it is called with ``attention_mask``."""
    encoder = model.get_encoder()
    encoder.groupnorm = OwnGroupNorm(encoder.groupnorm)
    encoder.register_forward_pre_hook(_mask_own_frames, with_kwargs=True)


def _mask_own_frames(encoder: Any, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
    """Note the frames of each clip, and move the mask's edge to where transformers finds them all, and no more."""
    mask = named.get("attention_mask")
    if mask is None:
        _FRAMES.set(None)
        return None
    lengths, step = mask.sum(-1), 1
    for number, convolution in enumerate((encoder.conv1, encoder.conv2, encoder.conv3)):
        (kernel,), (stride,) = convolution.kernel_size, convolution.stride
        lengths, step = (lengths - kernel) // stride + 1, step * stride
        if not number:
            _FRAMES.set(lengths)
    edges = (lengths[:, None] - 1) * step
    own = (torch.arange(mask.shape[1], device=mask.device) <= edges).to(mask.dtype)
    return given, {**named, "attention_mask": own}


class OwnGroupNorm(nn.Module):
    """A group norm of one group, with the statistics of each clip's own frames."""

    def __init__(self, original: nn.GroupNorm) -> None:
        super().__init__()
        self.original = original

    def forward(self, hidden: Tensor) -> Tensor:
        """(clips, channels, frames) to the same."""
        frames = _FRAMES.get()
        if frames is None:
            found: Tensor = self.original(hidden)
            return found
        norm, values = self.original, hidden.float()
        is_own = (torch.arange(hidden.shape[2], device=hidden.device) < frames[:, None])[:, None]
        count = (frames * hidden.shape[1])[:, None, None]
        mean = (values * is_own).sum((1, 2), keepdim=True) / count
        variance = ((values - mean) ** 2 * is_own).sum((1, 2), keepdim=True) / count
        normed = (values - mean) / torch.sqrt(variance + norm.eps)
        return (normed * norm.weight[:, None] + norm.bias[:, None]).to(hidden.dtype)
