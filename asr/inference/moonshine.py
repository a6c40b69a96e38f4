"""Batch-invariant inference for Moonshine: the transcript of a clip does not depend on the other clips of a batch.

Shorter clips of a batch are padded with zeros, which affect the results in two places:

* The norm after the first convolution computes its statistics over all frames. Here they are computed over the frames
  of each clip.
* transformers derives the encoder's mask from every 384th sample of the attention mask, which leaves one or two frames
  of padding unmasked. Here the mask covers the frames that the three convolutions compute from the clip's own samples.

The convolutions do not pad, so a clip's frames do not depend on later samples. Each clip then has the logits of the
unbatched model, up to the order of floating-point additions. This module needs torch.
"""

from contextvars import ContextVar
from typing import Any, Final

import torch
from torch import Tensor, nn

_FRAMES: Final[ContextVar[Tensor | None]] = ContextVar("frames", default=None)
"""The number of frames of each clip of a batch after the first convolution."""


def can_batch(config: Any) -> bool:
    """Whether `make_batch_invariant` supports this type of model."""
    return bool(config.model_type == "moonshine")


def make_batch_invariant(model: Any) -> None:
    """Make a Moonshine model batch-invariant, if it is called with ``attention_mask``."""
    encoder = model.get_encoder()
    encoder.groupnorm = OwnGroupNorm(encoder.groupnorm)
    encoder.register_forward_pre_hook(_mask_own_frames, with_kwargs=True)


def _mask_own_frames(encoder: Any, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
    """Store the number of frames of each clip, and adjust the mask so that transformers masks exactly the padding."""
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
    """A group norm with one group, whose statistics are computed over the frames of each clip only."""

    def __init__(self, original: nn.GroupNorm) -> None:
        super().__init__()
        self.original = original

    def forward(self, hidden: Tensor) -> Tensor:
        """Input and output have the shape (clips, channels, frames)."""
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
