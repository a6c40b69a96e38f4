"""Python, and the parts of Hearsay that are installed."""

import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final

from hearsay.doctor.findings import Finding, ok, problem, warning
from hearsay.extras import DISTRIBUTION, how_to_install
from hearsay.version import VERSION

OLDEST: Final = (3, 11)

PARTS: Final[Mapping[str, str]] = {
    "asr": "transcription and its API",
    "indexer": "loading and searching an index",
    "page": "the search page",
    "models": "models from the Hugging Face hub",
    "s3": "recordings in a bucket",
    "google": "Google Cloud's identity tokens",
}
"""The extras and their purpose."""

SHOWN: Final = 3
"""Maximum number of missing libraries that are named."""

_OFTEN_WANTED: Final = frozenset({"asr", "indexer", "page"})


def look_at_python() -> Iterator[Finding]:
    """The version of Python, and whether it is recent enough."""
    number = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST:
        yield problem(f"Python {number} is too old", "install Python 3.11 or newer")
    else:
        yield ok(f"Python {number} at {sys.executable}, Hearsay {VERSION}")


def look_at_extras() -> Iterator[Finding]:
    """Which extras are installed, by the metadata of the distribution."""
    try:
        needed = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        yield warning(f"{DISTRIBUTION} is not installed; this is its source", f"run: {how_to_install('all')}")
        return
    for extra, purpose in PARTS.items():
        missing = [name for name in _libraries(needed, extra) if not _is_installed(name)]
        yield _of_extra(extra, purpose, missing)


def _of_extra(extra: str, purpose: str, missing: list[str]) -> Finding:
    if not missing:
        return ok(f"{extra} is installed ({purpose})")
    if extra not in _OFTEN_WANTED:
        return ok(f"{extra} is not installed; it is only needed for {purpose}")
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    what = f"{extra} is not installed: without {', '.join(missing[:SHOWN])}{more}"
    return warning(what, f"for {purpose}, run: {how_to_install(extra)}")


def _libraries(needed: list[str], extra: str) -> Iterator[str]:
    for line in needed:
        if re.search(rf"extra == ['\"]{extra}['\"]", line) and (name := re.match(r"[\w.-]+", line)):
            yield name[0]


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
