"""The benchmark of both engines runs from a clean checkout and reports all documented figures."""

import json
import subprocess
import sys

import pytest

from tests.conftest import PROJECT, leave_out

FEW = ["--documents", "2000", "--elastic-documents", "1000"]


@pytest.mark.long
@pytest.mark.elastic
@pytest.mark.timeout(900)
def test_the_index_benchmark_reports_all_its_figures():
    done = subprocess.run(
        [sys.executable, "bench/index.py", *FEW, "--json"], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    figures = json.loads(done.stdout.splitlines()[-1])
    assert (figures["documents"], figures["embedded_load_documents"]) == (2000, 2000)
    for name in ("embedded_load", "embedded_bare", "prepare", "count_words", "lexicon", "make_and_load"):
        assert figures[f"{name}_seconds"] > 0, name
    assert figures["embedded_load_ratio"] == figures["embedded_bare_seconds"] / figures["embedded_load_seconds"]
    assert figures["prepare_us_per_document"] > 0
    for name in ("embedded_p50_ms", "embedded_p95_ms", "embedded_over_bare"):
        assert figures[name].keys() == {"rare", "common", "browse"}
    assert figures["forgiving_p95_ms"].keys() == {"rare", "common"}
    assert figures["forgiving_peak_mb"] >= figures["answer_peak_mb"] > 0
    assert figures["peak_mb"] == max(figures["answer_peak_mb"], figures["load_peak_mb"])
    if figures["elastic_load_ratio"] is None:
        leave_out("elastic", done.stderr)
    assert figures["elastic_load_documents"] == 1000
    assert figures["elastic_load_ratio"] == figures["elastic_bare_seconds"] / figures["elastic_load_seconds"]
