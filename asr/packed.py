"""Fast forward passes on a CPU: weights are laid out once as its matrix products want them, and not in each pass.

It uses the operators that torch's own compiler emits for linear layers (oneDNN's). They are not documented: where a
build of torch lacks them, and on other devices, models run as transformers made them, with the same results. This
module needs torch; those who hear without it do not import it.
"""

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers.activations import GELUActivation

_FOLLOWED_BY: Final = {"intermediate_dense": "intermediate_act_fn", "product": "activation"}
"""The activation that comes after a linear layer: of transformers' feed-forward, and of `asr.exact.Convolution`."""


def made_fast(model: Any, kind: torch.dtype, device: str) -> Any:
    """The model of `asr.exact.make_exact` on its device, in its precision, and as fast as it can be there."""
    _fold_weight_norm(model)
    model.to(device, kind)
    if device == "cpu":
        positions = model.base_model.encoder.pos_conv_embed
        positions.conv = FlatConvolution(positions.conv)
        if can_pack():
            _pack(model)
    return model


def can_pack() -> bool:
    """Whether torch has the operators here."""
    return all(hasattr(torch.ops.mkldnn, name) for name in ("_linear_pointwise", "_reorder_linear_weight"))


class PackedLinear(nn.Module):
    """A linear layer with its weights packed, and GELU computed while its product is still in the cache."""

    def __init__(self, linear: nn.Linear, gelu: bool = False) -> None:
        super().__init__()
        self.weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), None)
        self.bias = linear.bias
        self.after: tuple[str, list[float], str] = ("gelu", [], "none") if gelu else ("none", [], "")

    def forward(self, values: Tensor) -> Tensor:
        found: Tensor = torch.ops.mkldnn._linear_pointwise(values, self.weight, self.bias, *self.after)
        return found


class FlatConvolution(nn.Module):
    """A convolution over time, computed as that of an image one pixel high.

    oneDNN then takes it with the channels last, as they lie in memory, and needs a third of the time.
    """

    def __init__(self, original: nn.Conv1d) -> None:
        super().__init__()
        (padding,) = map(int, original.padding)
        self.options: Any = {"padding": (0, padding), "groups": original.groups}
        weight = original.weight.detach()[:, :, None].contiguous(memory_format=torch.channels_last)
        self.weight, self.bias = nn.Parameter(weight), original.bias

    def forward(self, hidden: Tensor) -> Tensor:
        """(clips, channels, frames) to the same."""
        image = hidden[:, :, None].contiguous(memory_format=torch.channels_last)
        return nn.functional.conv2d(image, self.weight, self.bias, **self.options)[:, :, 0]


def _fold_weight_norm(model: nn.Module) -> None:
    """Compute normed weights once, and not in each pass; in float32, before they are rounded."""
    for module in model.modules():
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")


def _pack(model: nn.Module) -> None:
    for parent in list(model.modules()):
        # WavLM's attention hands the weights of its linear layers to torch, and calls none of them.
        if not hasattr(parent, "gru_rel_pos_linear"):
            _pack_own(parent)


def _pack_own(parent: Any) -> None:
    for name, child in list(parent.named_children()):
        if isinstance(child, nn.Linear):
            activation = _FOLLOWED_BY.get(name, "")
            gelu = (
                isinstance(getattr(parent, activation, None), GELUActivation) and getattr(parent, "norm", None) is None
            )
            setattr(parent, name, PackedLinear(child, gelu))
            if gelu:
                setattr(parent, activation, nn.Identity())
