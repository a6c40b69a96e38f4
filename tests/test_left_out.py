"""A test run reports which tests it skipped, and fails if they were required."""

import os
import subprocess
import sys

from tests.conftest import PROJECT


def run_without_elasticsearch(require: str) -> subprocess.CompletedProcess[str]:
    one = "tests/elastic_backend/test_local_sh.py::test_a_started_node_is_green_and_listens_on_loopback_only"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", one],
        cwd=PROJECT,
        env=os.environ | {"ES_HOME": "/nonexistent", "HEARSAY_REQUIRE": require, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_skipped_tests_are_reported_at_the_end_with_their_reason():
    done = run_without_elasticsearch("")
    *_, title, reason, advice, _total = done.stdout.strip().splitlines()
    assert done.returncode == 0
    assert "LEFT OUT: 1 OF THE TESTS" in title
    assert reason.startswith("1 left out, no elastic: local.sh: ES_HOME is /nonexistent")
    assert "HEARSAY_REQUIRE" in advice


def test_a_required_test_fails_instead_of_being_skipped():
    done = run_without_elasticsearch("data elastic")
    assert done.returncode == 1
    assert "HEARSAY_REQUIRE insists on elastic: local.sh: ES_HOME is /nonexistent" in done.stdout
