"""Remote APIs on this machine: the real one as a process, and one that fails on request."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self

import httpx

from asr.api.schemas import EmotionReply, HealthReply, TranscriptReply
from asr.types import EmotionOutput, SpeechOutput
from hearsay.records.transcript import Alternative, Segment, Word
from tests.conftest import PROJECT
from tests.support.ports import free_port
from tests.support.servers import Closing, ThreadedServer

EMBEDDED = {"ASR_MODEL": "pocketsphinx", "SER_MODEL": "classic", "WORKERS": "1"}

HEARSAY = ("-m", "asr")

ANSWERS_ONE = (
    "-c",
    """
import os, sys, threading
from asr.cli import main
from asr.speech.pocketsphinx import PocketSphinxSpeechModel

transcribe, answered = PocketSphinxSpeechModel.transcribe, int(os.environ["ANSWERED_SAMPLES"])

def transcribe_one(self, clips):
    if [len(clip.waveform) for clip in clips] != [answered]:
        threading.Event().wait()
    return transcribe(self, clips)

PocketSphinxSpeechModel.transcribe = transcribe_one
sys.exit(main())
""",
)
"""Hearsay, whose API only transcribes the clip of ``ANSWERED_SAMPLES`` samples, and never finishes another."""

READY = HealthReply(status="ready", ready=True, asr_model="length", ser_model="loudness", warnings=[])

Answer = tuple[int, dict[str, str], Any] | None
"""Status, headers and JSON body of a reply; None closes the connection without one."""


def reply_to(data: bytes) -> dict[str, Any]:
    """The response of an API whose models transcribe the number of bytes of a file."""
    text = str(len(data))
    words = (Word(text, 0.0, 1.234, 0.98765, (Alternative("four", 0.25),)),)
    transcript = SpeechOutput(text, words, (Segment(0.0, 1.234, text, 0.98765),), 0.98765)
    emotion = EmotionReply.of(EmotionOutput("angry", 0.75, {"angry": 0.75, "neutral": 0.25}), "loudness", "1.2")
    return TranscriptReply.of_both(transcript, "length", emotion, 1.234).model_dump()


class FakeApi(ThreadedServer):
    """Answers ``GET /health`` and ``POST /asr``; ``replies`` are used first, each once."""

    def __init__(self) -> None:
        self.health: list[Answer] = [(200, {}, READY.model_dump())]  # the last one is repeated
        self.replies: list[Answer] = []
        self.received: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.before_reply: Callable[[bytes], None] = lambda data: None
        fake_api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.answer(fake_api.health.pop(0) if len(fake_api.health) > 1 else fake_api.health[0])

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                data = body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
                fake_api.received.append(data)
                fake_api.headers.append(dict(self.headers))
                fake_api.before_reply(data)
                self.answer(fake_api.replies.pop(0) if fake_api.replies else (200, {}, reply_to(data)))

            def answer(self, answer: Answer) -> None:
                if answer is None:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                status, headers, body = answer
                content = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                pass

        self._handler = Handler
        super().__init__(Handler)


class Api(Closing):
    """The real API with the embedded models, as a process that can be killed and started again on its port.

    ``program`` is what Python runs at the next start.
    """

    def __init__(self, folder: Path, program: Sequence[str] = HEARSAY, **settings: str) -> None:
        self.program = program
        self._environment = {**os.environ, **EMBEDDED, "LOG_DIR": str(folder / "api-logs"), **settings}
        self._port = free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self._output = (folder / "api.txt").open("ab")

    def start(self) -> None:
        """Start without waiting until it is ready."""
        command = [sys.executable, *self.program, "api", "--port", str(self._port)]
        self._process = subprocess.Popen(
            command, cwd=PROJECT, env=self._environment, stdout=self._output, stderr=self._output
        )

    def wait_until_there(self) -> None:
        while True:
            assert self._process.poll() is None
            try:
                httpx.get(f"{self.address}/ping")
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        self.wait_until_there()
        return self

    def close(self) -> None:
        self.kill()
        self._output.close()
