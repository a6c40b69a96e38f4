"""Credentials for an API that requires them: a key, or an identity token of Google Cloud."""

import asyncio
import threading
from collections.abc import AsyncGenerator

import httpx

from asr.errors import PipelineUnavailable
from asr.settings import AsrSettings
from hearsay.errors import BadArgument, BadSettings
from hearsay.extras import how_to_install
from hearsay.http.connection import BearerAuth

ADVICE = "run on Google Cloud, or set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account"


def credentials_of(settings: AsrSettings, audience: str) -> httpx.Auth | None:
    """The credentials of the settings for the API at ``audience``; None if there are none."""
    key = settings.api_key.get_secret_value()
    if settings.api_token and key:
        raise BadSettings(
            "API_KEY and API_TOKEN are both set, but a request can carry only one of them; unset the other"
        )
    if settings.api_token:
        return GoogleIdentityAuth(audience)
    try:
        return BearerAuth(key, "API_KEY") if key else None
    except BadArgument as problem:
        raise BadSettings(str(problem)) from problem


class GoogleIdentityAuth(httpx.Auth):
    """Sends an identity token for one audience, which is renewed some minutes before it expires.

    Raises `BadSettings` if google-auth is not installed or finds no identity, and `PipelineUnavailable` if a token
    cannot be renewed.
    """

    def __init__(self, audience: str) -> None:
        try:
            from google.auth.exceptions import GoogleAuthError
            from google.auth.transport.requests import Request
            from google.oauth2.id_token import fetch_id_token_credentials
        except ImportError as problem:
            raise BadSettings(
                f"API_TOKEN=google needs google-auth, which is not installed here; run {how_to_install('google')}; in "
                "a checkout API_TOKEN=google ./run.sh decode installs it"
            ) from problem
        self._error = GoogleAuthError
        self._request = Request()
        self._lock = threading.Lock()
        try:
            self._credentials = fetch_id_token_credentials(audience, request=self._request)
        except GoogleAuthError as problem:
            raise BadSettings(f"no Google Cloud identity was found ({problem}); {ADVICE}") from problem

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await asyncio.to_thread(self._token)
        request.headers["Authorization"] = f"Bearer {token}"
        yield request

    def _token(self) -> str:
        with self._lock:
            try:
                if not self._credentials.valid:
                    self._credentials.refresh(self._request)
            except self._error as problem:
                raise PipelineUnavailable(
                    f"Google Cloud did not issue an identity token ({problem}); {ADVICE}"
                ) from problem
            return str(self._credentials.token)
