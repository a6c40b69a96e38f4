"""Authentication by API keys, or by identity tokens of Google Cloud."""

import asyncio
import hmac
import logging
import time
from collections.abc import Collection
from typing import Any, Final, Protocol

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from asr.api.problems import problem
from asr.settings import AsrSettings
from hearsay.errors import BadSettings
from hearsay.extras import how_to_install

log = logging.getLogger(__name__)

DOCUMENT_FILES: Final = "/docs/files"
"""Path of the scripts and style sheets of ``/docs``."""

OPEN: Final = frozenset(
    {"/", "/docs", "/glossary", "/openapi.json", "/ping", "/health", "/health/live", "/health/ready"}
    | {f"{DOCUMENT_FILES}/{name}" for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")}
)
"""Paths that need no authentication; they reveal nothing about audio."""

GOOGLE_CERTIFICATES: Final = "https://www.googleapis.com/oauth2/v1/certs"
GOOGLE_ISSUERS: Final = ("accounts.google.com", "https://accounts.google.com")
KEPT_SECONDS: Final = 3600
"""How long Google's certificates are cached; new ones are published days before they are used."""


class Authenticator(Protocol):
    """Decides whether a bearer token is valid."""

    def admits(self, shown: str) -> bool:
        """Whether this bearer token is valid; may block."""
        ...


def authenticators_of(settings: AsrSettings) -> tuple[Authenticator, ...]:
    """The authenticators of the settings; none if the API is open. Raises `BadSettings`."""
    authenticators: list[Authenticator] = []
    if keys := listed(settings.api_keys.get_secret_value()):
        authenticators.append(Keys(keys))
    if settings.google_audience:
        authenticators.append(GoogleTokenAuthenticator(settings.google_audience, listed(settings.google_callers)))
    return tuple(authenticators)


def listed(words: str) -> tuple[str, ...]:
    """The values of a comma-separated list."""
    return tuple(word.strip() for word in words.split(",") if word.strip())


class Keys:
    """API keys. All of them are compared in constant time, so that the duration reveals nothing.

    Raises `BadSettings` for a key that no HTTP header can contain.
    """

    def __init__(self, keys: Collection[str]) -> None:
        if not all(key.isascii() and key.isprintable() for key in keys):
            raise BadSettings(
                "API_KEYS contains a key with characters that an HTTP header cannot contain; use letters and digits"
            )
        self._keys = [key.encode() for key in keys]

    def admits(self, shown: str) -> bool:
        return sum(hmac.compare_digest(shown.encode(), key) for key in self._keys) > 0


class GoogleTokenAuthenticator:
    """Identity tokens of Google Cloud for one audience, issued to one of the callers, given by e-mail address.

    Anybody with a Google account can create a token for any audience, so the audience alone would admit everybody.
    Raises `BadSettings` without callers, or if google-auth is not installed.
    """

    def __init__(self, audience: str, callers: Collection[str], certificates: str = GOOGLE_CERTIFICATES) -> None:
        if not callers:
            raise BadSettings(
                "GOOGLE_AUDIENCE needs GOOGLE_CALLERS: the e-mail addresses of service accounts that have access"
            )
        try:
            from google.auth.exceptions import GoogleAuthError
            from google.auth.transport.requests import Request as Transport
            from google.oauth2.id_token import verify_token
        except ImportError as problem:
            raise BadSettings(
                f"GOOGLE_AUDIENCE needs google-auth, which is not installed here; run {how_to_install('google')}, or "
                "in a checkout .venv/bin/uv pip install --python .venv/bin/python -c constraints.txt -e '.[google]'"
            ) from problem
        self._audience, self._callers, self._certificates = audience, frozenset(callers), certificates
        self._verify: Any = verify_token
        self._refused = (GoogleAuthError, ValueError)
        self._fetch = _Kept(Transport())

    def admits(self, shown: str) -> bool:
        try:
            claims = self._verify(shown, self._fetch, self._audience, self._certificates)
        except self._refused as problem:
            log.warning("identity token refused", extra={"reason": type(problem).__name__})
            return False
        is_known = claims.get("email_verified") is True and claims.get("email") in self._callers
        return is_known and claims.get("iss") in GOOGLE_ISSUERS


class _Kept:
    """google-auth's transport, which fetches the certificates at most once an hour."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._response: Any = None
        self._until = 0.0

    def __call__(self, url: str, method: str = "GET", **options: Any) -> Any:
        if time.monotonic() >= self._until:
            self._response = self._transport(url, method=method, **options)
            self._until = time.monotonic() + KEPT_SECONDS if self._response.status == 200 else 0.0
        return self._response


class AuthenticationMiddleware:
    """ASGI middleware that requires a token that an authenticator admits, if there is an authenticator."""

    def __init__(self, app: ASGIApp, authenticators: Collection[Authenticator]) -> None:
        self._app = app
        self._authenticators = authenticators

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._authenticators or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        kind, _, shown = request.headers.get("Authorization", "").partition(" ")
        for authenticator in self._authenticators if kind.lower() == "bearer" else ():
            if await asyncio.to_thread(authenticator.admits, shown.strip()):
                await self._app(scope, receive, send)
                return
        error = ', error="invalid_token"' if shown else ""
        wants = {"WWW-Authenticate": f'Bearer realm="hearsay"{error}'}
        detail = "The key is missing or not valid. Send a valid key in the header Authorization: Bearer KEY."
        await problem(request, 401, detail, wants)(scope, receive, send)
