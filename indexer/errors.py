"""Errors of the index.

HearsayError
└── IndexerError
    ├── IndexUnavailable   no response from the address, or access is denied
    ├── IndexMissing       nothing has been loaded there yet
    ├── IndexInUse         another process is writing it
    ├── IndexForeign       something that Hearsay did not create has its name
    ├── IndexIncompatible  it was made by another version; loading again repairs it
    ├── IndexDamaged       files are missing or corrupt; loading again repairs it
    ├── FilesChanged       the files that the index was loaded from have changed; the index is unchanged
    ├── LoadFailed         some documents were rejected; the previous index is still served
    └── WrongRequest       the request is invalid
"""

from typing import Final

from hearsay.errors import HearsayError
from hearsay.terminal.commands import to_type

HOW_TO_LOAD: Final = f"load your clips with: {to_type('load FILE')}"
"""Advice if nothing has been loaded yet."""


HOW_TO_RELOAD: Final = to_type("reload")
"""The command that loads the files again that an index was loaded from."""


class IndexerError(HearsayError):
    """Something is wrong with the index or with the request."""


class IndexUnavailable(IndexerError):
    """No response from the index's address, or access is denied."""


class IndexMissing(IndexerError):
    """Nothing has been loaded into the index yet."""


class IndexInUse(IndexerError):
    """Another process is writing the index."""


class IndexForeign(IndexerError):
    """Something that Hearsay did not create has the index's name; Hearsay neither changes nor removes it."""


class IndexIncompatible(IndexerError):
    """The index was made by another version of Hearsay."""


class IndexDamaged(IndexerError):
    """Files of the index are missing or corrupt."""


class FilesChanged(IndexerError):
    """The files that the index was loaded from are missing or have changed; nothing was changed."""


class LoadFailed(IndexerError):
    """Some documents were rejected; the previous index is still served."""


class WrongRequest(IndexerError):
    """The request is invalid: an unknown mode, or a range whose start is above its end."""


def rollback_unavailable(before: str, current: str) -> IndexIncompatible:
    """The error of a rollback whose target has another schema; the same for both engines."""
    return IndexIncompatible(
        f"{before}, the previous version, was made by another version of Hearsay; roll back with that one, or load "
        f"your files again; {current} is still served"
    )
