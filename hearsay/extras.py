"""Optional parts: which extra of the distribution provides a missing module."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

from hearsay.errors import MissingExtra
from hearsay.terminal.process import quiet_ctrl_c

DISTRIBUTION: Final = "hearsay-search"

_OURS: Final = frozenset({"asr", "hearsay", "indexer", "search_ui"})
_OF_OTHER_EXTRAS: Final = {
    "boto3": "s3",
    "botocore": "s3",
    "google": "google",
    "matplotlib": "train",
    "pyarrow": "parquet",
    "torch": "models",
    "transformers": "models",
}
"""Modules that a command may import, and that are not part of its own extra."""


def how_to_install(extra: str) -> str:
    """The command that installs an extra."""
    return f'pip install "{DISTRIBUTION}[{extra}]"'


@contextmanager
def needing(extra: str, what: str) -> Iterator[None]:
    """Inside the block, a library that is not installed raises `MissingExtra`, which names its extra."""
    try:
        yield
    except ModuleNotFoundError as problem:
        module = (problem.name or "").partition(".")[0]
        if module in _OURS or not module:
            raise
        needed = _OF_OTHER_EXTRAS.get(module, extra)
        raise MissingExtra(f"{what} needs {module}, which is not installed; run: {how_to_install(needed)}") from problem


@contextmanager
def needing_package(what: str) -> Iterator[None]:
    """Inside the block, a missing library that is in no extra raises `MissingExtra`, which names its package."""
    try:
        yield
    except ModuleNotFoundError as problem:
        package = (problem.name or "").partition(".")[0]
        raise MissingExtra(f"{what} needs {package}, which is not installed; run: pip install {package}") from problem


def run_main(module: str, extra: str, what: str, *given: Any) -> int:
    """Import the module of a command line, and call its ``main``; raises `MissingExtra` if its extra is missing."""
    with needing(extra, what):
        with quiet_ctrl_c():
            main: Callable[..., int] = import_module(module).main
        return main(*given)
