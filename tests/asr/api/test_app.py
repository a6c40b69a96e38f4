"""The HTTP API: replies, errors, and a server that stays responsive while a model is busy."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from fastapi.testclient import TestClient

from asr.api import app as api
from asr.api.app import create_app
from asr.errors import ModelUnavailable
from asr.pipeline.assembly import Models
from asr.settings import AsrSettings
from hearsay.records.transcript import Alternative
from tests.conftest import PROJECT
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel, tone
from tests.support.serving import TIMEOUT, HeldSpeechModel, client_of, server_of, small_models, wait_until_ready

PROBLEM = "application/problem+json"

Found = TypeVar("Found")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    with client_of(small_models(), monkeypatch, max_upload_bytes=100_000, max_clip_seconds=2) as client:
        yield client


def test_ping_returns_the_string_pong(client: TestClient):
    assert client.get("/ping").json() == "pong"


def test_health_reports_the_models_and_the_fallback_warning(client: TestClient):
    assert client.get("/health").json() == {
        "status": "ready",
        "ready": True,
        "asr_model": "length",
        "ser_model": "loudness",
        "device": "cpu",
        "warnings": ["wanted large, got small"],
    }


def test_asr_returns_transcription_and_duration_as_strings_along_with_all_other_fields(client: TestClient):
    reply = client.post("/asr", files={"file": ("clip.wav", tone(24000, peak=0.9))})
    assert reply.status_code == 200
    body = reply.json()
    assert (body["transcription"], body["duration"]) == ("24000", "1.5")
    assert body["words"] == [{"text": "24000", "start": 0.0, "end": 1.5, "confidence": 0.988}]
    assert body["segments"] == [{"text": "24000", "start": 0.0, "end": 1.5, "confidence": 0.988}]
    assert (body["confidence"], body["asr_model"]) == (0.988, "length")
    assert (body["emotion"], body["sentiment"], body["ser_model"]) == ("angry", "negative", "loudness")
    assert body["emotion_score"] == pytest.approx(0.9, abs=0.01)


def test_words_include_their_alternatives(monkeypatch: pytest.MonkeyPatch):
    speech_model = LengthSpeechModel(alternatives=(Alternative("four", 0.25), Alternative("fore", 0.1)))
    with client_of(Models(speech_model, LoudnessEmotionModel(), ()), monkeypatch) as client:
        body = client.post("/asr", files={"file": ("clip.wav", tone(24000))}).json()
    assert body["transcription"] == "24000"
    assert body["words"][0]["alternatives"] == [
        {"text": "four", "confidence": 0.25},
        {"text": "fore", "confidence": 0.1},
    ]


def test_ser_returns_the_emotion_without_a_transcription(client: TestClient):
    body = client.post("/ser", files={"file": ("clip.wav", tone(8000))}).json()
    assert (body["emotion"], body["sentiment"], body["duration"]) == ("uncertain", "uncertain", "0.5")
    assert "transcription" not in body


@pytest.mark.parametrize("path", ["/ser", "/predict/"])
@pytest.mark.parametrize(
    ("granularity", "there", "absent"),
    [
        ("granular", {"emotion", "emotion_score", "emotion_scores"}, {"sentiment"}),
        ("sentiment", {"sentiment"}, {"emotion", "emotion_score", "emotion_scores"}),
        ("both", {"emotion", "emotion_score", "emotion_scores", "sentiment"}, set()),
    ],
)
def test_granularity_selects_the_emotion_fields_of_the_reply(
    client: TestClient, path: str, granularity: str, there: set[str], absent: set[str]
):
    file = {"file": ("clip.wav", tone(8000, peak=0.9))}
    by_query = client.post(path, params={"granularity": granularity}, files=file).json()
    by_form = client.post(path, data={"granularity": granularity}, files=file).json()
    assert by_query == by_form
    assert by_query.keys() >= there | {"ser_model", "duration"}
    assert not by_query.keys() & absent


def test_an_unknown_granularity_is_rejected(client: TestClient):
    reply = client.post("/ser?granularity=fine", files={"file": tone(800)})
    assert (reply.status_code, "granularity" in reply.json()["detail"]) == (422, True)


def test_several_files_are_answered_in_order_and_a_bad_file_does_not_affect_the_others(client: TestClient):
    files = [tone(1600), b"no sound", tone(800), b"", tone(3 * 8000, rate=8000), tone(2400)]
    reply = client.post("/asr", files=[("files", (f"{number}.wav", data)) for number, data in enumerate(files)])
    assert reply.status_code == 200
    replies = reply.json()["replies"]
    assert [one.get("transcription", one.get("status")) for one in replies] == ["1600", 415, "800", 422, 413, "2400"]
    assert {one["request_id"] for one in replies if "status" in one} == {reply.headers["X-Request-ID"]}


def test_files_sent_together_get_the_same_replies_as_files_sent_separately(client: TestClient):
    files = [tone(1600 + 160 * number, peak=0.09 * number) for number in range(11)]
    together = client.post("/asr", files=[("files", data) for data in files]).json()["replies"]
    assert together == [client.post("/asr", files={"file": data}).json() for data in files]


def test_file_and_files_cannot_be_combined(client: TestClient):
    reply = client.post("/asr", files=[("file", tone(800)), ("files", tone(800))])
    assert (reply.status_code, "files" in reply.json()["detail"]) == (422, True)


@pytest.mark.parametrize("path", ["/asr", "/ser"])
def test_a_repeated_file_field_is_rejected(client: TestClient, path: str):
    reply = client.post(path, files=[("file", tone(800)), ("file", tone(1600))])
    assert (reply.status_code, "more than once" in reply.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (b"", 422, ""),
        (b"no sound at all, only words " * 50, 415, ""),
        (tone(3 * 8000, rate=8000), 413, ""),
        (bytes(100_001), 413, "at most 100000"),
    ],
    ids=["empty", "not audio", "too long", "too large"],
)
def test_a_file_that_cannot_be_transcribed_returns_a_problem_with_a_message(
    client: TestClient, data: bytes, status: int, says: str
):
    reply = client.post("/asr", files={"file": ("clip.wav", data)})
    body = reply.json()
    assert (reply.status_code, body["status"], reply.headers["content-type"]) == (status, status, PROBLEM)
    assert set(body) == {"type", "title", "status", "detail", "request_id"}
    assert says in body["detail"]
    assert reply.headers["X-Request-ID"] == body["request_id"]


def test_a_request_without_a_file_is_answered_with_an_example(client: TestClient):
    for request in ({}, {"files": {"audio": tone(800)}}, {"data": {"file": "clip.mp3"}}):
        assert "curl -F file=@" in client.post("/asr", **request).json()["detail"]


def test_the_root_path_redirects_to_the_api_documentation(client: TestClient):
    assert client.get("/", follow_redirects=False).headers["location"] == "/docs"


def test_the_document_links_to_the_glossary(client: TestClient):
    assert "[glossary](/glossary)" in client.get("/openapi.json").json()["info"]["description"]
    reply = client.get("/glossary")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.text == (PROJECT / "docs" / "glossary.md").read_text(encoding="utf-8")


def test_fallbacks_and_readiness_are_reported_at_startup(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(api, "load_models", lambda _: small_models())
    reported: list[str] = []
    with TestClient(create_app(AsrSettings(), reported.append)) as client:
        wait_until_ready(client)
    assert reported == ["warning: wanted large, got small", "ready: speech model length, emotion model loudness"]


def test_missing_files_unknown_paths_and_wrong_methods_return_problems(client: TestClient):
    for reply, status in ((client.post("/asr"), 422), (client.get("/nothing"), 404), (client.get("/asr"), 405)):
        assert (reply.status_code, reply.headers["content-type"]) == (status, PROBLEM)


def test_an_unsupported_method_is_answered_with_the_supported_one(client: TestClient):
    refused = client.get("/asr")
    assert (refused.json()["detail"], refused.headers["Allow"]) == ("/asr does not support GET. Use POST.", "POST")
    assert client.delete("/ping").json()["detail"] == "/ping does not support DELETE. Use GET."


@pytest.mark.parametrize(("path", "field"), [("/asr", "file"), ("/asr", "files"), ("/ser", "file")])
def test_a_file_without_a_name_is_rejected_with_an_example(client: TestClient, path: str, field: str):
    refused = client.post(path, files={field: (None, "hello")})
    assert refused.status_code == 422
    assert "Send a file with a name, for example: curl -F file=@clip.mp3" in refused.json()["detail"]


def test_an_internal_error_returns_a_problem_without_its_stack_trace(monkeypatch: pytest.MonkeyPatch):
    models = Models(LengthSpeechModel(fails_on=800), LoudnessEmotionModel(), ())
    with client_of(models, monkeypatch) as client:
        reply = client.post("/asr", files={"file": ("clip.wav", tone(800))})
        assert (reply.status_code, reply.headers["content-type"]) == (500, PROBLEM)
        assert "out of memory" not in reply.text


def test_the_file_name_of_an_upload_is_never_used_as_a_path(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for name in ("../../escaped.wav", "/etc/passwd", "a\\b.wav", "nul\x01.wav"):
        assert client.post("/asr", files={"file": (name, tone(1600))}).json()["transcription"] == "1600"
    assert list(tmp_path.rglob("*")) == []


def test_an_upload_leaves_no_files_on_disk(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    client.post("/asr", files={"file": ("clip.wav", tone(16000))})
    assert list(tmp_path.iterdir()) == []


def test_the_server_answers_while_a_model_is_busy(monkeypatch: pytest.MonkeyPatch):
    speech_model = HeldSpeechModel()
    with client_of(Models(speech_model, LoudnessEmotionModel(), ()), monkeypatch) as client:
        replies = []
        request = threading.Thread(
            target=lambda: replies.append(client.post("/asr", files={"file": ("clip.wav", tone(1600))}))
        )
        request.start()
        assert speech_model.begun.acquire(timeout=TIMEOUT)
        assert client.get("/ping").json() == "pong"
        assert replies == []
        speech_model.released.set()
        request.join()
        assert replies[0].json()["transcription"] == "1600"


def test_a_full_queue_returns_429_with_retry_after(monkeypatch: pytest.MonkeyPatch):
    speech_model = HeldSpeechModel()
    ten_minutes = tone(600_000, rate=1000)
    with (
        client_of(Models(speech_model, LoudnessEmotionModel(), ()), monkeypatch) as client,
        ThreadPoolExecutor() as senders,
    ):

        def send() -> httpx.Response:
            return client.post("/asr", files={"file": ten_minutes})

        first = senders.submit(send)
        assert speech_model.begun.acquire(timeout=TIMEOUT)
        tagged = 'hearsay_batch_clips_total{model="loudness"} 1.0'  # it has left both queues
        wait_for_one(lambda: [tagged] if tagged in client.get("/metrics").text else [])
        others = [senders.submit(send) for _ in range(2)]
        refused = wait_for_one(lambda: [sent.result() for sent in others if sent.done()])[0]
        speech_model.released.set()
        statuses = sorted(sent.result().status_code for sent in (first, *others))
    assert (refused.status_code, refused.headers["content-type"]) == (429, PROBLEM)
    assert int(refused.headers["Retry-After"]) >= 1
    assert statuses == [200, 200, 429]


def wait_for_one(look: Callable[[], list[Found]]) -> list[Found]:
    deadline = time.monotonic() + TIMEOUT
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_a_client_that_disconnects_is_not_served(monkeypatch: pytest.MonkeyPatch):
    speech_model = HeldSpeechModel()
    with (
        server_of(Models(speech_model, LoudnessEmotionModel(), ()), monkeypatch) as address,
        ThreadPoolExecutor() as senders,
    ):

        def send(samples: int, seconds: float = TIMEOUT) -> int:
            timeout = httpx.Timeout(TIMEOUT, read=seconds)
            return httpx.post(f"{address}/asr", files={"file": tone(samples)}, timeout=timeout).status_code

        patient = []
        for samples in (800, 1600):  # both threads of the model are busy
            patient.append(senders.submit(send, samples))
            assert speech_model.begun.acquire(timeout=TIMEOUT)
        with pytest.raises(httpx.ReadTimeout):
            send(2400, 0.5)
        gone = 'hearsay_requests_total{path="/asr",status="499"} 1.0'
        wait_for_one(lambda: [gone] if gone in httpx.get(f"{address}/metrics", timeout=TIMEOUT).text else [])
        speech_model.released.set()
        assert [sent.result() for sent in patient] == [200, 200]
    assert speech_model.transcribed == 2


def test_while_models_load_health_reports_loading_and_asr_returns_503_with_retry_after(monkeypatch: pytest.MonkeyPatch):
    loaded = threading.Event()

    def load(_: AsrSettings) -> Models:
        loaded.wait(TIMEOUT)
        return Models(LengthSpeechModel(), LoudnessEmotionModel(), ())

    monkeypatch.setattr(api, "load_models", load)
    with TestClient(create_app(AsrSettings())) as client:
        assert client.get("/health").json()["status"] == "loading"
        assert client.get("/health/live").status_code == 200
        for reply in (client.post("/asr", files={"file": ("clip.wav", tone(1600))}), client.get("/health/ready")):
            assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
        loaded.set()
        wait_until_ready(client)
        assert client.post("/asr", files={"file": ("clip.wav", tone(1600))}).status_code == 200
        assert client.get("/health/ready").json() == client.get("/health").json()


def test_an_unavailable_model_is_reported_and_the_server_keeps_running(monkeypatch: pytest.MonkeyPatch):
    def load(_: AsrSettings) -> Models:
        raise ModelUnavailable("some/model cannot be reached; run ./run.sh setup --models")

    monkeypatch.setattr(api, "load_models", load)
    with TestClient(create_app(AsrSettings())) as client:
        wait_until_ready(client)
        assert client.get("/health").json() | {"warnings": []} == {
            "status": "failed", "ready": False, "asr_model": None, "ser_model": None, "device": None, "warnings": [],
        }  # fmt: skip
        reply = client.post("/asr", files={"file": ("clip.wav", tone(1600))})
        assert (reply.status_code, "some/model" in reply.json()["detail"]) == (503, True)


def test_a_sample_clip_is_transcribed_by_the_embedded_models(samples: Path):
    settings = AsrSettings(asr_model="pocketsphinx", ser_model="classic", workers=1)
    with TestClient(create_app(settings)) as client:
        wait_until_ready(client)
        body = client.post("/asr", files={"file": (samples / "sample-000000.mp3").read_bytes()}).json()
    assert (body["asr_model"], body["ser_model"]) == ("pocketsphinx", "classic")
    assert [word["text"] for word in body["words"]] == body["transcription"].split()
    assert body["words"][-1]["end"] <= float(body["duration"]) + 0.1
