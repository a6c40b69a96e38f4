import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from asr.errors import ModelUnavailable
from asr.inference.precision import cpu_flags, kind_of, multiplies_int8
from tests.conftest import leave_out


@pytest.fixture
def cpu_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    file = tmp_path / "cpuinfo"
    monkeypatch.setattr("asr.inference.precision._CPU_FLAGS", file)
    return file


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ("fpu avx512f avx512_bf16", torch.bfloat16),
        ("fpu amx_tile amx_bf16", torch.bfloat16),
        ("fpu avx2 avx512f", torch.float32),
    ],
)
def test_auto_selects_a_precision_that_the_cpu_supports_in_hardware(cpu_says: Path, flags: str, kind: torch.dtype):
    cpu_says.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t: none\n")
    assert kind_of("auto", "cpu") == kind


def test_auto_is_float32_if_the_cpu_flags_are_unknown(cpu_says: Path):
    assert cpu_flags() == frozenset()
    assert kind_of("auto", "cpu") == torch.float32


@pytest.mark.parametrize(("has_bfloat16", "kind"), [(True, torch.bfloat16), (False, torch.float16)])
def test_auto_is_half_precision_on_a_gpu(has_bfloat16: bool, kind: torch.dtype, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bfloat16)
    assert kind_of("auto", "cuda:0") == kind


def test_a_named_precision_is_used(cpu_says: Path):
    assert kind_of("float32", "cpu") == torch.float32
    assert kind_of("bfloat16", "cpu") == torch.bfloat16
    assert kind_of("float16", "cuda") == torch.float16


def test_layers_that_int8_does_not_quantise_use_the_precision_of_auto(cpu_says: Path):
    if multiplies_int8():
        assert kind_of("int8", "cpu") == kind_of("auto", "cpu") == torch.float32
    with pytest.raises(ModelUnavailable, match="int8, which is supported on CPUs only; set it to auto"):
        kind_of("int8", "cuda")


def test_float16_on_a_cpu_is_rejected_with_alternatives():
    with pytest.raises(ModelUnavailable, match="auto or bfloat16"):
        kind_of("float16", "cpu")


def test_int8_is_rejected_on_a_cpu_with_inaccurate_int8_products():
    if platform.machine() != "x86_64":
        leave_out("x86", "an older CPU cannot be simulated on this processor")
    if "avx512_vnni" not in cpu_flags():
        leave_out("vnni", "without AVX-512 VNNI torch multiplies int8 by itself, slowly and rightly")
    older = os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2"}  # emulates a CPU without VNNI
    asked = "from asr.inference.precision import kind_of; kind_of('int8', 'cpu')"
    done = subprocess.run([sys.executable, "-c", asked], env=older, capture_output=True, text=True, check=False)
    assert "ModelUnavailable: PRECISION is int8, which needs a CPU with VNNI" in done.stderr
