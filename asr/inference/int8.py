"""Linear layers in int8, an option on CPUs; `bench/asr.py` measures how many transcripts change.

This module imports torch; programs that run without it do not import this module.
"""

from typing import Any, Final

import torch
from torch import Tensor, nn

_LARGEST: Final = 127
_LEAST: Final = 1e-8
"""Minimum of a scale, which avoids division by zero in silence."""


class Int8Linear(nn.Module):
    """A linear layer with int8 weights, with a scale per output, and int8 inputs, with a scale per frame.

    One scale for all inputs of a batch, as in torch's dynamic quantisation, would make a transcript depend on the other
    clips of the batch.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach().float()
        self.scales = _scales(weight)[:, 0]
        self.weight = _whole(weight, self.scales[:, None]).t().contiguous()
        self.bias = None if linear.bias is None else linear.bias.detach().float()

    def forward(self, values: Tensor) -> Tensor:
        """(…, inputs) to (…, outputs), of the same precision."""
        frames = values.flatten(0, -2)
        scales = _scales(frames).float()
        found = torch._int_mm(_whole(frames, scales), self.weight) * (scales * self.scales)
        found = found if self.bias is None else found + self.bias
        return found.to(values.dtype).view(*values.shape[:-1], -1)


def use_int8(model: Any) -> None:
    """Replace a model's linear layers with `Int8Linear`."""
    for parent in [module for module in model.modules() if not is_opaque(module)]:
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear):
                setattr(parent, name, Int8Linear(child))


def is_opaque(attention: nn.Module) -> bool:
    """Whether this is WavLM's attention, which passes the weights of its linear layers to torch, uncalled."""
    return hasattr(attention, "gru_rel_pos_linear")


def _scales(rows: Tensor) -> Tensor:
    """The value of one int8 step in each row, shape (rows, 1)."""
    return rows.abs().amax(1, keepdim=True).clamp(min=_LEAST) / _LARGEST


def _whole(rows: Tensor, scales: Tensor) -> Tensor:
    return (rows / scales).round().to(torch.int8)
