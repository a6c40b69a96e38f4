"""The way to an Elasticsearch: its address, who asks, and whom to trust. Nothing is sent before the first question."""

from typing import Any, Final
from urllib.parse import unquote, urlsplit

from elasticsearch import Elasticsearch

from indexer.errors import IndexUnavailable, WrongRequest
from indexer.settings import IndexSettings

_SECONDS: Final = 30
"""An answer takes at most this long; with the retries nothing waits for ever."""


def shown(address: str) -> str:
    """The address as it may be shown: without user and password."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def connect(address: str, settings: IndexSettings) -> Elasticsearch:
    """A client; raises `WrongRequest` for an address that is none, `IndexUnavailable` for a certificate not there."""
    try:
        port = urlsplit(address).port
    except ValueError as problem:
        raise WrongRequest(f"{shown(address)} has no port number; write it as http(s)://host:9200") from problem
    if port is None:
        raise WrongRequest(f"{shown(address)} names no port; write it as http(s)://host:9200")
    if settings.index_ca_cert and not settings.index_ca_cert.is_file():
        raise IndexUnavailable(f"INDEX_CA_CERT names {settings.index_ca_cert}, and there is no such file")
    trusted = {"ca_certs": str(settings.index_ca_cert)} if settings.index_ca_cert else {}
    access: dict[str, Any] = _who_asks(address, settings) | trusted
    try:
        return Elasticsearch(shown(address), request_timeout=_SECONDS, max_retries=2, retry_on_timeout=True, **access)
    except ValueError as problem:
        raise WrongRequest(f"{shown(address)} cannot be used as an address of Elasticsearch: {problem}") from problem


def _who_asks(address: str, settings: IndexSettings) -> dict[str, Any]:
    """The API key, else user and password of the settings, else those in the address, else nobody."""
    if settings.index_api_key:
        return {"api_key": settings.index_api_key.get_secret_value()}
    if settings.index_username:
        password = settings.index_password.get_secret_value() if settings.index_password else ""
        return {"basic_auth": (settings.index_username, password)}
    parts = urlsplit(address)
    if parts.username:
        return {"basic_auth": (unquote(parts.username), unquote(parts.password or ""))}
    return {}
