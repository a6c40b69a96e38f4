"""What a client shows to an API that lets in only those it knows: a key, or an identity token of Google Cloud."""

import asyncio
import threading
from collections.abc import AsyncGenerator

import httpx

from asr.errors import PipelineUnavailable
from asr.settings import AsrSettings
from hearsay.errors import BadArgument, BadSettings
from hearsay.extras import how_to_install
from hearsay.http.connection import BearerAuth

ADVICE = "run where Google Cloud knows who you are, or set GOOGLE_APPLICATION_CREDENTIALS to a service account's key"


def credentials_of(settings: AsrSettings, audience: str) -> httpx.Auth | None:
    """What the settings say is shown to the API at ``audience``; None where nothing is."""
    key = settings.api_key.get_secret_value()
    if settings.api_token and key:
        raise BadSettings("API_KEY and API_TOKEN are both set, and a request shows one of them; unset the other")
    if settings.api_token:
        return GoogleIdentityAuth(audience)
    try:
        return BearerAuth(key, "API_KEY") if key else None
    except BadArgument as problem:
        raise BadSettings(str(problem)) from problem


class GoogleIdentityAuth(httpx.Auth):
    """Shows an identity token for one audience, which is renewed some minutes before it runs out.

    Raises `BadSettings` where google-auth is not installed or finds no identity, `PipelineUnavailable` where a token
    cannot be had later.
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
            raise BadSettings(f"there is no identity of Google Cloud here ({problem}); {ADVICE}") from problem

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
                raise PipelineUnavailable(f"Google Cloud gives no identity token ({problem}); {ADVICE}") from problem
            return str(self._credentials.token)
