"""Errors of Elasticsearch and of the connection to it, as sentences that say what to do, without any password."""

import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import RemoteDisconnected
from typing import Any, Final

from elastic_transport import ApiError, ConnectionTimeout, ObjectApiResponse, TlsError, TransportError
from elastic_transport import ConnectionError as NoConnection
from elasticsearch import NotFoundError, UnsupportedProductError
from urllib3.util.ssl_match_hostname import CertificateError

from hearsay.terminal.commands import in_checkout
from indexer.elastic.limits import limit_of
from indexer.elastic.reasons import Reason, WritesRefused, known
from indexer.errors import (
    HOW_TO_LOAD,
    IndexerError,
    IndexInUse,
    IndexMissing,
    IndexUnavailable,
    WrongRequest,
)

_EXPIRED: Final = re.compile(r"api ?key [^.;]*expired", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_SHOWN: Final = 100
"""Characters of another server's message that are shown."""

_OTHER_AUTHORITY: Final = (
    "the certificate of {} is signed by an authority that is not trusted here; set INDEX_CA_CERT to that authority's "
    "own certificate, a PEM file"
)
_OTHER_HOST: Final = 62
_OF_CERTIFICATE: Final = {
    9: "the certificate of {} is not valid yet; check the clocks of both machines",
    10: "the certificate of {} has expired and must be renewed",
    _OTHER_HOST: "the certificate of {} is for another host name; use one of its names in INDEX_URL",
    64: "the certificate of {} is for another address; use one of its hosts in INDEX_URL",
}


@contextmanager
def translated(address: str, name: str) -> Iterator[None]:
    """Translate the client's exceptions into the package's errors; ``address`` is shown and has no credentials."""
    try:
        yield
    except UnsupportedProductError as problem:
        raise IndexUnavailable(
            f"the server at {address} is not an Elasticsearch that this client supports; version 9 is required"
        ) from problem
    except ApiError as problem:
        raise _of_answer(problem, address, name) from problem
    except TransportError as problem:
        raise IndexUnavailable(_of_transport(problem, address)) from problem
    except WritesRefused as problem:
        if error := known(problem.reason, address, name):
            raise type(error)(f"{error}; {problem.holds}") from problem
        raise


def found_or_error(ask: Callable[[], ObjectApiResponse[Any]]) -> dict[str, Any]:
    """The body of a response, also of Elasticsearch's own 404 response.

    A 404 response of another server is raised.
    """
    try:
        return dict(ask().body)
    except NotFoundError as problem:
        if not _is_of_elasticsearch(problem):
            raise
        return dict(problem.body)


def _of_transport(problem: TransportError, address: str) -> str:
    behind = list(_behind(problem))
    match problem:
        case ConnectionTimeout():
            return f"Elasticsearch at {address} did not respond in time; it may be starting or busy; try again"
        case TlsError():
            return _of_tls(behind, address)
        case NoConnection() if any(isinstance(error, (RemoteDisconnected, ConnectionResetError)) for error in behind):
            return (
                f"{address} closes the connection; if it requires TLS, write https:// in INDEX_URL, otherwise try again"
            )
        case NoConnection():
            return (
                f"no response from {address}; start Elasticsearch{in_checkout('elastic start')}, or correct INDEX_URL"
            )
        case _:
            return f"the response of {address} cannot be read; is it Elasticsearch, version 9?"


def _behind(problem: BaseException | None) -> Iterator[BaseException]:
    """The causes of an exception of the client, in the libraries below it, from the latest to the first."""
    while problem := problem and (problem.__cause__ or problem.__context__):
        yield problem


def _of_tls(behind: list[BaseException], address: str) -> str:
    """The message for a failed TLS connection, by OpenSSL's number of the problem with the certificate."""
    if any(isinstance(error, CertificateError) for error in behind):
        return _OF_CERTIFICATE[_OTHER_HOST].format(address)
    fault = next((error for error in behind if isinstance(error, ssl.SSLError)), None)
    if isinstance(fault, ssl.SSLCertVerificationError):
        return _OF_CERTIFICATE.get(fault.verify_code, _OTHER_AUTHORITY).format(address)
    return f"{address} does not use TLS; if it is a node without TLS, write http:// in INDEX_URL"


def _of_answer(problem: ApiError, address: str, alias: str) -> IndexerError:
    reason = Reason.of(problem.body.get("error") if isinstance(problem.body, dict) else None)
    if error := known(reason, address, alias):
        return error
    match problem.meta.status:
        case 401:
            return IndexUnavailable(_of_stranger(str(problem.body), address))
        case 413:
            return WrongRequest(
                f"this request is larger than {address} accepts; if it is a search, use fewer words, otherwise "
                f"{limit_of(problem)}"
            )
        case _ if not _is_of_elasticsearch(problem):
            return IndexUnavailable(_of_another_server(problem, address))
        case status:
            return _of_status(status, reason, address, alias)


def _of_status(status: int, reason: Reason, address: str, alias: str) -> IndexerError:
    """The error for a status of Elasticsearch, with Elasticsearch's own reason if there is one."""
    why = f" ({reason})" if reason.texts else ""
    match status:
        case 403:
            return IndexUnavailable(f"Elasticsearch at {address} does not allow this{why}")
        case 404 if not reason.index or reason.index == alias:
            return IndexMissing(f"there is no index {alias} at {address} yet; {HOW_TO_LOAD}")
        case 404:
            return IndexMissing(f"the index {reason.index} no longer exists at {address}; try again{why}")
        case 409:
            return IndexInUse(
                f"another process is writing the index {alias} at {address}; try again when it has finished"
            )
        case 408 | 429 | 502 | 503 | 504:
            return IndexUnavailable(
                f"Elasticsearch at {address} is too busy or not ready yet; try again in a moment{why}"
            )
        case 400:
            return IndexUnavailable(f"Elasticsearch at {address} rejects this request{why}")
        case _:
            return IndexUnavailable(f"Elasticsearch at {address} responds with status {status}{why}")


def _is_of_elasticsearch(problem: ApiError) -> bool:
    """Whether a response is Elasticsearch's own, and not that of a proxy or another server."""
    return bool(problem.meta.headers.get("x-elastic-product") == "Elasticsearch")


def _of_another_server(problem: ApiError, address: str) -> str:
    status, headers = problem.meta.status, problem.meta.headers
    reply = f"status {status}" + (f", “{words}”" if (words := _words_of(problem.body)) else "")
    if target := headers.get("location"):
        return f"{address} redirects to {target}; write the address of Elasticsearch itself in INDEX_URL"
    if status in (408, 429, 502, 503, 504):
        return f"a proxy at {address} gets no response from Elasticsearch ({reply}); try again when it does"
    if status == 403:
        return f"a server in front of Elasticsearch at {address} denies access ({reply}); ask its operator"
    return (
        f"the server at {address} ({reply}) is not an Elasticsearch that this client supports; version 9 is required; "
        "correct INDEX_URL, including its path"
    )


def _words_of(page: object) -> str:
    """The title of a web page, the message of another program's error, or the beginning of a text."""
    if isinstance(page, dict):
        return str(Reason.of(page.get("error", page.get("message"))))[:_SHOWN]
    text = page.decode(errors="replace") if isinstance(page, bytes) else str(page or "")
    title = _TITLE.search(text)
    return " ".join((title[1] if title else text).split())[:_SHOWN]


def _of_stranger(reason: str, address: str) -> str:
    if "unable to authenticate user" in reason:
        return f"{address} does not accept this user and password; correct INDEX_USERNAME and INDEX_PASSWORD"
    if _EXPIRED.search(reason):
        return f"the API key for {address} has expired; create another one, and write it in INDEX_API_KEY"
    if "has been invalidated" in reason:
        return f"the API key for {address} was invalidated; create another one, and write it in INDEX_API_KEY"
    if "API key: " in reason:
        return f"{address} does not accept this API key: it is wrong, expired or invalidated; correct INDEX_API_KEY"
    return f"{address} requires authentication; set INDEX_API_KEY, or INDEX_USERNAME and INDEX_PASSWORD"
