"""Upload limits of a real server: an upload is rejected as soon as it exceeds a limit, before it is complete."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from asr.pipeline.assembly import Models
from tests.support.models import LoudnessEmotionModel, tone
from tests.support.serving import TIMEOUT, HeldSpeechModel, server_of, small_models

HEAD = (
    b"POST %s HTTP/1.1\r\nHost: hearsay\r\nContent-Type: multipart/form-data; boundary=cut\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
PART = b'--cut\r\nContent-Disposition: form-data; name="%s"; filename="clip.wav"\r\n\r\n'


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with server_of(small_models(), monkeypatch, max_upload_bytes=100_000) as address:
        yield address


@contextmanager
def upload(address: str, path: bytes = b"/asr") -> Iterator[socket.socket]:
    """A connection with an open request of unknown length."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), TIMEOUT) as connection:
        connection.sendall(HEAD % path)
        yield connection


def send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))


def full_reply(connection: socket.socket) -> str:
    """Everything until the server closes the connection."""
    answer = b""
    while received := connection.recv(65536):
        answer += received
    return answer.decode()


@pytest.mark.parametrize(
    ("path", "kind"), [(b"/asr", "application/problem+json"), (b"/v1/audio/transcriptions", "application/json")]
)
def test_an_upload_above_the_size_limit_is_rejected_before_it_ends(address: str, path: bytes, kind: str):
    with upload(address, path) as connection:
        head = PART % b"file"
        send(connection, head + bytes(100_000 - len(head)))
        send(connection, b"\0")  # a client that keeps sending may lose the reply
        answer = full_reply(connection)  # although the upload has not ended
    assert answer.startswith("HTTP/1.1 413")
    assert f"content-type: {kind}" in answer.lower()
    assert "at most 100000 bytes" in answer


def test_the_size_limit_applies_to_all_files_of_a_request_together(address: str):
    with upload(address) as connection:
        file = PART % b"files" + bytes(1000) + b"\r\n"
        for _ in range(100_000 // len(file) + 1):
            send(connection, file)
        assert full_reply(connection).startswith("HTTP/1.1 413")


def test_a_content_length_above_the_limit_is_rejected_before_the_body_is_sent(address: str):
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), TIMEOUT) as connection:
        connection.sendall(b"POST /asr HTTP/1.1\r\nHost: hearsay\r\nContent-Length: 100001\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")


def test_an_upload_that_takes_too_long_is_rejected(monkeypatch: pytest.MonkeyPatch):
    with server_of(small_models(), monkeypatch, max_upload_seconds=1.5) as address, upload(address) as connection:
        send(connection, PART % b"file" + b"RIFF")
        answer = full_reply(connection)
    assert answer.startswith("HTTP/1.1 408")
    assert "longer than 1.5 s" in answer


def test_the_server_continues_after_rejected_uploads(address: str):
    with httpx.Client(base_url=address, timeout=TIMEOUT) as client:
        for _ in range(3):
            assert client.post("/asr", files={"file": bytes(200_000)}).status_code == 413
            assert client.post("/asr", files={"file": tone(800)}).json()["transcription"] == "800"


def test_a_body_that_is_not_a_form_returns_a_problem(address: str):
    headers = {"Content-Type": "multipart/form-data; boundary=cut"}
    for body, status in ((b"", 422), (b"no form", 400)):
        reply = httpx.post(f"{address}/asr", content=body, headers=headers, timeout=TIMEOUT)
        assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")


def test_more_uploads_than_the_limit_return_429_with_retry_after(monkeypatch: pytest.MonkeyPatch):
    speech_model = HeldSpeechModel()
    models = Models(speech_model, LoudnessEmotionModel(), ())
    with server_of(models, monkeypatch, max_uploads=2) as address, ThreadPoolExecutor() as senders:

        def send_clip() -> httpx.Response:
            return httpx.post(f"{address}/asr", files={"file": tone(800)}, timeout=TIMEOUT)

        first = senders.submit(send_clip)
        assert speech_model.begun.acquire(timeout=TIMEOUT)
        with upload(address) as connection:
            send(connection, PART % b"file")
            refused = wait_for_refusal(address)
            assert httpx.get(f"{address}/ping", timeout=TIMEOUT).json() == "pong"
            assert httpx.get(f"{address}/health", timeout=TIMEOUT).status_code == 200
        speech_model.released.set()
        assert first.result().status_code == 200
        assert (refused.headers["Retry-After"], refused.json()["status"]) == ("2", 429)
        assert send_clip().status_code == 200


def wait_for_refusal(address: str) -> httpx.Response:
    """Sends requests until both upload slots are in use; a 422 for the empty body means that one is free."""
    while (reply := httpx.post(f"{address}/asr", timeout=TIMEOUT)).status_code == 422:
        pass
    return reply
