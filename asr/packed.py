"""Fast forward passes of wav2vec2 and kin."""

from typing import Any

import torch
from torch.nn.utils import parametrize


def made_fast(model: Any, kind: torch.dtype, device: str) -> Any:
    """The model on its device and in its precision."""
    _fold_weight_norm(model)
    return model.to(device, kind)


def _fold_weight_norm(model: torch.nn.Module) -> None:
    """Compute normed weights once, and not in each pass; in float32, before they are rounded."""
    for module in model.modules():
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")
