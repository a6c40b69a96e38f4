"""Linear layers in int8, an option on CPUs: `bench/asr.py` tells what it costs in transcripts.

This module needs torch; those who hear without it do not import it.
"""

from typing import Any, Final

import torch
from torch import Tensor, nn

_LARGEST: Final = 127
_LEAST: Final = 1e-8
"""Of a scale, so that silence is no division by zero."""


class Int8Linear(nn.Module):
    """A linear layer of int8 weights, with a scale for each output, over int8 values, with a scale for each frame.

    One scale for all values that come at once, as torch's own dynamic quantisation has it, would let a clip's
    transcript depend on its neighbours.
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
    """Put a model's linear layers into int8."""
    for parent in [module for module in model.modules() if not is_opaque(module)]:
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear):
                setattr(parent, name, Int8Linear(child))


def is_opaque(attention: nn.Module) -> bool:
    """Whether it is WavLM's, which hands the weights of its linear layers to torch, and calls none of them."""
    return hasattr(attention, "gru_rel_pos_linear")


def _scales(rows: Tensor) -> Tensor:
    """What one whole number of each row stands for, shape (rows, 1)."""
    return rows.abs().amax(1, keepdim=True).clamp(min=_LEAST) / _LARGEST


def _whole(rows: Tensor, scales: Tensor) -> Tensor:
    return (rows / scales).round().to(torch.int8)
