"""Clips of which the tests make corpora."""

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def clips(samples: Path) -> list[Path]:
    return sorted(samples.rglob("*.mp3"))[:4]
