"""What Elasticsearch and the way to it can answer, as sentences that say what to do; no password is in any of them."""

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
"""Characters that are shown of what another server says."""

_OTHER_AUTHORITY: Final = (
    "the certificate of {} is signed by an authority that is not trusted here; name that authority's own certificate, "
    "a PEM file, in INDEX_CA_CERT"
)
_OTHER_HOST: Final = 62
_OF_CERTIFICATE: Final = {
    9: "the certificate of {} is not valid yet; is the clock right, here and there?",
    10: "the certificate of {} has expired; it has to be renewed there",
    _OTHER_HOST: "the certificate of {} is for another host name; write in INDEX_URL one that stands in it",
    64: "the certificate of {} is for another address; write in INDEX_URL a host that stands in it",
}


@contextmanager
def translated(address: str, name: str) -> Iterator[None]:
    """Raise the package's own errors instead of the client's; ``address`` is shown, and holds no credentials."""
    try:
        yield
    except UnsupportedProductError as problem:
        raise IndexUnavailable(
            f"what answers at {address} is not an Elasticsearch that this client knows; it wants version 9"
        ) from problem
    except ApiError as problem:
        raise _of_answer(problem, address, name) from problem
    except TransportError as problem:
        raise IndexUnavailable(_of_transport(problem, address)) from problem
    except WritesRefused as problem:
        if error := known(problem.reason, address, name):
            raise type(error)(f"{error}; {problem.holds}") from problem
        raise


def told(ask: Callable[[], ObjectApiResponse[Any]]) -> dict[str, Any]:
    """The body of an answer, also of one in which Elasticsearch says that there is no such thing.

    A page that somebody else answers with is no such answer, and raised.
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
            return f"Elasticsearch at {address} did not answer in time; is it starting, or busy? Try again"
        case TlsError():
            return _of_tls(behind, address)
        case NoConnection() if any(isinstance(error, (RemoteDisconnected, ConnectionResetError)) for error in behind):
            return f"{address} closes the connection; where it wants TLS, write https:// in INDEX_URL, else try again"
        case NoConnection():
            return f"nothing answers at {address}; start Elasticsearch{in_checkout('elastic start')}, or mend INDEX_URL"
        case _:
            return f"the answer of {address} cannot be read; is it Elasticsearch, version 9?"


def _behind(problem: BaseException | None) -> Iterator[BaseException]:
    """What the client and the libraries below it met, the last of it first."""
    while problem := problem and (problem.__cause__ or problem.__context__):
        yield problem


def _of_tls(behind: list[BaseException], address: str) -> str:
    """Whose fault it is that there is no trust, by the numbers that OpenSSL has for what is wrong in a certificate."""
    if any(isinstance(error, CertificateError) for error in behind):
        return _OF_CERTIFICATE[_OTHER_HOST].format(address)
    fault = next((error for error in behind if isinstance(error, ssl.SSLError)), None)
    if isinstance(fault, ssl.SSLCertVerificationError):
        return _OF_CERTIFICATE.get(fault.verify_code, _OTHER_AUTHORITY).format(address)
    return f"{address} does not answer with TLS; where it is a node without, write http:// in INDEX_URL"


def _of_answer(problem: ApiError, address: str, alias: str) -> IndexerError:
    reason = Reason.of(problem.body.get("error") if isinstance(problem.body, dict) else None)
    if error := known(reason, address, alias):
        return error
    match problem.meta.status:
        case 401:
            return IndexUnavailable(_of_stranger(str(problem.body), address))
        case 413:
            return WrongRequest(
                f"this request is larger than {address} takes; if it is a search, use fewer words, else "
                f"{limit_of(problem)}"
            )
        case _ if not _is_of_elasticsearch(problem):
            return IndexUnavailable(_of_another_server(problem, address))
        case status:
            return _of_status(status, reason, address, alias)


def _of_status(status: int, reason: Reason, address: str, alias: str) -> IndexerError:
    """By the status of an answer of Elasticsearch, with the reason as Elasticsearch words it where there is one."""
    why = f" ({reason})" if reason.texts else ""
    match status:
        case 403:
            return IndexUnavailable(f"Elasticsearch at {address} does not allow this{why}")
        case 404 if not reason.index or reason.index == alias:
            return IndexMissing(f"there is no index {alias} at {address} yet; {HOW_TO_LOAD}")
        case 404:
            return IndexMissing(f"the index {reason.index} is not there any more at {address}; try again{why}")
        case 409:
            return IndexInUse(f"another process is writing the index {alias} at {address}; try again when it is done")
        case 408 | 429 | 502 | 503 | 504:
            return IndexUnavailable(
                f"Elasticsearch at {address} is too busy or not ready yet; try again in a moment{why}"
            )
        case 400:
            return WrongRequest(f"Elasticsearch at {address} does not take this request{why}")
        case _:
            return IndexUnavailable(f"Elasticsearch at {address} answers with status {status}{why}")


def _is_of_elasticsearch(problem: ApiError) -> bool:
    """Whether an answer is Elasticsearch's own, and not that of a proxy before it or of something else."""
    return bool(problem.meta.headers.get("x-elastic-product") == "Elasticsearch")


def _of_another_server(problem: ApiError, address: str) -> str:
    status, headers = problem.meta.status, problem.meta.headers
    said = f"status {status}" + (f", “{words}”" if (words := _words_of(problem.body)) else "")
    if target := headers.get("location"):
        return f"{address} sends requests on to {target}; write the address behind that in INDEX_URL"
    if status in (408, 429, 502, 503, 504):
        return f"a proxy at {address} does not get an answer of Elasticsearch ({said}); try again when it does"
    if status == 403:
        return f"a server before Elasticsearch at {address} does not allow this ({said}); ask whoever runs it"
    return (
        f"what answers at {address} ({said}) is not an Elasticsearch that this client knows; it wants version 9; "
        "mend INDEX_URL, also its path"
    )


def _words_of(page: object) -> str:
    """The title of a web page, the message of another program's error, or how a text begins."""
    if isinstance(page, dict):
        return str(Reason.of(page.get("error", page.get("message"))))[:_SHOWN]
    text = page.decode(errors="replace") if isinstance(page, bytes) else str(page or "")
    title = _TITLE.search(text)
    return " ".join((title[1] if title else text).split())[:_SHOWN]


def _of_stranger(reason: str, address: str) -> str:
    if "unable to authenticate user" in reason:
        return f"{address} does not know this user with this password; mend INDEX_USERNAME and INDEX_PASSWORD"
    if _EXPIRED.search(reason):
        return f"the API key for {address} has expired; have another one made, and write it in INDEX_API_KEY"
    if "has been invalidated" in reason:
        return f"the API key for {address} was withdrawn; have another one made, and write it in INDEX_API_KEY"
    if "API key: " in reason:
        return f"{address} does not take this API key: it is wrong, has expired or was withdrawn; mend INDEX_API_KEY"
    return f"{address} wants to know who asks; set INDEX_API_KEY, or INDEX_USERNAME and INDEX_PASSWORD"
