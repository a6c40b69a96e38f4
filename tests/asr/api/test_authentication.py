"""Authentication: callers with a valid API key or a valid Google identity token are admitted, all others rejected."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi.testclient import TestClient
from google.auth import crypt, jwt

from asr.api.authentication import GoogleTokenAuthenticator, Keys, authenticators_of
from asr.logs import start_log
from asr.settings import AsrSettings
from hearsay.errors import BadSettings
from tests.support.models import tone
from tests.support.serving import client_of, small_models

AUDIENCE, CALLER = "https://hearsay.example", "page@project.iam.gserviceaccount.com"

Token = Callable[..., str]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    with client_of(small_models(), monkeypatch, api_keys="first-key, second-key") as client:
        yield client


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize("key", ["first-key", "second-key"])
def test_each_api_key_is_accepted(client: TestClient, key: str):
    reply = client.post("/asr", files={"file": tone(800)}, headers=bearer(key))
    assert (reply.status_code, reply.json()["transcription"]) == (200, "800")


@pytest.mark.parametrize("path", ["/asr", "/ser", "/predict/", "/verify", "/metrics", "/v1/models", "/nothing"])
def test_requests_without_a_valid_key_return_401_on_every_path(client: TestClient, path: str):
    shown = (
        b"",
        b"Bearer",
        b"Bearer first",
        b"Bearer first-key, second-key",
        "Bearer ключ".encode(),
        b"Basic first-key",
    )
    for authorization in (*shown, b"first-key"):
        method = "GET" if path in ("/metrics", "/v1/models") else "POST"
        reply = client.request(method, path, headers={b"Authorization": authorization})
        assert reply.status_code == 401
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")
        assert reply.headers["X-Request-ID"]


def test_a_rejected_request_returns_a_problem(client: TestClient):
    reply = client.post("/asr")
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["request_id"] == reply.headers["X-Request-ID"]


def test_ping_and_health_need_no_key(client: TestClient):
    for path in ("/ping", "/health", "/health/live", "/health/ready", "/docs", "/glossary", "/openapi.json"):
        assert client.get(path).status_code == 200


def test_the_log_contains_the_request_id_and_no_key(client: TestClient, tmp_path: Path):
    path = start_log(tmp_path)
    handler = logging.getLogger().handlers[-1]
    try:
        refused = client.post("/asr", headers=bearer("a-wrong-key"))
        client.post("/asr", files={"file": tone(800)}, headers=bearer("first-key"))
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
    log = path.read_text()
    assert refused.json()["request_id"] in log
    assert "a-wrong-key" not in log
    assert "first-key" not in log


def test_the_repr_of_settings_contains_no_key():
    assert "first-key" not in repr(AsrSettings(api_keys="first-key"))


def test_without_keys_no_authentication_is_required():
    assert authenticators_of(AsrSettings(api_keys=" , ")) == ()


def test_keys_match_only_in_full():
    keys = Keys(("abc", "def"))
    assert [keys.admits(shown) for shown in ("abc", "def", "ab", "abcd", "")] == [True, True, False, False, False]


@pytest.mark.parametrize("key", ["ключ", "schlüssel", "tab\tbed"])
def test_a_key_that_is_not_valid_in_a_header_is_rejected_at_startup_and_not_printed(key: str):
    with pytest.raises(
        BadSettings, match="API_KEYS contains a key with characters that an HTTP header cannot contain"
    ) as refused:
        authenticators_of(AsrSettings(api_keys=f"first-key, {key}"))
    assert key not in str(refused.value)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def token(key: rsa.RSAPrivateKey) -> Token:
    """Signs identity tokens in Google's format; the given claims override the usual ones."""

    def signed(by: rsa.RSAPrivateKey = key, **claims: object) -> str:
        pem = by.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        now = int(time.time())
        usual = {"iss": "https://accounts.google.com", "aud": AUDIENCE, "email": CALLER, "email_verified": True}
        times = {"iat": now - 10, "exp": now + 600}
        return jwt.encode(crypt.RSASigner.from_string(pem, "key-1"), {**usual, **times, **claims}).decode()

    return signed


@pytest.fixture
def google(key: rsa.RSAPrivateKey) -> Iterator[GoogleTokenAuthenticator]:
    """An authenticator that fetches its certificates from a local test server."""
    requested_paths: list[str] = []
    content = json.dumps({"key-1": certificate_of(key)}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requested_paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield GoogleTokenAuthenticator(AUDIENCE, (CALLER,), f"http://127.0.0.1:{server.server_port}/certs")
        server.shutdown()
    assert len(requested_paths) <= 1, "certificates are fetched once and cached"


def certificate_of(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tokens")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_a_token_of_an_allowed_caller_for_this_audience_is_accepted(google: GoogleTokenAuthenticator, token: Token):
    assert google.admits(token())
    assert google.admits(token(iss="accounts.google.com"))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://another.example"},
        {"email": "stranger@gmail.com"},
        {"email_verified": False},
        {"iss": "https://elsewhere.example"},
        {"exp": 1_000_000_000, "iat": 999_999_000},
    ],
    ids=["for another", "of another caller", "unverified e-mail", "another issuer", "expired"],
)
def test_a_token_with_a_wrong_claim_is_rejected(
    google: GoogleTokenAuthenticator, token: Token, claims: dict[str, object]
):
    assert not google.admits(token(**claims))


def test_a_token_signed_with_another_key_is_rejected(google: GoogleTokenAuthenticator, token: Token):
    assert not google.admits(token(by=rsa.generate_private_key(65537, 2048)))


@pytest.mark.parametrize("shown", ["", "no token", "a.b.c", "e30.e30.e30"])
def test_a_malformed_token_is_rejected(google: GoogleTokenAuthenticator, shown: str):
    assert not google.admits(shown)


def test_every_token_is_rejected_if_the_certificates_are_unavailable(token: Token):
    assert not GoogleTokenAuthenticator(AUDIENCE, (CALLER,), "http://127.0.0.1:9/certs").admits(token())


def test_an_audience_without_allowed_callers_is_rejected():
    with pytest.raises(BadSettings, match="GOOGLE_CALLERS"):
        authenticators_of(AsrSettings(google_audience=AUDIENCE))
