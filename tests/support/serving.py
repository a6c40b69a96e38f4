"""The API for tests: in this process with test models, or as a real server on this machine."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from asr.api import app as api
from asr.api.app import create_app
from asr.pipeline.assembly import Models
from asr.settings import AsrSettings
from asr.types import DecodedAudio, SpeechOutput
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel

TIMEOUT = 100.0
"""The timeout in seconds for anything on a busy machine."""


class HeldSpeechModel(LengthSpeechModel):
    """Blocks until ``released`` is set; ``begun`` is released once for each batch that it begins."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.released = threading.Semaphore(0), threading.Event()

    def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
        self.begun.release()
        self.released.wait(2 * TIMEOUT)  # longer than any test waits
        return super().transcribe(clips)


def small_models() -> Models:
    """Models that output length and loudness."""
    return Models(LengthSpeechModel(), LoudnessEmotionModel(), ("wanted large, got small",))


@contextmanager
def client_of(models: Models, monkeypatch: pytest.MonkeyPatch, **settings: int | str) -> Iterator[TestClient]:
    """A client of the app in this process, which has loaded these models."""
    monkeypatch.setattr(api, "load_models", lambda _: models)
    with TestClient(create_app(AsrSettings(**settings)), raise_server_exceptions=False) as client:
        wait_until_ready(client)
        yield client


@contextmanager
def server_of(models: Models, monkeypatch: pytest.MonkeyPatch, **settings: float | str) -> Iterator[str]:
    """The address of a real server, which has loaded these models."""
    monkeypatch.setattr(api, "load_models", lambda _: models)
    with listening(create_app(AsrSettings(**settings))) as address:
        yield address


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The address of a real server that is ready for requests."""
    with socket.socket(proto=socket.IPPROTO_TCP) as place:
        place.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{place.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, args=([place],))
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            with httpx.Client(base_url=address, timeout=TIMEOUT) as client:
                wait_until_ready(client)
            yield address
        finally:
            server.should_exit = True
            thread.join()


def wait_until_ready(client: httpx.Client | TestClient) -> None:
    """Wait until the models are loaded or have failed to load."""
    deadline = time.monotonic() + TIMEOUT
    while client.get("/health").json()["status"] == "loading":
        assert time.monotonic() < deadline
        time.sleep(0.01)
