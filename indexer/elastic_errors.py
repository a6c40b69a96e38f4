"""What Elasticsearch and the way to it can answer, as sentences that say what to do; no password is in any of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from elastic_transport import ApiError, ConnectionTimeout, TlsError, TransportError
from elastic_transport import ConnectionError as NoConnection
from elasticsearch import UnsupportedProductError

from indexer.errors import IndexerError, IndexInUse, IndexMissing, IndexUnavailable, LoadFailed, WrongRequest

DISK_IS_FULL: Final = (
    "the disk of an Elasticsearch node is nearly full, so it takes no writes; make room there or add a node, "
    "then try again"
)


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
    match problem:
        case ConnectionTimeout():
            return f"Elasticsearch at {address} did not answer in time; is it starting, or busy? Try again"
        case TlsError():
            return f"the certificate of {address} is not trusted; name its authority in INDEX_CA_CERT, and use https://"
        case NoConnection():
            return f"nothing answers at {address}; start Elasticsearch (./run.sh elastic start), or mend INDEX_URL"
        case _:
            return f"the answer of {address} cannot be read; is it Elasticsearch, version 9?"


def _of_answer(problem: ApiError, address: str, name: str) -> IndexerError:
    match problem.meta.status:
        case 401:
            return IndexUnavailable(
                f"{address} wants to know who asks; set INDEX_API_KEY, or INDEX_USERNAME and INDEX_PASSWORD"
            )
        case 403:
            return IndexUnavailable(f"{address} does not allow this to this user or key; ask for rights on {name}")
        case 404:
            return IndexMissing(f"there is no index {name} at {address} yet; load your clips with: ./run.sh load FILE")
        case 409:
            return IndexInUse(f"another process is writing the index {name} at {address}; try again when it is done")
        case 408 | 429 | 502 | 503 | 504:
            return _of_trouble(problem, address)
        case 413:
            return LoadFailed(
                f"{address} refused a document for its size; leave its clip out, or raise the limit there"
            )
        case 400:
            return WrongRequest(
                f"Elasticsearch at {address} does not take this request: {problem.message}{_reason(problem)}"
            )
        case status:
            return IndexUnavailable(f"{address} answers with status {status}; is it Elasticsearch, version 9?")


def _of_trouble(problem: ApiError, address: str) -> IndexerError:
    if is_of_a_full_disk(str(problem.body)):
        return LoadFailed(DISK_IS_FULL)
    return IndexUnavailable(f"Elasticsearch at {address} is too busy or not ready yet; try again in a moment")


def _reason(problem: ApiError) -> str:
    error = problem.body.get("error") if isinstance(problem.body, dict) else None
    causes = error.get("root_cause") if isinstance(error, dict) else None
    return f" ({causes[0].get('reason')})" if causes else ""
