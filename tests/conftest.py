"""Shared by all tests: the sample clips, the real clips if available, and a report of skipped tests.

``HEARSAY_DATA`` names a folder of real clips; without it, their tests are skipped. ``HEARSAY_REQUIRE`` lists resources
that must be available (``data elastic browser models weights``): a test that lacks one fails instead of being skipped.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

import pytest
from hypothesis import HealthCheck, settings

from asr.settings import AsrSettings
from hearsay.config import names_of
from indexer.settings import IndexSettings
from search_ui.settings import PageSettings

PROJECT = Path(__file__).resolve().parent.parent
SAMPLES = PROJECT / "hearsay" / "samples"

pytest_plugins = ["tests.support.browser", "tests.support.elastic_nodes"]

# The same examples in every run, so that failures are caused by changes; no machine is too slow for them.
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# More examples, different in every run, to find unexpected failures: pytest --hypothesis-profile wide
settings.register_profile("wide", settings.get_profile("same"), derandomize=False, max_examples=3000)
settings.load_profile("same")

LEFT_OUT: Final = "left out, no "

SETTINGS: Final = {name.upper() for of in (AsrSettings, IndexSettings, PageSettings) for name in names_of(of)}
HABITS: Final = {"HEARSAY_HOME", "COLUMNS", "FORCE_COLOR", "NO_COLOR", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}


def pytest_configure() -> None:
    """Isolate the tests from the settings, terminal colours, cloud account and proxy of the user."""
    for name in list(os.environ):
        if name in SETTINGS | HABITS or name.startswith("AWS_"):
            del os.environ[name]
    beside = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(filter(None, (beside, "127.0.0.1", "localhost")))


def leave_out(need: str, why: str) -> NoReturn:
    """Skip a test that needs something this machine lacks, or fail it if ``HEARSAY_REQUIRE`` lists it."""
    if need in os.environ.get("HEARSAY_REQUIRE", "").split():
        pytest.fail(f"HEARSAY_REQUIRE insists on {need}: {why}")
    pytest.skip(f"{LEFT_OUT}{need}: {why}")


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Enable Ctrl-C, which is ignored if the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Report at the end, in red, how many tests were skipped and what was missing."""
    yield
    skips = (report.longrepr for report in terminalreporter.getreports("skipped"))
    reasons = (str(skip[2]).removeprefix("Skipped: ") for skip in skips if isinstance(skip, tuple))
    if left_out := Counter(reason for reason in reasons if reason.startswith(LEFT_OUT)):
        terminalreporter.section(f"LEFT OUT: {left_out.total()} OF THE TESTS", red=True, bold=True)
        for reason, number in left_out.most_common():
            terminalreporter.line(f"{number} {reason}", red=True)
        terminalreporter.line("HEARSAY_REQUIRE insists on them; .ci/run sets it", red=True)


@pytest.fixture(scope="session", autouse=True)
def _isolated_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's files in this checkout: index, inbox, deletions, logs, config.yml."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HEARSAY_HOME", str(tmp_path_factory.mktemp("home")))
        patched.setenv("MODEL_SOURCES", "cache")  # a test that needs weights uses the fixture `published_weights`
        yield


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
