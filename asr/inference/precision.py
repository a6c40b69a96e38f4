"""The precision that models compute in: half the bits where the device is built for them."""

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from asr.errors import ModelUnavailable

if TYPE_CHECKING:
    import torch

Precision = Literal["auto", "float32", "bfloat16", "float16", "int8"]

_CPU_FLAGS: Final = Path("/proc/cpuinfo")
_BFLOAT16: Final = frozenset({"avx512_bf16", "amx_bf16"})


def named(precision: Precision) -> str:
    """The precision where a person chose it; empty where the machine did."""
    return "" if precision == "auto" else precision


def kind_of(precision: Precision, device: str) -> "torch.dtype":
    """The number format that ``precision`` means on a device; raises `ModelUnavailable` where that cannot compute it.

    ``auto`` is bfloat16 on a GPU and on a CPU that multiply it in hardware, float16 on an older GPU, else float32. The
    same computes what ``int8``, an option on CPUs, leaves as it is: all but the linear layers.
    """
    import torch

    if precision == "int8" and device != "cpu":
        raise ModelUnavailable("PRECISION is int8, which is for CPUs; set it to auto, float32, bfloat16 or float16.")
    if precision == "int8" and not multiplies_int8():
        raise ModelUnavailable("PRECISION is int8, which this CPU, without VNNI, multiplies wrongly; set it to auto.")
    if precision not in ("auto", "int8"):
        if precision == "float16" and device == "cpu":
            raise ModelUnavailable("PRECISION is float16, which a CPU computes slowly; set it to auto or bfloat16.")
        kind: torch.dtype = getattr(torch, precision)
        return kind
    if device == "cpu":
        return torch.bfloat16 if cpu_flags() & _BFLOAT16 else torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def multiplies_int8() -> bool:
    """Whether this CPU's products of int8 are right; without VNNI, oneDNN sums pairs in 16 bits, and cuts them off."""
    import torch

    largest = torch.full((64, 64), 127, dtype=torch.int8)
    return bool((torch._int_mm(largest, largest) == 64 * 127**2).all())


def cpu_flags() -> frozenset[str]:
    """What this machine's CPU can do, as Linux names it; nothing where the system does not say."""
    try:
        lines = _CPU_FLAGS.read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(
        next((line.partition(":")[2] for line in lines if line.startswith(("flags", "Features"))), "").split()
    )
