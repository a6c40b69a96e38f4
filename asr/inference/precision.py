"""The precision of models: 16 bits if the hardware supports them."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from asr.errors import ModelUnavailable
from asr.types import Precision

if TYPE_CHECKING:
    import torch

_CPU_FLAGS: Final = Path("/proc/cpuinfo")
_BFLOAT16: Final = frozenset({"avx512_bf16", "amx_bf16"})


def kind_of(precision: Precision, device: str) -> "torch.dtype":
    """The torch dtype of ``precision`` on a device; raises `ModelUnavailable` if the device does not support it.

    ``auto`` is bfloat16 on GPUs and CPUs with hardware support, float16 on older GPUs, and float32 otherwise. With
    ``int8``, an option on CPUs, layers that are not linear have the precision of ``auto``.
    """
    import torch

    if precision == "int8" and device != "cpu":
        raise ModelUnavailable(
            "PRECISION is int8, which is supported on CPUs only; set it to auto, float32, bfloat16 or float16."
        )
    if precision == "int8" and not multiplies_int8():
        raise ModelUnavailable("PRECISION is int8, which needs a CPU with VNNI; set it to auto.")
    if precision not in ("auto", "int8"):
        if precision == "float16" and device == "cpu":
            raise ModelUnavailable("PRECISION is float16, which is slow on CPUs; set it to auto or bfloat16.")
        kind: torch.dtype = getattr(torch, precision)
        return kind
    if device == "cpu":
        return torch.bfloat16 if cpu_flags() & _BFLOAT16 else torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def multiplies_int8() -> bool:
    """Whether int8 products are correct on this CPU; without VNNI, oneDNN adds pairs in 16 bits with saturation."""
    import torch

    largest = torch.full((64, 64), 127, dtype=torch.int8)
    return bool((torch._int_mm(largest, largest) == 64 * 127**2).all())


def cpu_flags() -> frozenset[str]:
    """The CPU flags that Linux lists; empty on other systems."""
    try:
        lines = _CPU_FLAGS.read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(
        next((line.partition(":")[2] for line in lines if line.startswith(("flags", "Features"))), "").split()
    )
