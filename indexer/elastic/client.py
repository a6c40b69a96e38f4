"""The client of an Elasticsearch cluster: nodes, credentials and certificates. Creating it sends nothing."""

import re
import ssl
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from elasticsearch import Elasticsearch

from hearsay.version import USER_AGENT
from indexer.errors import IndexUnavailable, WrongRequest
from indexer.settings import IndexSettings

_SECONDS: Final = 30
"""Timeout of a request, so that with its retries no call waits forever."""

_FORM: Final = "write it as http(s)://host:9200, several nodes of one cluster separated by commas"


def shown(address: str) -> str:
    """The address for messages: without user and password of any node."""
    return ",".join(_bare(node) for node in _nodes(address))


def connect(address: str, settings: IndexSettings) -> Elasticsearch:
    """A client of all nodes in ``address``, separated by commas; if one does not respond, the next one is tried.

    Raises `WrongRequest` for an invalid address, `IndexUnavailable` for a certificate that cannot be read.
    """
    nodes = [_checked(node) for node in _nodes(address)]
    if len({node.scheme for node in nodes}) > 1:
        raise WrongRequest(f"{shown(address)} mixes http:// and https://; all nodes of a cluster must use the same")
    trust = _whom_to_trust(settings) if nodes[0].scheme == "https" else {}
    access = _who_asks(nodes[0], settings) | trust | {"headers": {"User-Agent": USER_AGENT}}
    hosts = [_bare(node.geturl()) for node in nodes]
    tries = max(2, len(hosts))
    try:
        return Elasticsearch(hosts, request_timeout=_SECONDS, max_retries=tries, retry_on_timeout=True, **access)
    except ValueError as problem:
        raise WrongRequest(f"{shown(address)} cannot be used as an address of Elasticsearch: {problem}") from problem


def _nodes(address: str) -> list[str]:
    """The addresses of the nodes; a comma that is not followed by another address may be part of a password."""
    return [node.strip() for node in re.split(r",(?=\s*[a-z]+://)", address.rstrip(", "), flags=re.IGNORECASE)]


def _bare(node: str) -> str:
    """One node's address without user and password, even if it is malformed."""
    return re.sub(r"://.*@", "://", node)


def _checked(node: str) -> SplitResult:
    try:
        parts = urlsplit(node)
        port = parts.port
    except ValueError as problem:
        raise WrongRequest(f"{_bare(node)} has no port number; {_FORM}") from problem
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise WrongRequest(f"{_bare(node)} cannot be used as an address of Elasticsearch; {_FORM}")
    if port is None:
        raise WrongRequest(f"{_bare(node)} names no port; {_FORM}")
    return parts


def _whom_to_trust(settings: IndexSettings) -> dict[str, Any]:
    """The certificate authority in the settings only; without one, those that this machine trusts."""
    if not settings.index_ca_cert:
        return {}
    try:
        return {"ssl_context": ssl.create_default_context(cafile=settings.index_ca_cert)}
    except FileNotFoundError as problem:
        raise IndexUnavailable(f"INDEX_CA_CERT is {settings.index_ca_cert}, but there is no such file") from problem
    except OSError as problem:  # includes ssl's error for a file without a certificate
        raise IndexUnavailable(
            f"INDEX_CA_CERT is {settings.index_ca_cert}, which is not a readable PEM file with a certificate"
        ) from problem


def _who_asks(node: SplitResult, settings: IndexSettings) -> dict[str, Any]:
    """The API key, or else user and password of the settings, or those in the first address, or none."""
    if settings.index_api_key:
        if re.fullmatch(r"[\w+/=-]+", key := settings.index_api_key.get_secret_value().strip(), re.ASCII) is None:
            raise WrongRequest("INDEX_API_KEY is not an API key; use the value that Elasticsearch calls “encoded”")
        return {"api_key": key}
    if settings.index_username:
        password = settings.index_password.get_secret_value() if settings.index_password else ""
        return {"basic_auth": (settings.index_username, password)}
    if node.username:
        return {"basic_auth": (unquote(node.username), unquote(node.password or ""))}
    return {}
