"""The API as a process: its listening socket, its settings, and Ctrl-C."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from asr.api.server import serve
from asr.pipeline.assembly import Models
from asr.settings import AsrSettings
from hearsay.errors import BadSettings, PortTaken
from hearsay.http.listening import listen
from hearsay.terminal.process import INTERRUPTED
from tests.conftest import PROJECT
from tests.support.api_server import EMBEDDED
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel
from tests.support.ports import free_port
from tests.support.serving import TIMEOUT, server_of, wait_until_ready


def test_accepted_connections_have_tcp_nodelay():
    async def has_nodelay() -> bool:
        accepted: asyncio.Queue[int] = asyncio.Queue()

        async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            accepted.put_nowait(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        place = listen("127.0.0.1", 0, "API")
        async with await asyncio.start_server(note, sock=place):
            _, client = await asyncio.open_connection(*place.getsockname())
            found = await accepted.get()
            client.close()
            await client.wait_closed()
        return bool(found)

    with ThreadPoolExecutor(1) as elsewhere:  # another test's browser may occupy this thread's event loop
        assert elsewhere.submit(lambda: asyncio.run(has_nodelay())).result()


def test_a_port_in_use_is_reported_with_the_setting_to_change():
    with listen("127.0.0.1", 0, "API") as place:
        place.listen()
        with pytest.raises(PortTaken, match="API_PORT"):
            listen("127.0.0.1", place.getsockname()[1], "API")


def test_a_client_that_connects_before_the_server_accepts_is_served():
    with listen("127.0.0.1", 0, "API") as place, socket.create_connection(place.getsockname()) as early:
        taken, _ = place.accept()
        taken.sendall(b"pong")
        assert early.recv(4) == b"pong"
        taken.close()


def test_invalid_settings_are_reported_before_the_server_prints_its_address(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(BadSettings, match="GOOGLE_CALLERS"):
        serve(AsrSettings(google_audience="https://hearsay.example"))
    assert capsys.readouterr().err == ""


PROGRAM = """
import signal, sys
from asr.api import server as serve
from asr.cli import main

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background programs without it
    serve.GRACE_SECONDS = 1
    sys.exit(main(["api"]))
"""


def test_ctrl_c_does_not_wait_for_a_long_request(tmp_path: Path, samples: Path):
    port = free_port()
    (tmp_path / "program.py").write_text(PROGRAM)
    settings = {**EMBEDDED, "API_PORT": str(port), "PYTHONPATH": str(PROJECT), "LOG_DIR": str(tmp_path)}
    program = subprocess.Popen([sys.executable, tmp_path / "program.py"], env=os.environ | settings, stderr=-1)
    assert program.stderr is not None
    with program.stderr, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=200) as client:
        try:
            assert program.stderr.readline().startswith(b"API on ")
            wait_until_ready(client)
            interrupt_long_request(client, (samples / "sample-000000.mp3").read_bytes(), program)
        finally:
            program.kill()
            program.wait()


def interrupt_long_request(client: httpx.Client, clip: bytes, program: subprocess.Popen[bytes]) -> None:
    """Send more than a minute of work, and interrupt the server after its first clip."""
    with ThreadPoolExecutor(1) as sender:
        sent = sender.submit(client.post, "/asr", files=[("files", clip)] * 300)
        while 'clips_total{model="pocketsphinx"}' not in client.get("/metrics").text:
            assert not sent.done()
        program.send_signal(signal.SIGINT)
        assert sent.result().status_code == 500
        assert program.wait(200) == INTERRUPTED


@pytest.mark.parametrize("path", ["/ping", "/health", "/health/live", "/metrics", "/docs", "/v1/models", "/nowhere"])
def test_head_replies_as_get_without_a_body(path: str, monkeypatch: pytest.MonkeyPatch):
    models = Models(LengthSpeechModel(), LoudnessEmotionModel(), ())
    with server_of(models, monkeypatch) as address:
        got, head = httpx.get(address + path, timeout=TIMEOUT), httpx.head(address + path, timeout=TIMEOUT)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
