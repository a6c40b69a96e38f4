"""What Elasticsearch and the way to it can answer, as sentences that say what to do; no password is in any of them."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import RemoteDisconnected
from typing import Final

from elastic_transport import ApiError, ConnectionTimeout, TlsError, TransportError
from elastic_transport import ConnectionError as NoConnection
from elasticsearch import UnsupportedProductError
from urllib3.util.ssl_match_hostname import CertificateError

from indexer.elastic_sizes import limit_of
from indexer.errors import (
    HOW_TO_LOAD,
    IndexerError,
    IndexInUse,
    IndexMissing,
    IndexUnavailable,
    LoadFailed,
    WrongRequest,
)

DISK_IS_FULL: Final = (
    "the disk of an Elasticsearch node is nearly full, so it takes no writes; make room there or add a node, "
    "then try again"
)

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


def is_of_a_full_disk(reason: str) -> bool:
    """Whether Elasticsearch's reason is the block that it sets at its flood stage, and lifts when there is room."""
    return "flood-stage" in reason


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
            return f"nothing answers at {address}; start Elasticsearch (./run.sh elastic start), or mend INDEX_URL"
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


def _of_answer(problem: ApiError, address: str, name: str) -> IndexerError:
    match problem.meta.status:
        case 401:
            return IndexUnavailable(_of_stranger(str(problem.body), address))
        case 403:
            return IndexUnavailable(
                f"{address} does not allow this to this user or key; to search takes the rights read and "
                f"view_index_metadata on {name} and {name}-*, to load also write and manage"
            )
        case 404:
            return IndexMissing(f"there is no index {name} at {address} yet; {HOW_TO_LOAD}")
        case 409:
            return IndexInUse(f"another process is writing the index {name} at {address}; try again when it is done")
        case 408 | 429 | 502 | 503 | 504:
            return _of_trouble(problem, address)
        case 413:
            return WrongRequest(
                f"this request is larger than {address} takes; ask for fewer words at a time, or {limit_of(problem)}"
            )
        case 400:
            return WrongRequest(
                f"Elasticsearch at {address} does not take this request: {problem.message}{_reason(problem)}"
            )
        case status:
            return IndexUnavailable(f"{address} answers with status {status}; is it Elasticsearch, version 9?")


def _of_stranger(reason: str, address: str) -> str:
    if "unable to authenticate user" in reason:
        return f"{address} does not know this user with this password; mend INDEX_USERNAME and INDEX_PASSWORD"
    if "API key: " in reason:
        return f"{address} does not take this API key: it is wrong, has expired or was withdrawn; mend INDEX_API_KEY"
    return f"{address} wants to know who asks; set INDEX_API_KEY, or INDEX_USERNAME and INDEX_PASSWORD"


def _of_trouble(problem: ApiError, address: str) -> IndexerError:
    if is_of_a_full_disk(str(problem.body)):
        return LoadFailed(DISK_IS_FULL)
    return IndexUnavailable(f"Elasticsearch at {address} is too busy or not ready yet; try again in a moment")


def _reason(problem: ApiError) -> str:
    error = problem.body.get("error") if isinstance(problem.body, dict) else None
    causes = error.get("root_cause") if isinstance(error, dict) else None
    return f" ({causes[0].get('reason')})" if causes else ""
