"""Batch invariance for wav2vec2 and similar models: the output for a clip does not depend on the rest of the batch.

Shorter clips of a batch are padded with zeros. Padding affects the output in two ways: the group-norm family
(wav2vec2-base-960h, -large-960h, hubert-base) computes the statistics of its first layer over all frames, and the
encoder attends to all frames. Here the statistics are computed over each clip's own frames, and the encoder gets an
attention mask, with which transformers also sets padded frames to zero before the positional convolution. Each clip
then has the logits of the unbatched model, up to the order of floating-point additions.

This module imports torch; programs that run without it do not import this module.
"""

from contextvars import ContextVar
from typing import Any, Final

import torch
from torch import Tensor, nn

_BATCH_INVARIANT: Final = frozenset({"wav2vec2", "hubert", "wavlm", "unispeech", "unispeech-sat"})
_LENGTHS: Final[ContextVar[Tensor | None]] = ContextVar("lengths", default=None)


def can_batch(config: Any) -> bool:
    """Whether this kind of model can be batch-invariant; other models process one piece per pass.

    Adapters convolve over padded frames after the encoder, and a batch norm before the positional convolution makes
    padded frames nonzero.
    """
    inexact = getattr(config, "add_adapter", False) or getattr(config, "conv_pos_batch_norm", False)
    return config.model_type in _BATCH_INVARIANT and not inexact


def make_batch_invariant(model: Any) -> None:
    """Make a transformers model batch-invariant when it is called with ``attention_mask``; see `can_batch`."""
    base = model.base_model
    base.feature_extractor = FeatureEncoder(base.feature_extractor)
    base.register_forward_pre_hook(_note_lengths, with_kwargs=True)


def frames_of(samples: int, config: Any) -> int:
    """The number of frames for a number of samples."""
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        samples = (samples - kernel) // stride + 1
    return samples


def _note_lengths(_: nn.Module, __: tuple[Any, ...], named: dict[str, Any]) -> None:
    mask = named.get("attention_mask")
    _LENGTHS.set(None if mask is None else mask.sum(-1))


class FeatureEncoder(nn.Module):
    """The convolutions of a transformers feature encoder, with the channels last."""

    def __init__(self, original: Any) -> None:
        super().__init__()
        first, *others = original.conv_layers
        over_time = isinstance(getattr(first, "layer_norm", None), nn.GroupNorm)
        self.first = NormedOverTime(first) if over_time else Convolution(first)
        self.others = nn.Sequential(*map(Convolution, others))

    def forward(self, samples: Tensor) -> Tensor:
        """Samples of shape (clips, samples) to features (clips, channels, frames)."""
        if isinstance(self.first, NormedOverTime):
            hidden = self.first(samples, _LENGTHS.get())
        else:
            hidden = self.first(samples[:, :, None].to(next(self.parameters()).dtype))
        features: Tensor = self.others(hidden)
        return features.transpose(1, 2)


class Convolution(nn.Module):
    """A convolution over time, an optional norm per frame, and the activation; the channels are last."""

    def __init__(self, original: Any) -> None:
        super().__init__()
        self.conv = ProductConvolution(original.conv)
        self.norm = getattr(original, "layer_norm", None)
        self.activation = original.activation

    def forward(self, hidden: Tensor) -> Tensor:
        """(clips, steps, channels) to (clips, fewer steps, channels)."""
        product = self.conv(hidden.mT).mT
        found: Tensor = self.activation(product if self.norm is None else self.norm(product))
        return found


class ProductConvolution(nn.Conv1d):
    """A convolution over time as one matrix product, for hidden states whose channels are last in memory."""

    def __init__(self, original: nn.Conv1d) -> None:
        sizes = original.in_channels, original.out_channels, original.kernel_size[0], original.stride[0]
        super().__init__(*sizes, bias=original.bias is not None)
        self.weight = nn.Parameter(original.weight.detach().mT.contiguous().mT)
        self.bias = original.bias

    def forward(self, hidden: Tensor) -> Tensor:
        """(clips, channels, steps) to (clips, channels, fewer steps)."""
        (kernel,), (stride,) = self.kernel_size, self.stride
        windows = hidden.mT.flatten(1).unfold(1, kernel * self.in_channels, stride * self.in_channels)
        return nn.functional.linear(windows, self.weight.mT.flatten(1), self.bias).mT


class NormedOverTime(nn.Module):
    """The first layer of the group-norm family: convolution, norm of each channel over time, activation.

    A channel is w·x + b over windows x of the samples. Its mean is w·m + b and its variance wᵀCw, where m and C are the
    mean and covariance of the clip's windows. So the norm is known from the samples, before any channel is computed,
    and becomes part of the convolution weights of the clip.
    """

    def __init__(self, original: Any) -> None:
        super().__init__()
        (self.kernel,), (self.stride,) = original.conv.kernel_size, original.conv.stride
        self.weight = nn.Parameter(original.conv.weight.detach()[:, 0])
        self.norm = original.layer_norm
        self.activation = original.activation

    def forward(self, samples: Tensor, lengths: Tensor | None) -> Tensor:
        """Samples (clips, samples), of which the first ``lengths`` (or all) are valid, to (clips, frames, channels)."""
        windows = samples.unfold(1, self.kernel, self.stride)
        weights, shifts = self._normed(*self._statistics(windows, lengths))
        kind = self.weight.dtype
        found: Tensor = self.activation(torch.baddbmm(shifts.to(kind), windows.to(kind), weights.to(kind)))
        return found

    def _statistics(self, windows: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean (clips, 1, kernel) and covariance (clips, kernel, kernel) of each clip's own windows."""
        real = windows.double()
        frames: Any = windows.shape[1]
        if lengths is not None:
            frames = ((lengths - self.kernel) // self.stride + 1)[:, None, None]
            real = real * (torch.arange(windows.shape[1], device=windows.device)[:, None] < frames)
        mean = real.sum(1, keepdim=True) / frames
        return mean, real.mT @ real / frames - mean.mT @ mean

    def _normed(self, mean: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor]:
        """Weights (clips, kernel, channels) and shifts (clips, 1, channels) of the convolution with its norm.

        The bias of the convolution has no effect, since the norm subtracts it.
        """
        weight = self.weight.double()
        variance = (weight @ covariance * weight).sum(-1)
        weights = (weight * (self.norm.weight / torch.sqrt(variance + self.norm.eps))[:, :, None]).mT
        return weights, self.norm.bias - mean @ weights
