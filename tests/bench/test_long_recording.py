"""A recording of twenty minutes: transcribed completely, in bounded memory."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import PROJECT

MOST_MEGABYTES = 1500


@pytest.mark.long
def test_twenty_minutes_are_transcribed_completely_in_bounded_memory():
    command = [sys.executable, "bench/long_recording.py", "--minutes", "20", "--model", "tiny", "--json"]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=PROJECT, env=one_thread, capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert (figures["status"], figures["failed_pieces"], figures["error"]) == (0, 0, None)
    assert figures["last_word_at"] > 1190
    assert figures["peak_mb"] < MOST_MEGABYTES
