"""Prometheus metrics: requests by path, seconds by stage, padding and real-time factor of each model."""

import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from asr.api.metrics import Metrics
from asr.pipeline.scheduler import BatchStats
from tests.support.models import tone
from tests.support.serving import TIMEOUT, client_of, small_models

Samples = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    with client_of(small_models(), monkeypatch, max_upload_bytes=100_000) as client:
        yield client


def samples_of(page: str) -> Samples:
    """Every sample by its name and the values of its labels."""
    families = text_string_to_metric_families(page)
    return {(one.name, tuple(one.labels.values())): one.value for family in families for one in family.samples}


def samples_when_processed(client: TestClient, seconds: float) -> Samples:
    """The samples once this many seconds of audio are counted: the models' threads count after they return results."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        found = samples_of(client.get("/metrics").text)
        if sum(value for (name, _), value in found.items() if name == "hearsay_sound_seconds_total") == seconds:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_requests_are_counted_by_path_and_status(client: TestClient):
    for data in (tone(800), tone(800), b"no sound", bytes(200_000)):
        client.post("/asr", files={"file": data})
    client.get("/nothing/at/all")
    client.get("/v1/models/whisper-1")
    found = samples_of(client.get("/metrics").text)
    counted = {labels: value for (name, labels), value in found.items() if name == "hearsay_requests_total"}
    assert counted | {("/health", "200"): 0.0} == {
        ("/asr", "200"): 2.0, ("/asr", "415"): 1.0, ("/asr", "413"): 1.0, ("other", "404"): 1.0,
        ("/v1/models/{model:path}", "200"): 1.0, ("/health", "200"): 0.0,
    }  # fmt: skip
    assert found["hearsay_rejections_total", ("413",)] == 1.0
    assert found["hearsay_refusals_total", ("413",)] == 1.0
    assert found["hearsay_request_seconds_count", ("/asr",)] == 4.0


def test_every_stage_of_a_request_is_timed(client: TestClient):
    client.post("/asr", files={"file": tone(16000)})
    client.post("/ser", files={"file": tone(8000)})
    found = samples_when_processed(client, seconds=2.5)
    stages = {stage: found["hearsay_stage_seconds_count", (stage,)] for stage in ("decode", "wait", "asr", "ser")}
    assert stages == {"decode": 2.0, "wait": 3.0, "asr": 1.0, "ser": 2.0}
    assert found["hearsay_audio_seconds_total", ("length",)] == 1.0
    assert found["hearsay_sound_seconds_total", ("length",)] == 1.0
    assert found["hearsay_audio_seconds_total", ("loudness",)] == 1.5
    assert found["hearsay_sound_seconds_total", ("loudness",)] == 1.5
    assert found["hearsay_queue_seconds", ("length",)] == 0.0


def test_the_padding_ratio_is_reported_for_each_model(client: TestClient):
    found = samples_of(client.get("/metrics").text)
    assert found["hearsay_padding_ratio", ("length",)] == 1.0
    assert found["hearsay_padding_ratio", ("loudness",)] == 1.25


def test_the_seconds_and_real_time_factor_of_a_batch_are_recorded():
    metrics = Metrics()
    metrics.observe_batch(BatchStats("model", (1.0, 3.0), 0.5, 2.0), "asr")
    found = samples_of(metrics.page().decode())
    assert found["hearsay_real_time_factor", ("model",)] == 0.5
    assert found["hearsay_sound_seconds_total", ("model",)] == 4.0
    assert found["hearsay_batch_seconds_sum", ("model",)] == 2.0
    assert found["hearsay_stage_seconds_sum", ("wait",)] == 0.5


def test_two_apps_have_separate_metrics():
    first, second = Metrics(), Metrics()
    first.answered("/asr", 200, 0.1)
    assert "hearsay_requests_total{" not in second.page().decode()


def test_every_metric_has_a_description_that_names_its_unit(client: TestClient):
    client.post("/asr", files={"file": tone(800)})
    families = list(text_string_to_metric_families(client.get("/metrics").text))
    assert len(families) > 8
    assert all(family.documentation and family.name.startswith("hearsay_") for family in families)
    assert all("econds" in family.documentation for family in families if "seconds" in family.name)
