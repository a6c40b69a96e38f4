"""What every test may use: the sample clips, the real clips where they are at hand, and an honest way to leave out.

``HEARSAY_DATA`` names a folder of real clips; without it their tests are skipped and say so. ``HEARSAY_REQUIRE`` lists
what must be there (``data elastic browser models``): a test that would be skipped for want of it fails instead.
"""

import os
from pathlib import Path
from typing import NoReturn

import pytest

PROJECT = Path(__file__).resolve().parent.parent
SAMPLES = PROJECT / "clips" / "samples"

pytest_plugins = ["tests.browser"]


def leave_out(need: str, why: str) -> NoReturn:
    """Skip a test that needs something this machine lacks, or fail it where ``HEARSAY_REQUIRE`` insists."""
    if need in os.environ.get("HEARSAY_REQUIRE", "").split():
        pytest.fail(f"HEARSAY_REQUIRE insists on {need}: {why}")
    pytest.skip(f"left out, no {need}: {why}")


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of the project's own sample clips."""
    return SAMPLES


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real clips that ``HEARSAY_DATA`` names."""
    named = os.environ.get("HEARSAY_DATA", "")
    if not named or not Path(named).is_dir():
        leave_out("data", "set HEARSAY_DATA to a folder with common-voice/ in it")
    return Path(named)
