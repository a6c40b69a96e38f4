"""Credentials for an API that requires them, with a local replacement for Google Cloud's metadata server."""

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from asr.pipeline.credentials import credentials_of
from asr.settings import AsrSettings
from hearsay.errors import BadSettings
from tests.conftest import PROJECT
from tests.support.api_server import EMBEDDED, FakeApi
from tests.support.models import tone


def part(members: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip("=")


def claims(token: str) -> dict[str, object]:
    """The claims of a token, which are its middle part."""
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


class MetadataServer:
    """Returns an identity token for the requested audience, as Google Cloud's metadata server does."""

    def __init__(self) -> None:
        self.lasts = 3600.0
        self.status = 200
        numbers = count()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_token = "/identity?" in self.path
                body = server.token(self.path, next(numbers)) if is_token else '{"email": "hearsay@project.example"}'
                self.send_response(server.status if is_token else 200)
                self.send_header("Metadata-Flavor", "Google")
                self.send_header("Content-Type", "application/text" if is_token else "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"

    def token(self, path: str, number: int) -> str:
        (audience,) = parse_qs(urlsplit(path).query)["audience"]
        token_claims = {
            "aud": audience,
            "exp": int(time.time() + self.lasts),
            "iat": int(time.time()),
            "jti": str(number),
        }
        signature = base64.urlsafe_b64encode(b"signature").decode()
        return f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part(token_claims)}.{signature}"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def cloud() -> Iterator[MetadataServer]:
    cloud = MetadataServer()
    cloud.start()
    yield cloud
    cloud.close()


def decode_in_the_cloud(cloud: MetadataServer, fake_api: FakeApi, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Decode three clips, one at a time, on a machine with this metadata server."""
    (folder / "clips").mkdir()
    for number in range(3):
        (folder / "clips" / f"{number}.wav").write_bytes(tone(800 + number))
    metadata = {
        "GCE_METADATA_HOST": cloud.host,
        "GCE_METADATA_IP": cloud.host,
        "GCE_METADATA_TIMEOUT": "100",
        "GOOGLE_APPLICATION_CREDENTIALS": "",
    }
    environment = {
        **os.environ,
        **EMBEDDED,
        **metadata,
        "API_TOKEN": "google",
        "VIA_CLIPS": "1",
        "LOG_DIR": str(folder),
    }
    command = [sys.executable, "-m", "asr", "decode", str(folder / "clips"), "--out", str(folder / "out")]
    command += ["--via", fake_api.address]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def tokens_sent_to(fake_api: FakeApi) -> list[str]:
    return [headers["Authorization"].removeprefix("Bearer ") for headers in fake_api.headers]


@pytest.mark.parametrize(("lasts", "tokens"), [(3600.0, 1), (60.0, 3)], ids=["kept", "renewed before it runs out"])
def test_an_identity_token_for_the_address_is_sent(cloud: MetadataServer, tmp_path: Path, lasts: float, tokens: int):
    cloud.lasts = lasts
    with FakeApi() as fake_api:
        ended = decode_in_the_cloud(cloud, fake_api, tmp_path)
    assert ended.returncode == 0, ended.stderr
    shown = tokens_sent_to(fake_api)
    assert {claims(token)["aud"] for token in shown} == {fake_api.address}
    assert (len(shown), len(set(shown))) == (3, tokens)
    logs = "".join(path.read_text() for path in tmp_path.rglob("*.log"))
    assert not [token for token in shown if token in logs + ended.stderr + ended.stdout]


def test_a_metadata_server_without_a_token_is_reported(cloud: MetadataServer, tmp_path: Path):
    cloud.status = 403
    with FakeApi() as fake_api:
        ended = decode_in_the_cloud(cloud, fake_api, tmp_path)
    assert ended.returncode == 2
    assert "GOOGLE_APPLICATION_CREDENTIALS" in ended.stderr
    assert fake_api.received == []


def test_a_machine_without_a_google_cloud_identity_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(BadSettings, match="no Google Cloud identity was found"):
        credentials_of(AsrSettings(api_token="google"), "https://api.example")


def test_without_google_auth_the_error_explains_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "google.oauth2.id_token", None)
    with pytest.raises(BadSettings, match=r"run\.sh decode installs it"):
        credentials_of(AsrSettings(api_token="google"), "https://api.example")


def test_a_key_and_a_token_cannot_be_combined():
    with pytest.raises(BadSettings, match="both set"):
        credentials_of(AsrSettings(api_token="google", api_key="sesame"), "https://api.example")


def test_without_key_and_token_no_credentials_are_sent():
    assert credentials_of(AsrSettings(), "https://api.example") is None


@pytest.mark.parametrize("key", ["größe", "two\nlines"])
def test_a_key_that_is_not_valid_in_a_header_is_rejected_without_printing_it(key: str):
    with pytest.raises(BadSettings, match="API_KEY") as refused:
        credentials_of(AsrSettings(api_key=key), "")
    assert key not in str(refused.value)
