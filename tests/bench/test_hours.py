import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import PROJECT

STAGES = {f"stage_{name}_seconds" for name in ("decode", "asr", "spelling", "ser")}


@pytest.mark.long
def test_the_throughput_benchmark_reports_speed_hardware_and_the_slowest_stage():
    command = [sys.executable, "bench/hours.py", "--size", "tiny", "--hours", "0.02", "--json"]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=PROJECT, env=one_thread, capture_output=True, text=True, check=True, timeout=280)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    versions = {"device", "cores", "precision", "torch_version", "transformers_version", "cuda_version"}
    assert versions | {"gpu_utilisation", "cpu_utilisation"} <= figures.keys()
    assert 72 <= figures["audio_seconds"] < 72 + 30
    assert figures["clips"] > 10
    for name in ("both", "asr"):
        assert figures[f"{name}_times_real_time"] == pytest.approx(
            figures["audio_seconds"] / figures[f"{name}_seconds"]
        )
    assert all(figures[name] > 0 for name in STAGES)
    assert f"stage_{figures['slowest_stage']}_seconds" == max(STAGES, key=lambda name: figures[name])
