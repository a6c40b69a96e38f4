"""The API as its users meet it: answers, errors, and a server that stays responsive while a model works."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from asr import api
from asr.api import Models, create_app
from asr.errors import ModelUnavailable
from asr.settings import AsrSettings
from asr.transcript import Transcript, Waveform
from clips.row import Alternative
from tests.asr.ears import LengthTranscriber, LoudnessTagger, tone

PROBLEM = "application/problem+json"


class HeldTranscriber(LengthTranscriber):
    """Works until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.let_go = threading.Event(), threading.Event()

    def transcribe(self, waveforms: Sequence[Waveform]) -> list[Transcript]:
        self.begun.set()
        self.let_go.wait(30)
        return super().transcribe(waveforms)


@contextmanager
def serve(models: Models, monkeypatch: pytest.MonkeyPatch, **settings: int) -> Iterator[TestClient]:
    monkeypatch.setattr(api, "load_models", lambda _: models)
    with TestClient(create_app(AsrSettings(**settings)), raise_server_exceptions=False) as client:
        wait_until_ready(client)
        yield client


def wait_until_ready(client: TestClient) -> None:
    deadline = time.monotonic() + 60
    while client.get("/health").json()["status"] == "loading":
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    models = Models(LengthTranscriber(), LoudnessTagger(), ("wanted large, got small",))
    with serve(models, monkeypatch, max_upload_bytes=100_000, max_clip_seconds=2) as client:
        yield client


def test_ping_answers_the_string_pong(client: TestClient):
    assert client.get("/ping").json() == "pong"


def test_health_names_the_models_and_the_fallback(client: TestClient):
    assert client.get("/health").json() == {
        "status": "ready",
        "ready": True,
        "asr_model": "length",
        "ser_model": "loudness",
        "device": "cpu",
        "warnings": ["wanted large, got small"],
    }


def test_asr_answers_transcription_and_duration_as_strings_and_everything_else(client: TestClient):
    reply = client.post("/asr", files={"file": ("clip.wav", tone(24000, peak=0.9))})
    assert reply.status_code == 200
    body = reply.json()
    assert (body["transcription"], body["duration"]) == ("24000", "1.5")
    assert body["words"] == [{"text": "24000", "start": 0.0, "end": 1.5, "confidence": 0.988}]
    assert body["segments"] == [{"text": "24000", "start": 0.0, "end": 1.5, "confidence": 0.988}]
    assert (body["confidence"], body["asr_model"]) == (0.988, "length")
    assert (body["emotion"], body["sentiment"], body["ser_model"]) == ("angry", "negative", "loudness")
    assert body["emotion_score"] == pytest.approx(0.9, abs=0.01)


def test_words_show_their_alternatives(monkeypatch: pytest.MonkeyPatch):
    transcriber = LengthTranscriber(alternatives=(Alternative("four", 0.25), Alternative("fore", 0.1)))
    with serve(Models(transcriber, LoudnessTagger(), ()), monkeypatch) as client:
        body = client.post("/asr", files={"file": ("clip.wav", tone(24000))}).json()
    assert body["transcription"] == "24000"
    assert body["words"][0]["alternatives"] == [
        {"text": "four", "confidence": 0.25},
        {"text": "fore", "confidence": 0.1},
    ]


def test_ser_answers_the_emotion_alone(client: TestClient):
    body = client.post("/ser", files={"file": ("clip.wav", tone(8000))}).json()
    assert (body["emotion"], body["sentiment"], body["duration"]) == ("uncertain", "uncertain", "0.5")
    assert "transcription" not in body


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
def test_a_file_that_cannot_be_heard_is_a_problem_with_a_sentence(
    client: TestClient, data: bytes, status: int, says: str
):
    reply = client.post("/asr", files={"file": ("clip.wav", data)})
    body = reply.json()
    assert (reply.status_code, body["status"], reply.headers["content-type"]) == (status, status, PROBLEM)
    assert set(body) == {"type", "title", "status", "detail", "request_id"}
    assert says in body["detail"]
    assert reply.headers["X-Request-ID"] == body["request_id"]


def test_a_request_without_a_file_is_told_how_to_send_one(client: TestClient):
    for request in ({}, {"files": {"audio": tone(800)}}, {"data": {"file": "clip.mp3"}}):
        assert "curl -F file=@" in client.post("/asr", **request).json()["detail"]


def test_the_address_alone_leads_to_the_documents(client: TestClient):
    assert client.get("/", follow_redirects=False).headers["location"] == "/docs"


def test_whoever_starts_the_server_is_told_of_a_fallback_and_when_it_is_ready(monkeypatch: pytest.MonkeyPatch):
    models = Models(LengthTranscriber(), LoudnessTagger(), ("wanted large, got small",))
    monkeypatch.setattr(api, "load_models", lambda _: models)
    said: list[str] = []
    with TestClient(create_app(AsrSettings(), said.append)) as client:
        wait_until_ready(client)
    assert said == ["warning: wanted large, got small", "ready: speech length · emotion loudness"]


def test_a_request_without_a_file_and_a_path_that_is_not_there_are_problems_too(client: TestClient):
    for reply, status in ((client.post("/asr"), 422), (client.get("/nothing"), 404), (client.get("/asr"), 405)):
        assert (reply.status_code, reply.headers["content-type"]) == (status, PROBLEM)


def test_a_fault_of_ours_is_a_problem_without_its_stack_trace(monkeypatch: pytest.MonkeyPatch):
    models = Models(LengthTranscriber(fails_on=800), LoudnessTagger(), ())
    with serve(models, monkeypatch) as client:
        reply = client.post("/asr", files={"file": ("clip.wav", tone(800))})
        assert (reply.status_code, reply.headers["content-type"]) == (500, PROBLEM)
        assert "out of memory" not in reply.text


def test_the_name_of_the_upload_is_never_a_path(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in ("../../escaped.wav", "/etc/passwd", "a\\b.wav", "nul\x01.wav"):
        assert client.post("/asr", files={"file": (name, tone(1600))}).json()["transcription"] == "1600"
    assert list(tmp_path.rglob("*")) == []


def test_nothing_of_an_upload_stays_on_the_disk(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    client.post("/asr", files={"file": ("clip.wav", tone(16000))})
    assert list(tmp_path.iterdir()) == []


def test_the_server_answers_while_a_model_works(monkeypatch: pytest.MonkeyPatch):
    transcriber = HeldTranscriber()
    with serve(Models(transcriber, LoudnessTagger(), ()), monkeypatch) as client:
        replies = []
        request = threading.Thread(
            target=lambda: replies.append(client.post("/asr", files={"file": ("clip.wav", tone(1600))}))
        )
        request.start()
        assert transcriber.begun.wait(10)
        assert client.get("/ping").json() == "pong"
        assert replies == []
        transcriber.let_go.set()
        request.join()
        assert replies[0].json()["transcription"] == "1600"


def test_while_the_models_load_health_says_so_and_asr_asks_to_come_back(monkeypatch: pytest.MonkeyPatch):
    loaded = threading.Event()

    def load(_: AsrSettings) -> Models:
        loaded.wait(30)
        return Models(LengthTranscriber(), LoudnessTagger(), ())

    monkeypatch.setattr(api, "load_models", load)
    with TestClient(create_app(AsrSettings())) as client:
        assert client.get("/health").json()["status"] == "loading"
        reply = client.post("/asr", files={"file": ("clip.wav", tone(1600))})
        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
        loaded.set()
        wait_until_ready(client)
        assert client.post("/asr", files={"file": ("clip.wav", tone(1600))}).status_code == 200


def test_a_model_that_cannot_be_had_is_said_and_the_server_stays(monkeypatch: pytest.MonkeyPatch):
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


def test_a_sample_clip_is_heard_by_the_embedded_models(samples: Path):
    settings = AsrSettings(asr_model="pocketsphinx", ser_model="classic", workers=1)
    with TestClient(create_app(settings)) as client:
        wait_until_ready(client)
        body = client.post("/asr", files={"file": (samples / "sample-000000.mp3").read_bytes()}).json()
    assert (body["asr_model"], body["ser_model"]) == ("pocketsphinx", "classic")
    assert [word["text"] for word in body["words"]] == body["transcription"].split()
    assert body["words"][-1]["end"] <= float(body["duration"]) + 0.1
