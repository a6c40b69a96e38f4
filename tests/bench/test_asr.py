import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import PROJECT

SECONDS = [
    f"{who}_{part}_seconds"
    for who in ("pipeline_float32_batch_1", "pipeline_float32_batch_8", "ours_float32")
    for part in ("model", "end_to_end")
]


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    command = [sys.executable, "bench/asr.py", "--size", "tiny", "--seconds", "25", "--rounds", "1", "--json"]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=PROJECT, env=one_thread, capture_output=True, text=True, check=True, timeout=280)
    assert "round 1: ours_float32_end_to_end" in done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.long
def test_the_recognition_benchmark_reports_its_documented_figures(figures: dict[str, Any]):
    documented = {"cpu_flags", "model_ratio", "end_to_end_ratio", "end_to_end_ratio_bf16", *SECONDS}
    assert documented <= figures.keys()
    assert all(figures[name] > 0 for name in SECONDS)
    assert figures["audio_seconds"] > 20
    faster = figures["pipeline_float32_batch_1_model_seconds"], figures["pipeline_float32_batch_8_model_seconds"]
    ours = figures["ours_float32_model_seconds"]
    assert figures["model_ratio_float32"] == pytest.approx(min(faster) / ours)


@pytest.mark.long
def test_batches_in_the_benchmark_change_no_transcript_and_add_little_padding(figures: dict[str, Any]):
    assert figures["trained_transcripts"] > 10
    assert figures["changed_transcripts"] == 0
    assert figures["changed_from_pipeline"] == 0
    assert 1 <= figures["padding_ratio"] <= 1.05
