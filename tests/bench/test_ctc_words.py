import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import PROJECT


def test_the_benchmark_says_how_fast_words_are_decoded_beside_the_plain_decoder(tmp_path: Path):
    transcripts = tmp_path / "transcripts.csv"
    clips = "a.mp3,3.5,THEN WHY SHOULD THEY\nb.mp3,2.0,\n" * 20
    transcripts.write_text(f"filename,duration,generated_text\n{clips}")
    options = ["--kinds", "synthetic", "--seconds", "60", "--rounds", "1", "--json"]
    done = subprocess.run(
        [sys.executable, "bench/ctc_words.py", transcripts, *options],
        cwd=PROJECT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert figures["synthetic_audio_seconds"] == 18 * 3.5
    assert figures["synthetic_words"] == 18 * 4
    assert 0 < figures["synthetic_unsure_words"] < 1
    assert figures["synthetic_ratio"] == figures["synthetic_plain_cpu_seconds"] / figures["synthetic_cpu_seconds"]
    assert figures["synthetic_times_real_time"] == 18 * 3.5 / figures["synthetic_cpu_seconds"]
