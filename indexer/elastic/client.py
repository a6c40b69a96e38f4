"""The way to an Elasticsearch: its nodes, who asks, and whom to trust. Nothing is sent before the first question."""

import re
import ssl
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from elasticsearch import Elasticsearch

from hearsay.version import USER_AGENT
from indexer.errors import IndexUnavailable, WrongRequest
from indexer.settings import IndexSettings

_SECONDS: Final = 30
"""An answer takes at most this long; with the retries nothing waits for ever."""

_FORM: Final = "write it as http(s)://host:9200, several nodes of one cluster with commas between"


def shown(address: str) -> str:
    """The address as it may be shown: without user and password, those of every node."""
    return ",".join(_bare(node) for node in _nodes(address))


def connect(address: str, settings: IndexSettings) -> Elasticsearch:
    """A client of all nodes that ``address`` names with commas; where one does not answer, the next is asked.

    Raises `WrongRequest` for an address that is none, `IndexUnavailable` for an authority that cannot be read.
    """
    nodes = [_checked(node) for node in _nodes(address)]
    if len({node.scheme for node in nodes}) > 1:
        raise WrongRequest(f"{shown(address)} mixes http:// and https://; the nodes of one cluster have all the same")
    trust = _whom_to_trust(settings) if nodes[0].scheme == "https" else {}
    access = _who_asks(nodes[0], settings) | trust | {"headers": {"User-Agent": USER_AGENT}}
    hosts = [_bare(node.geturl()) for node in nodes]
    tries = max(2, len(hosts))
    try:
        return Elasticsearch(hosts, request_timeout=_SECONDS, max_retries=tries, retry_on_timeout=True, **access)
    except ValueError as problem:
        raise WrongRequest(f"{shown(address)} cannot be used as an address of Elasticsearch: {problem}") from problem


def _nodes(address: str) -> list[str]:
    """The single addresses; a comma elsewhere than before the next of them may be part of a password."""
    return [node.strip() for node in re.split(r",(?=\s*[a-z]+://)", address.rstrip(", "), flags=re.IGNORECASE)]


def _bare(node: str) -> str:
    """One node's address without user and password, also where it is too broken to be taken apart."""
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
    """The settings' authority and no other, else those that this machine trusts."""
    if not settings.index_ca_cert:
        return {}
    try:
        return {"ssl_context": ssl.create_default_context(cafile=settings.index_ca_cert)}
    except FileNotFoundError as problem:
        raise IndexUnavailable(f"INDEX_CA_CERT names {settings.index_ca_cert}, and there is no such file") from problem
    except OSError as problem:  # also what ssl says of a file without a certificate
        raise IndexUnavailable(
            f"INDEX_CA_CERT names {settings.index_ca_cert}, which cannot be read as a certificate in a PEM file"
        ) from problem


def _api_key(given: str) -> str:
    """The key, which goes into a header as it stands."""
    if re.fullmatch(r"[\w+/=-]+", key := given.strip(), re.ASCII) is None:
        raise WrongRequest("INDEX_API_KEY is no API key; it wants what Elasticsearch gives as its “encoded” form")
    return key


def _who_asks(node: SplitResult, settings: IndexSettings) -> dict[str, Any]:
    """The API key, else user and password of the settings, else those in the first address, else nobody."""
    if settings.index_api_key:
        return {"api_key": _api_key(settings.index_api_key.get_secret_value())}
    if settings.index_username:
        password = settings.index_password.get_secret_value() if settings.index_password else ""
        return {"basic_auth": (settings.index_username, password)}
    if node.username:
        return {"basic_auth": (unquote(node.username), unquote(node.password or ""))}
    return {}
