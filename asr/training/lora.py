"""Training a low-rank change of Whisper's weights instead of the weights."""

import math
import re
from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

_MATRICES: Final = re.compile(
    r"model\.encoder\.layers\.\d+\.(self_attn\.[qkv]_proj|self_attn\.out_proj|fc[12])"
    r"|model\.decoder\.layers\.\d+\.encoder_attn\.([qkv]|out)_proj"
)
_NORMS: Final = re.compile(
    r"model\.encoder\.layer_norm|model\.encoder\.layers\.\d+\.\w+_layer_norm"
    r"|model\.decoder\.layers\.\d+\.encoder_attn_layer_norm"
)


class LowRankLinear(nn.Module):
    """A frozen linear layer plus the product of two trained matrices, which is zero at first."""

    def __init__(self, base: nn.Linear, rank: int, random: torch.Generator) -> None:
        super().__init__()
        self.base = base
        bound = 1 / math.sqrt(base.in_features)
        down = (torch.rand(rank, base.in_features, generator=random) * 2 - 1) * bound
        self.down, self.up = nn.Parameter(down), nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, inputs: Tensor) -> Tensor:
        change = nn.functional.linear(nn.functional.linear(inputs, self.down), self.up)
        return torch.add(self.base(inputs), change)


class TrainedChange:
    """The trained numbers of a model whose other weights are frozen.

    These are low-rank changes of all linear layers of the encoder and of the decoder's cross-attention, and the layer
    norms before and between them.
    """

    def __init__(self, model: nn.Module, rank: int, seed: int) -> None:
        random = torch.Generator().manual_seed(seed)
        model.requires_grad_(False)
        self._norms = {name: module for name, module in model.named_modules() if _NORMS.fullmatch(name)}
        linears = [(name, module) for name, module in model.named_modules() if _MATRICES.fullmatch(name)]
        self._linears = {name: LowRankLinear(module, rank, random) for name, module in linears}
        for name, module in self._linears.items():
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, module)
        self._before = {name: parameter.detach().clone() for name, parameter in self._vectors()}
        for parameter in self.vectors():
            parameter.requires_grad_(True)

    def matrices(self) -> list[nn.Parameter]:
        return [matrix for module in self._linears.values() for matrix in (module.down, module.up)]

    def vectors(self) -> list[nn.Parameter]:
        return [parameter for _, parameter in self._vectors()]

    def arrays(self) -> dict[str, NDArray[np.float16]]:
        """The change, as `asr.models.low_rank.LowRankChange` holds it."""
        found: dict[str, NDArray[np.float16]] = {}
        for name, module in self._linears.items():
            found |= {f"{name}.weight.up": _half(module.up), f"{name}.weight.down": _half(module.down)}
        return found | {f"{name}.change": _half(after - self._before[name]) for name, after in self._vectors()}

    def state(self) -> list[Tensor]:
        """All trained numbers, to be continued from."""
        return [parameter.detach() for parameter in (*self.matrices(), *self.vectors())]

    def load(self, state: list[Tensor]) -> None:
        with torch.no_grad():
            for parameter, kept in zip((*self.matrices(), *self.vectors()), state, strict=True):
                parameter.copy_(kept)

    def _vectors(self) -> Iterator[tuple[str, nn.Parameter]]:
        for name, module in self._norms.items():
            yield from ((f"{name}.{kind}", parameter) for kind, parameter in module.named_parameters())


def _half(values: Tensor) -> NDArray[np.float16]:
    return values.detach().float().numpy().astype(np.float16)
